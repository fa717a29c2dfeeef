"""The floor of benchmarks.live: getmany, decode, the bare rule on a dict, no output."""

from __future__ import annotations

import asyncio
import sys
import time

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.live import Measured
from contracts.codec import decode_observations
from contracts.topics import OBSERVATIONS, PARTITIONS


async def main(bootstrap: str, expected: int) -> Measured:
    """Read every observation once."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=8 * 1024 * 1024
    )
    await consumer.start()
    tps = [TopicPartition(OBSERVATIONS.name, number) for number in range(PARTITIONS)]
    consumer.assign(tps)
    await consumer.seek_to_beginning(*tps)
    started, cpu = time.perf_counter(), time.process_time()
    rows = moves = 0
    last: dict[tuple[str, str], int] = {}
    while rows < expected:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                for row in decode_observations(record.value):
                    rows += 1
                    price = row.price_minor
                    if not price or price <= 0:
                        continue
                    key = (row.competitor, row.product_id)
                    previous = last.get(key)
                    if previous is not None and abs(price - previous) * 20 > previous:
                        moves += 1
                    last[key] = price
    measured = Measured(rows, moves, time.process_time() - cpu, time.perf_counter() - started)
    await consumer.stop()
    return measured


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(main(sys.argv[1], int(sys.argv[4])))).decode())
