"""The streams worker on real Kafka: same events as the engine, also through kill -9, rebalances and bad input."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from benchmarks.chaos import Tail, Workers, all_told, first_of_each, prove, send, wait_until
from benchmarks.chaos_market import DEAD_ROW, UNDECODABLE, Batch, market, undisturbed
from contracts.topics import CHECKPOINTS, EVENTS, OBSERVATIONS
from runtime.broker import OwnKafka
from streams.admin import ensure_topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    with OwnKafka(tmp_path / "kafka") as broker:
        ensure_topics(broker.bootstrap)
        yield broker.bootstrap


@pytest.fixture
def workers(bootstrap: str, tmp_path: Path) -> Iterator[Workers]:
    """Workers, of which none may have ended by itself."""
    with Workers(bootstrap, tmp_path) as found:
        yield found
        found.check()
        assert found.crashed == [], found.log.read_text("utf-8")[-3000:]


@pytest.fixture
def events(bootstrap: str) -> Iterator[Tail]:
    with Tail(bootstrap, EVENTS.name) as found:
        yield found


def parts_of(stream: list[Batch], count: int) -> list[list[Batch]]:
    size = len(stream) // count + 1
    return [stream[i : i + size] for i in range(0, len(stream), size)]


def assert_same(events: Tail, expected: dict[int, list[bytes]], seconds: float = 120.0) -> None:
    wait_until(lambda: all_told(events, expected), seconds)
    assert {number: first_of_each(values) for number, values in events.read().items()} == expected


def acknowledged(admin: KafkaAdminClient) -> int:
    """How many observations' messages the streams workers have acknowledged."""
    offsets = admin.list_group_offsets("priceradar-streams")["priceradar-streams"]
    return sum(found.offset for tp, found in offsets.items() if tp.topic == OBSERVATIONS.name and found.offset > 0)


def test_events_are_those_of_the_engine_and_bad_input_is_a_dead_letter(
    bootstrap: str, workers: Workers, events: Tail
) -> None:
    stream = market(seed=1, batches=60)
    expected = undisturbed(stream)
    send(bootstrap, stream)

    worker = workers.start()
    wait_until(lambda: all_told(events, expected))
    workers.end(worker, signal.SIGTERM)

    assert events.read() == expected
    with Tail(bootstrap, OBSERVATIONS.dead) as tail:
        dead = [value for values in tail.read().values() for value in values]
    undecodable = [value for _, value in stream if value == UNDECODABLE]
    assert undecodable
    assert [v for v in dead if v == UNDECODABLE] == undecodable
    assert len(dead) - len(undecodable) == sum(value.count(DEAD_ROW) for _, value in stream)


def test_a_worker_killed_at_random_moments_loses_and_invents_nothing(
    bootstrap: str, workers: Workers, events: Tail
) -> None:
    kills = int(os.environ.get("PRICERADAR_KILLS", "4"))
    chance = random.Random(7)
    stream = market(seed=2, batches=40 * (kills + 1))
    expected = undisturbed(stream)
    parts = parts_of(stream, kills + 1)

    for part in parts[:-1]:
        worker, before = workers.start(), events.count()
        send(bootstrap, part)
        wait_until(lambda seen=before: events.count() > seen)
        time.sleep(chance.random() * 2.0)
        workers.end(worker, signal.SIGKILL)
    send(bootstrap, parts[-1])
    workers.start()

    assert_same(events, expected)


def test_partitions_that_move_between_workers_lose_and_invent_nothing(
    bootstrap: str, workers: Workers, events: Tail
) -> None:
    changes = int(os.environ.get("PRICERADAR_MOVES", "5"))
    chance = random.Random(11)
    stream = market(seed=4, batches=40 * (changes + 2))
    expected = undisturbed(stream)

    for part in parts_of(stream, changes + 1):
        # A worker joins, is killed, or leaves of its own accord: each moves partitions.
        if len(workers.running) < 2 or (len(workers.running) < 3 and chance.random() < 0.5):
            workers.start()
        else:
            workers.end(chance.choice(workers.running), chance.choice([signal.SIGKILL, signal.SIGTERM]))
        before = events.count()
        send(bootstrap, part)
        wait_until(lambda seen=before: events.count() > seen)
        time.sleep(chance.random() * 3.0)

    assert_same(events, expected)


def test_workers_disturbed_while_observations_flow_lose_and_invent_nothing(bootstrap: str, tmp_path: Path) -> None:
    found = prove(bootstrap, tmp_path, int(os.environ.get("PRICERADAR_CHAOS_MOMENTS", "6")), seed=3)

    assert (found["missing"], found["invented"], found["in_order"], found["workers_crashed"]) == (0, 0, True, 0), found


def test_without_its_checkpoints_a_worker_begins_with_what_kafka_still_has(
    bootstrap: str, workers: Workers, events: Tail
) -> None:
    stream = market(seed=5, batches=40)
    half = len(stream) // 2
    send(bootstrap, stream[:half])
    worker = workers.start()
    wait_until(lambda: all_told(events, undisturbed(stream[:half])))
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        wait_until(lambda: acknowledged(admin) == half)
        workers.end(worker, signal.SIGTERM)
        admin.delete_topics([CHECKPOINTS.name])
    wait_until(lambda: CHECKPOINTS.name in ensure_topics(bootstrap))

    # The group's commit is in the middle now and the state is empty.
    send(bootstrap, stream[half:])
    workers.start()

    assert_same(events, undisturbed(stream))
