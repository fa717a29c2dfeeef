"""From Kafka through the streams worker to events in Kafka, beside the floor, in one run.

The floor reads the same topic with aiokafka `getmany`, decodes with msgspec and applies the
bare 5 % rule on a dict, without output. Both run as processes of their own, alternately;
figures are observations per CPU-second of the process, and by the clock.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from kafka import KafkaAdminClient, KafkaProducer

from contracts.codec import MAX_BATCH_BYTES, MAX_BATCH_ROWS, encode
from contracts.observations import Observation
from contracts.partition import series_partition
from contracts.topics import CHECKPOINTS, EVENTS, OBSERVATIONS, PARTITIONS
from runtime.broker import OwnKafka
from streams.admin import ensure_topics

ROWS = 4_000_000
ROUNDS = 3
GOAL = 0.5


class Measured(msgspec.Struct, frozen=True):
    """One pass over the topic: rows, events or moves found, seconds of CPU and by the clock."""

    rows: int
    found: int
    cpu_seconds: float
    seconds: float


def run() -> dict[str, float]:
    """Fill a topic once, then measure worker and floor in turns; prints a line a pass."""
    data = Path(os.environ["PRICERADAR_EVALUATION_DATA"]) / "market_recording" / "observations.parquet"
    floors, workers = [], []
    with (
        tempfile.TemporaryDirectory(prefix="priceradar-bench-") as folder,
        OwnKafka(Path(folder) / "kafka", heap="1g", say=print) as broker,
    ):
        ensure_topics(broker.bootstrap)
        print(f"Filling {OBSERVATIONS.name} with {ROWS:,} observations")
        _fill(broker.bootstrap, data)
        for number in range(ROUNDS):
            floors.append(_measure("floor", broker.bootstrap, folder, number))
            _forget(broker.bootstrap)
            workers.append(_measure("worker", broker.bootstrap, folder, number))
    return _report(floors, workers)


def _report(floors: list[Measured], workers: list[Measured]) -> dict[str, float]:
    floor, worker = _median_rate(floors), _median_rate(workers)
    result = {
        "floor_observations_per_cpu_second": floor,
        "worker_observations_per_cpu_second": worker,
        "worker_observations_per_second": statistics.median(m.rows / m.seconds for m in workers),
        "ratio": worker / floor,
    }
    print(f"worker / floor per CPU-second: {result['ratio']:.2f} (goal {GOAL})")
    return result


def _median_rate(measured: list[Measured]) -> float:
    return statistics.median(m.rows / m.cpu_seconds for m in measured)


def _measure(what: str, bootstrap: str, folder: str, number: int) -> Measured:
    command = [sys.executable, "-m", f"benchmarks.live_{what}", bootstrap, folder, str(number), str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    # Faust prints terminal control characters of its own.
    lines = [line[line.index("{") :] for line in done.stdout.splitlines() if "{" in line]
    if done.returncode or not lines:
        raise RuntimeError(f"{what} ended with {done.returncode}: {done.stderr[-2000:]}")
    found = msgspec.json.decode(lines[-1], type=Measured)
    print(f"  {what:<7} {found.rows / found.cpu_seconds:>12,.0f} /CPU s {found.rows / found.seconds:>12,.0f} /s")
    return found


def _forget(bootstrap: str) -> None:
    """Start the worker from nothing each time: no offsets, no checkpoints, no events."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    existing = set(admin.list_topics())
    stale = [name for name in (EVENTS.name, CHECKPOINTS.name, OBSERVATIONS.dead) if name in existing]
    admin.delete_topics(stale)
    admin.close()
    ensure_topics(bootstrap)


def _fill(bootstrap: str, data: Path) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type="lz4", batch_size=256 * 1024, linger_ms=20)
    waiting: list[list[Observation]] = [[] for _ in range(PARTITIONS)]
    size = [0] * PARTITIONS
    for row in _rows(data):
        number = series_partition(row.competitor, row.product_id)
        waiting[number].append(row)
        size[number] += len(row.competitor) + len(row.product_id) + 90  # the JSON around the names
        if len(waiting[number]) >= MAX_BATCH_ROWS or size[number] >= MAX_BATCH_BYTES:
            producer.send(OBSERVATIONS.name, value=encode(waiting[number]), partition=number)
            waiting[number], size[number] = [], 0
    for number, rest in enumerate(waiting):
        if rest:
            producer.send(OBSERVATIONS.name, value=encode(rest), partition=number)
    producer.flush()
    producer.close()


def _rows(data: Path) -> Iterator[Observation]:
    left = ROWS
    for whole in pq.ParquetFile(data).iter_batches(100_000):
        batch = whole.slice(0, min(left, len(whole)))
        at = batch["observed_at"].cast(pa.int64())
        columns = (batch["competitor"], batch["product_id"], at, batch["price_cents"], batch["available"])
        for shop, product, when, price, available in zip(*(column.to_pylist() for column in columns), strict=True):
            yield Observation(shop, product, when, price, "EUR", "InStock" if available else "OutOfStock")
        left -= len(batch)
        if left <= 0:
            return
