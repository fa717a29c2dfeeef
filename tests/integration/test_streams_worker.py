"""The streams worker on real Kafka: same events as the engine, also through kill -9 and bad input."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from contracts.codec import decode_event, encode
from contracts.observations import Observation
from contracts.partition import series_partition
from contracts.policy import DEFAULT
from contracts.topics import EVENTS, OBSERVATIONS, PARTITIONS
from runtime.broker import OwnKafka
from streams.admin import ensure_topics
from streams.partition import Partition

pytestmark = pytest.mark.kafka
WORKER = "import sys; from tests.integration.run_streams import main; main(sys.argv[1], sys.argv[2])"
Batch = tuple[int, bytes]


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    with OwnKafka(tmp_path / "kafka") as broker:
        ensure_topics(broker.bootstrap)
        yield broker.bootstrap


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def market(seed: int, batches: int, rows: int = 40) -> list[Batch]:
    """A stream with repeats, late rows, bad prices and undecodable messages, by partition."""
    chance = random.Random(seed)
    clock, stream = 0, []
    for _ in range(batches):
        clock += 1000
        grouped: dict[int, list[Observation]] = {}
        for _ in range(rows):
            product = f"p{chance.randrange(200)}"
            late = chance.choice([0, 0, 0, -2500])
            price = chance.choice([1000, 1000, 1040, 1100, 950, 900, 0, 90_000])
            row = Observation("shop", product, clock + late, price, "EUR", chance.choice(["InStock", "OutOfStock"]))
            grouped.setdefault(series_partition(row.competitor, row.product_id), []).append(row)
        stream += [(number, encode(tuple(found))) for number, found in grouped.items()]
        if chance.random() < 0.05:
            stream.append((chance.randrange(PARTITIONS), b'[{"competitor": 7}]'))
    return stream


def expected_events(stream: list[Batch]) -> dict[int, list[bytes]]:
    partitions = {number: Partition(number, DEFAULT.detection) for number in range(PARTITIONS)}
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    events: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
    for number, value in stream:
        found, _bad, _rows = partitions[number].take(offsets[number], value)
        offsets[number] += 1
        events[number] += [encode(event) for event in found]
    return events


def send(bootstrap: str, stream: list[Batch]) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    for number, value in stream:
        producer.send(OBSERVATIONS.name, value=value, partition=number)
    producer.flush()
    producer.close()


def read(bootstrap: str, topic: str) -> dict[int, list[bytes]]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(tps)
    ends = consumer.end_offsets(tps)
    found: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
    consumer.seek_to_beginning(*tps)
    while any(consumer.position(tp) < ends[tp] for tp in tps):
        for tp, records in consumer.poll(timeout_ms=500).items():
            found[tp.partition] += [record.value for record in records]
    consumer.close()
    return found


def start_worker(bootstrap: str, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, bootstrap, str(folder)], stdout=log, stderr=log, cwd=Path.cwd()
        )


def first_of_each(values: list[bytes]) -> list[bytes]:
    """Repeats are allowed, order and completeness are not negotiable: keep the first of each id."""
    seen: dict[str, bytes] = {}
    for value in values:
        known = seen.setdefault(decode_event(value).event_id, value)
        assert known == value, "the same id must carry the same bytes"
    return list(seen.values())


def test_events_are_those_of_the_engine_and_bad_input_is_a_dead_letter(bootstrap: str, tmp_path: Path) -> None:
    stream = market(seed=1, batches=60)
    expected = expected_events(stream)
    send(bootstrap, stream)

    worker = start_worker(bootstrap, tmp_path)
    try:
        total = sum(map(len, expected.values()))
        wait_until(lambda: sum(map(len, read(bootstrap, EVENTS.name).values())) >= total)
    finally:
        worker.terminate()
        worker.wait(20)

    assert read(bootstrap, EVENTS.name) == expected
    dead = [value for values in read(bootstrap, OBSERVATIONS.dead).values() for value in values]
    undecodable = [value for _, value in stream if value.startswith(b'[{"competitor": 7')]
    assert undecodable
    assert sorted(v for v in dead if v in undecodable) == sorted(undecodable)
    assert len(dead) - len(undecodable) == sum(value.count(b'"price_minor":0,') for _, value in stream)


def test_a_worker_killed_at_random_moments_loses_and_invents_nothing(bootstrap: str, tmp_path: Path) -> None:
    kills = int(os.environ.get("PRICERADAR_KILLS", "4"))
    chance = random.Random(7)
    stream = market(seed=2, batches=40 * (kills + 1))
    expected = expected_events(stream)
    size = len(stream) // (kills + 1) + 1
    parts = [stream[i : i + size] for i in range(0, len(stream), size)]

    for part in parts[:-1]:
        worker = start_worker(bootstrap, tmp_path)
        before = sum(map(len, read(bootstrap, EVENTS.name).values()))
        send(bootstrap, part)
        wait_until(lambda seen=before: sum(map(len, read(bootstrap, EVENTS.name).values())) > seen)
        time.sleep(chance.random() * 2.0)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    send(bootstrap, parts[-1])
    worker = start_worker(bootstrap, tmp_path)
    try:
        ids = {decode_event(value).event_id for values in expected.values() for value in values}
        wait_until(
            lambda: (
                ids
                <= {
                    decode_event(value).event_id for values in read(bootstrap, EVENTS.name).values() for value in values
                }
            )
        )
    finally:
        worker.terminate()
        worker.wait(20)

    actual = {number: first_of_each(values) for number, values in read(bootstrap, EVENTS.name).items()}
    assert actual == expected


def test_partitions_that_move_between_workers_lose_and_invent_nothing(bootstrap: str, tmp_path: Path) -> None:
    changes = int(os.environ.get("PRICERADAR_MOVES", "5"))
    chance = random.Random(11)
    stream = market(seed=4, batches=40 * (changes + 2))
    expected = expected_events(stream)
    size = len(stream) // (changes + 1) + 1
    parts = [stream[i : i + size] for i in range(0, len(stream), size)]
    workers: list[subprocess.Popen[bytes]] = []

    def raised() -> int:
        return sum(map(len, read(bootstrap, EVENTS.name).values()))

    try:
        for part in parts:
            # A worker joins, is killed, or leaves of its own accord: each moves partitions.
            if len(workers) < 2 or (len(workers) < 3 and chance.random() < 0.5):
                workers.append(start_worker(bootstrap, tmp_path))
            else:
                leaving = workers.pop(chance.randrange(len(workers)))
                leaving.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
                leaving.wait(20)
            before = raised()
            send(bootstrap, part)
            wait_until(lambda seen=before: raised() > seen)
            time.sleep(chance.random() * 3.0)
        ids = {decode_event(value).event_id for values in expected.values() for value in values}

        def told() -> set[str]:
            found = read(bootstrap, EVENTS.name).values()
            return {decode_event(value).event_id for values in found for value in values}

        wait_until(lambda: ids <= told(), 120)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(20)

    actual = {number: first_of_each(values) for number, values in read(bootstrap, EVENTS.name).items()}
    assert actual == expected
