"""A worker touches only partitions that are its own, and gives none up while it writes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest

from contracts.policy import DEFAULT
from contracts.topics import OBSERVATIONS
from runtime.settings import Settings
from streams.partition import Partition
from streams.worker import StreamsWorker


@pytest.fixture
def worker(tmp_path: Path) -> StreamsWorker:
    return StreamsWorker(faust.App("unused", broker="kafka://127.0.0.1:1"), Settings(data=tmp_path), DEFAULT)


def message(partition: int, offset: int) -> Any:
    return SimpleNamespace(
        message=SimpleNamespace(topic=OBSERVATIONS.name, partition=partition, offset=offset, key=b"", value=b"[]")
    )


async def test_a_message_left_over_from_an_earlier_assignment_is_the_new_owners(worker: StreamsWorker) -> None:
    worker.assigned({1, 2})
    await worker.revoked({1, 2})
    worker.assigned({2})

    await worker.handle(message(1, 0))

    assert worker.partitions[1].offset < 0
    assert not worker.partitions[1].unacknowledged


async def test_a_partition_is_given_up_only_when_nothing_is_under_way(worker: StreamsWorker) -> None:
    worker.assigned({1})
    await worker.lock.acquire()  # as a checkpoint that is being written holds it
    giving_up = asyncio.create_task(worker.revoked({1}))
    await asyncio.sleep(0)

    assert not giving_up.done()
    assert worker.owned == set()  # nothing new begins

    worker.lock.release()
    await giving_up


def test_without_a_checkpoint_the_state_begins_where_kafka_does_wherever_delivery_begins() -> None:
    partition = Partition(0, DEFAULT.detection)
    partition.begin(3)

    assert not partition.dirty
    assert [partition.place(offset) for offset in (2, 3, 7)] == ["checkpointed", "next", "gap"]
