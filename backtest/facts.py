"""What our own systems knew, out of a recording, in the order of event time."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from contracts.codec import decode
from contracts.errors import BadInputError, BadRecordingError
from contracts.recording import files_of
from contracts.topics import CATALOG, DECISIONS, MATCHES, SALES, STOCK, Topic
from pricing.looks import moment_of

FACTS = (CATALOG, MATCHES, STOCK, SALES, DECISIONS)


def read_facts(folder: Path) -> list[tuple[int, int, Any]]:
    """Time, time of its message and value of every fact recorded, the oldest first; empty where there is none."""
    if not folder.is_dir():
        return []
    found = [
        (moment_of(value), arrived, value)
        for topic in FACTS
        for paths in files_of(folder, topic.name).values()
        for arrived, value in _values(paths, topic)
    ]
    return sorted(found, key=itemgetter(0))


def messages(paths: list[Path]) -> Iterator[tuple[int, int, bytes | None, bytes | None]]:
    """Offset, timestamp, key and value of every message of a partition, each once."""
    passed = -1
    for path in paths:
        try:
            table = parquet.read_table(path)
            columns = (table["offset"], table["timestamp"].cast(pa.int64()), table["key"], table["value"])
        except (pa.ArrowException, OSError, KeyError) as error:
            raise BadRecordingError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
        for offset, time, key, value in zip(*(column.to_pylist() for column in columns), strict=True):
            if offset > passed:
                passed = offset
                yield offset, time, key, value


def _values(paths: list[Path], topic: Topic) -> Iterator[tuple[int, Any]]:
    for _offset, arrived, _key, value in messages(paths):
        try:
            yield arrived, decode(value, topic.value)
        except BadInputError:
            continue  # live it became a dead letter and told nobody anything
