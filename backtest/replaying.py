"""A recording back into messages, in the order of event time: what `priceradar replay` sends."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backtest.facts import messages
from backtest.frame import Frame
from backtest.recording import Recording
from contracts.codec import MAX_BATCH_BYTES, MAX_BATCH_ROWS, decode, encode
from contracts.errors import BadInputError
from contracts.observations import Observation
from contracts.partition import series_partition
from contracts.recording import files_of
from contracts.topics import CATALOG, MATCHES, OBSERVATIONS, SALES, STOCK, Topic
from pricing.looks import moment_of

FACTS = (CATALOG, MATCHES, STOCK, SALES)


class Message(NamedTuple):
    """One Kafka message. `at` is its event time, epoch ms; `rows` the observations in it."""

    at: int
    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    rows: int


def messages_of(recording: Recording) -> Iterator[Message]:
    """Facts and observations of a recording by event time; decisions and events are left for the workers to make."""
    streams = [_observations(recording, number) for number in recording.partitions]
    if recording.path.is_dir():
        streams += [_facts(paths, topic) for topic in FACTS for paths in files_of(recording.path, topic.name).values()]
    return heapq.merge(*streams, key=lambda message: message.at)


def _facts(paths: list[Path], topic: Topic) -> Iterator[Message]:
    latest = 0
    for _offset, timestamp, key, value in messages(paths):
        try:
            at = moment_of(decode(value, topic.value))
        except BadInputError:
            at = timestamp  # it dies live as it did before
        latest = max(latest, at)
        yield Message(latest, topic.name, None, key, value, 0)


def _observations(recording: Recording, number: int) -> Iterator[Message]:
    latest = 0
    for frame in recording.frames(number):
        for partition, rows in _batches(frame, number):
            for value, count, at in _values(rows):
                latest = max(latest, at)  # late rows do not overtake
                yield Message(latest, OBSERVATIONS.name, partition, None, value, count)


def _batches(frame: Frame, number: int) -> Iterator[tuple[int, list[Observation]]]:
    """Rows by message where the recording knows its messages, else by the partition of their series."""
    rows = frame.observations(np.arange(frame.rows))
    if "offset" in frame.batch.schema.names:
        offsets = frame.batch.column("offset").to_pylist()
        for _offset, pairs in groupby(zip(offsets, rows, strict=True), key=lambda pair: pair[0]):
            yield number, [row for _place, row in pairs]
        return
    for start in range(0, len(rows), MAX_BATCH_ROWS):
        grouped: dict[int, list[Observation]] = {}
        for row in rows[start : start + MAX_BATCH_ROWS]:
            grouped.setdefault(series_partition(row.competitor, row.product_id), []).append(row)
        yield from grouped.items()


def _values(rows: list[Observation]) -> Iterator[tuple[bytes, int, int]]:
    """Messages within the limits of the codec: bytes, rows and last time of each."""
    value = encode(tuple(rows))
    if len(rows) > 1 and (len(value) > MAX_BATCH_BYTES * 2 or len(rows) > MAX_BATCH_ROWS):
        half = len(rows) // 2
        yield from _values(rows[:half])
        yield from _values(rows[half:])
        return
    yield value, len(rows), max(row.observed_at for row in rows)
