"""How soon a streams worker is ready that has a million series to restore from its checkpoints in Kafka.

`priceradar worker streams` sees a million series once, and stops. Then, again and again, a price
moves in every partition, the worker is started, and the clock runs from the start of its process
until the events of all partitions can be read from Kafka.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks.chaos import Tail, wait_until
from contracts.codec import MAX_BATCH_ROWS, encode
from contracts.observations import Observation
from contracts.partition import series_partition
from contracts.times import MINUTE_MS
from contracts.topics import EVENTS, OBSERVATIONS, PARTITIONS
from runtime.broker import OwnKafka
from streams.admin import ensure_topics

SERIES = 1_000_000
SHOPS = 20
ROUNDS = 3
GOAL_SECONDS = 5.0
GROUP = "priceradar-streams"


def run() -> dict[str, float]:
    """Prints a line a start; the median of the seconds, and those after a kill -9."""
    with (
        tempfile.TemporaryDirectory(prefix="priceradar-bench-") as folder,
        OwnKafka(Path(folder) / "kafka", heap="1g", say=print) as broker,
        contextlib.closing(KafkaProducer(bootstrap_servers=broker.bootstrap, compression_type="lz4")) as producer,
        Tail(broker.bootstrap, EVENTS.name) as tail,
    ):
        ensure_topics(broker.bootstrap)
        print(f"Filling {OBSERVATIONS.name} with {SERIES:,} series")
        names = _fill(producer)
        bench = Restart(broker.bootstrap, Path(folder), producer, tail, names)
        bench.build_up()
        stopped = [bench.measure(signal.SIGTERM) for _ in range(ROUNDS + 1)][1:]  # the first reads the disk
        bench.measure(signal.SIGKILL)
        killed = bench.measure(signal.SIGTERM)
    result = {
        "seconds_until_ready": statistics.median(stopped),
        "most_seconds_until_ready": max(stopped),
        "seconds_until_ready_after_kill_9": killed,
    }
    print(f"ready after {result['seconds_until_ready']:.1f} s (goal {GOAL_SECONDS:.0f})")
    return result


class Restart:
    """One worker at a time on a topic whose series it has all seen."""

    def __init__(
        self, bootstrap: str, folder: Path, producer: KafkaProducer, tail: Tail, names: dict[int, Observation]
    ) -> None:
        self._bootstrap, self._producer, self._tail, self._names = bootstrap, producer, tail, names
        self._log = folder / "worker.log"
        self._data = folder / "data"
        self._env = {**os.environ, "PRICERADAR_KAFKA": bootstrap, "PRICERADAR_DATA": str(self._data)}
        self._moved = 0

    def build_up(self) -> None:
        """Let a worker see every series once, and stop when all of it is in checkpoints."""
        # By itself a large state is written seldom: it may take a twentieth of the time at most.
        quick = "import streams.worker as w, benchmarks.chaos_worker as c, sys; w.CHECKPOINT_SHARE = 1.0"
        with self._worker("-c", f"{quick}; c.main(*sys.argv[1:])", self._bootstrap, str(self._data)) as process:
            wait_until(self._all_committed, 300)
            _end(process, signal.SIGTERM)

    def measure(self, end: signal.Signals) -> float:
        """Seconds from a start until the events of all partitions are there; then the worker ends as told."""
        self._move()
        expected = {number: count + 1 for number, count in self._events().items()}
        started = time.monotonic()
        with self._worker("-m", "cli", "worker", "streams") as process:
            wait_until(lambda: self._events() == expected, 90)
            seconds = time.monotonic() - started
            used = psutil.Process(process.pid).cpu_times()
            _end(process, end)
        print(f"  ready after {seconds:.2f} s and {used.user + used.system:.2f} of CPU, then ended with {end.name}")
        return seconds

    def _events(self) -> dict[int, int]:
        """Events by partition, those delivered again counted once."""
        return {number: len(set(values)) for number, values in self._tail.read().items()}

    def _move(self) -> None:
        """A price that moves in each partition."""
        self._moved += 1
        for number, row in self._names.items():
            price = round(1_000 * 1.1**self._moved)  # never back: a cut that returns would be more events than one
            at = row.observed_at + self._moved * 60 * MINUTE_MS
            moved = Observation(row.competitor, row.product_id, at, price, row.currency)
            self._producer.send(OBSERVATIONS.name, value=encode((moved,)), partition=number)
        self._producer.flush()

    @contextlib.contextmanager
    def _worker(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, *arguments]
        with self._log.open("ab") as log, subprocess.Popen(command, env=self._env, stdout=log, stderr=log) as process:
            try:
                yield process
            finally:
                process.kill()

    def _all_committed(self) -> bool:
        tps = [TopicPartition(OBSERVATIONS.name, number) for number in range(PARTITIONS)]
        with contextlib.closing(
            KafkaConsumer(bootstrap_servers=self._bootstrap, group_id=GROUP, enable_auto_commit=False)
        ) as consumer:
            ends = consumer.end_offsets(tps)
            return all((consumer.committed(tp) or 0) >= ends[tp] for tp in tps)


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    process.wait(30)


def _fill(producer: KafkaProducer) -> dict[int, Observation]:
    """Every series once, in messages as the crawler groups them; gives one series of each partition."""
    waiting: dict[int, list[Observation]] = {}
    names: dict[int, Observation] = {}
    for count in range(SERIES):
        shop, product = f"shop-{count % SHOPS}", f"product-{count // SHOPS:08}"
        number = series_partition(shop, product)
        row = Observation(shop, product, 1_800_000_000_000 + count, 1_000, "EUR")
        names.setdefault(number, row)
        rows = waiting.setdefault(number, [])
        rows.append(row)
        if len(rows) == MAX_BATCH_ROWS:
            producer.send(OBSERVATIONS.name, value=encode(waiting.pop(number)), partition=number)
    for number, rest in waiting.items():
        producer.send(OBSERVATIONS.name, value=encode(rest), partition=number)
    producer.flush()
    return names
