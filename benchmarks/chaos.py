"""Exactly once in effect: workers killed, stopped, frozen and joined at random moments of one long stream.

Observations come all the time; at each random moment a worker is killed with -9, asked to stop,
frozen for longer than its session (a worker that does not know it has lost its partitions), or
joined by another, so partitions move. The events in Kafka must be those of an undisturbed run:
the same in the same order, none missing, repeats with equal bytes only.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks.chaos_market import Batch, market, undisturbed
from contracts.codec import decode_event
from contracts.errors import UnavailableError
from contracts.topics import EVENTS, OBSERVATIONS, PARTITIONS
from runtime.broker import OwnKafka
from runtime.supervisor import last_line
from streams.admin import ensure_topics

MOMENTS = int(os.environ.get("PRICERADAR_CHAOS_MOMENTS", "50"))
SEED = int(os.environ.get("PRICERADAR_CHAOS_SEED", "50"))
BATCHES_A_MOMENT = 80
MOST_WORKERS = 3
FROZEN_SECONDS = 9.0  # longer than the session of 6 s
FLOW_SECONDS = 3.0  # in which the observations of one moment come, and a worker is disturbed
END_SECONDS = 180.0


class Workers:
    """Streams workers as processes; a context manager that leaves none behind.

    Attributes:
        running: those that should run; `crashed` has the status of each that ended by itself, or not as asked.
    """

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.command = [sys.executable, "-m", "benchmarks.chaos_worker", bootstrap, str(folder)]
        self.log = folder / "worker.log"
        self.running: list[subprocess.Popen[bytes]] = []
        self.crashed: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.running:
            process.kill()
            process.wait()

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(self.command, stdout=log, stderr=log)
        self.running.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Kill it or ask it to stop, and wait until it is gone."""
        self.running.remove(process)
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise UnavailableError(f"a worker did not stop within 20 s (see {self.log})") from None
        if process.returncode > 0:
            self._note(process)

    def check(self) -> None:
        """Note those that ended by themselves, and start others in their place."""
        for process in [process for process in self.running if process.poll() is not None]:
            self.running.remove(process)
            self._note(process)
            self.start()

    def _note(self, process: subprocess.Popen[bytes]) -> None:
        self.crashed.append(process.returncode)
        print(f"  a worker ended with status {process.returncode}: {last_line(self.log)}")


def disturb(workers: Workers, chance: random.Random) -> str:
    """Do one random thing to the workers and say what."""
    workers.check()
    if len(workers.running) < MOST_WORKERS and chance.random() < 0.3:
        workers.start()
        return "joined"
    process = chance.choice(workers.running)
    what = chance.choice(["killed", "killed", "stopped", "frozen"])
    if what == "frozen":
        process.send_signal(signal.SIGSTOP)
        threading.Timer(FROZEN_SECONDS, _thaw, [process]).start()
    else:
        workers.end(process, signal.SIGKILL if what == "killed" else signal.SIGTERM)
    if not workers.running:
        workers.start()
    return what


def _thaw(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)


def send(bootstrap: str, stream: list[Batch], pause: float = 0.0) -> None:
    """Produce a stream, with a pause after each message."""
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)) as producer:
        for number, value in stream:
            producer.send(OBSERVATIONS.name, value=value, partition=number)
            if pause:
                time.sleep(pause)
        producer.flush()


class Tail:
    """Reads a topic of ours from its beginning on, what is new at each look; a context manager."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.values: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
        self._tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        )
        self._consumer.assign(self._tps)
        self._consumer.seek_to_beginning(*self._tps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def read(self) -> dict[int, list[bytes]]:
        """Every value by partition, up to the present end."""
        ends = self._consumer.end_offsets(self._tps)
        while any(self._consumer.position(tp) < ends[tp] for tp in self._tps):
            for tp, records in self._consumer.poll(timeout_ms=500).items():
                self.values[tp.partition] += [record.value for record in records]
        return self.values

    def count(self) -> int:
        """How many values there are."""
        return sum(map(len, self.read().values()))


def first_of_each(values: list[bytes]) -> list[bytes]:
    """Repeats are allowed, order and completeness are not negotiable: the first of each id.

    Errors: ValueError where one id has two contents.
    """
    seen: dict[str, bytes] = {}
    for value in values:
        known = seen.setdefault(decode_event(value).event_id, value)
        if known != value:
            raise ValueError(f"an id must have the same bytes each time, had {known!r} and {value!r}")
    return list(seen.values())


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until a condition holds; UnavailableError where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise UnavailableError(f"what was waited for did not happen within {seconds:.0f} s")
        time.sleep(0.05)


def all_told(tail: Tail, expected: Mapping[int, list[bytes]]) -> bool:
    """Whether every expected event is in Kafka."""
    found = tail.read()
    return all(set(values) <= set(found[number]) for number, values in expected.items())


@contextlib.contextmanager
def flowing(bootstrap: str, stream: list[Batch], pause: float) -> Iterator[threading.Thread]:
    """Produce a stream in the background."""
    thread = threading.Thread(target=send, args=(bootstrap, stream, pause))
    thread.start()
    try:
        yield thread
    finally:
        thread.join()


def prove(bootstrap: str, folder: Path, moments: int, seed: int) -> dict[str, object]:
    """Disturb workers at so many random moments; gives what was done and how far the events differ."""
    chance = random.Random(seed)
    stream = market(seed, BATCHES_A_MOMENT * moments)
    expected, size = undisturbed(stream), len(stream) // moments + 1
    done: Counter[str] = Counter()
    started = time.monotonic()
    with Workers(bootstrap, folder) as workers, Tail(bootstrap, EVENTS.name) as tail:
        workers.start()
        for number in range(moments):
            part, told = stream[number * size : (number + 1) * size], tail.count()
            with flowing(bootstrap, part, pause=FLOW_SECONDS / size):
                wait_until(lambda told=told: tail.count() > told)  # type: ignore[misc]
                time.sleep(chance.random() * chance.choice([0.05, 0.3, 1.5]))  # at work, mostly
                done[disturb(workers, chance)] += 1
        with contextlib.suppress(UnavailableError):  # what is missing is counted below
            wait_until(lambda: all_told(tail, expected), END_SECONDS)
        workers.check()
        actual = tail.read()
    return {
        "moments": moments,
        **{f"workers_{what}": count for what, count in sorted(done.items())},
        "catch_ups": workers.log.read_text("utf-8").count(", expected "),
        "workers_crashed": len(workers.crashed),
        "seconds": round(time.monotonic() - started, 1),
        **compare(actual, expected),
    }


def compare(actual: Mapping[int, list[bytes]], expected: Mapping[int, list[bytes]]) -> dict[str, object]:
    """Events told, repeated, missing and invented, and whether the order is that of an undisturbed run."""
    once = {number: first_of_each(values) for number, values in actual.items()}
    return {
        "events": sum(map(len, expected.values())),
        "repeated": sum(map(len, actual.values())) - sum(map(len, once.values())),
        "missing": sum(len(set(expected[number]) - set(found)) for number, found in once.items()),
        "invented": sum(len(set(found) - set(expected[number])) for number, found in once.items()),
        "in_order": once == dict(expected),
    }


def run() -> dict[str, object]:
    """The whole proof on a Kafka of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="priceradar-chaos-") as folder,
        OwnKafka(Path(folder) / "kafka", say=print) as broker,
    ):
        ensure_topics(broker.bootstrap)
        return prove(broker.bootstrap, Path(folder), MOMENTS, SEED)
