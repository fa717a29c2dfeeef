"""The recording format: Parquet columns of observations, one file per partition and offset range.

A recording is one Parquet file, or a folder with
`price.observations.v1/partition=P/<first offset>-<last offset>.parquet`. Prices are int64
minor units, `observed_at` is timestamp[ms, UTC], names are dictionary-encoded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from contracts.codec import encode
from contracts.errors import BadRecordingError
from contracts.observations import Observation

_EXTENT = re.compile(r"([\w.]+)/partition=(\d+)/(\d+)-(\d+)\.parquet")
_NAME = pa.dictionary(pa.int32(), pa.string())

OBSERVATION_SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("observed_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("competitor", _NAME, nullable=False),
        pa.field("product_id", _NAME, nullable=False),
        pa.field("seller", _NAME, nullable=False),
        pa.field("price_type", _NAME, nullable=False),
        pa.field("price_minor", pa.int64()),
        pa.field("currency", _NAME, nullable=False),
        pa.field("availability", _NAME, nullable=False),
        pa.field("list_price_minor", pa.int64()),
        pa.field("sku", _NAME, nullable=False),
        pa.field("match_confidence", pa.float64(), nullable=False),
        pa.field("category", _NAME, nullable=False),
        pa.field("name", _NAME, nullable=False),
        pa.field("url", _NAME, nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("promotions", pa.string()),  # JSON array of Promotion, null where there is none
    ]
)

# Facts and events keep the bytes that Kafka had, so that they replay as they were.
MESSAGE_SCHEMA = pa.schema(
    [
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
    ]
)


class Extent(NamedTuple):
    """Topic, partition and first to last offset of one file of a recording."""

    topic: str
    partition: int
    first: int
    last: int

    def path(self, folder: Path) -> Path:
        """Where the file lies: offsets have 20 digits, so names sort as they follow."""
        return folder / self.topic / f"partition={self.partition}" / f"{self.first:020d}-{self.last:020d}.parquet"


def extent_of(path: Path) -> Extent:
    """Extent of a file by its name; BadRecordingError where the name is not one of ours."""
    found = _EXTENT.fullmatch("/".join(path.parts[-3:]))
    if found is None:
        raise BadRecordingError(f"{path} must be named <topic>/partition=P/<first offset>-<last offset>.parquet")
    topic, *numbers = found.groups()
    return Extent(topic, *map(int, numbers))


def files_of(folder: Path, topic: str) -> dict[int, list[Path]]:
    """Files of a topic by partition, in the order of their offsets."""
    found: dict[int, list[Path]] = {}
    for path in sorted((folder / topic).glob("partition=*/*.parquet")):
        found.setdefault(extent_of(path).partition, []).append(path)
    return {partition: found[partition] for partition in sorted(found)}


def observations_table(partition: int, batches: Iterable[tuple[int, Sequence[Observation]]]) -> pa.Table:
    """Messages of a partition, (offset, rows), as a table of OBSERVATION_SCHEMA."""
    messages = list(batches)
    rows = [row for _, found in messages for row in found]
    columns: dict[str, list[Any]] = {
        "partition": [partition] * len(rows),
        "offset": [offset for offset, found in messages for _ in found],
        "row": [number for _, found in messages for number in range(len(found))],
        "promotions": [encode(row.promotions).decode() if row.promotions else None for row in rows],
    }
    for field in OBSERVATION_SCHEMA:
        if field.name not in columns:
            columns[field.name] = list(map(attrgetter(field.name), rows))
    arrays = [_column(columns[field.name], field) for field in OBSERVATION_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=OBSERVATION_SCHEMA)


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    if pa.types.is_dictionary(field.type):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, field.type)


def write_file(table: pa.Table, path: Path) -> None:
    """Write a file so that it is there whole and synced, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        parquet.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name itself must survive a power cut
    finally:
        os.close(folder)
