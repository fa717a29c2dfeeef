"""Observations grouped by the partition of their series, cut at 1,000 rows or 64 KiB: pure."""

from __future__ import annotations

from contracts.codec import MAX_BATCH_BYTES, MAX_BATCH_ROWS, encode
from contracts.observations import Observation
from contracts.partition import series_partition


class Batches:
    """One open batch a partition; `add` gives back a batch that is full, `drain` all that are open."""

    def __init__(self) -> None:
        self._rows: dict[int, list[bytes]] = {}
        self._bytes: dict[int, int] = {}

    def add(self, row: Observation) -> tuple[int, bytes] | None:
        """Add a row; the partition and value of its batch where the row would have overfilled it."""
        partition, data = series_partition(row.competitor, row.product_id), encode(row)
        rows = self._rows.setdefault(partition, [])
        size = self._bytes.get(partition, 2) + len(data) + 1
        full = None
        if rows and (len(rows) >= MAX_BATCH_ROWS or size > MAX_BATCH_BYTES):
            full = partition, self._value(partition)
            rows, size = self._rows.setdefault(partition, []), len(data) + 3
        rows.append(data)
        self._bytes[partition] = size
        return full

    def drain(self) -> list[tuple[int, bytes]]:
        """Partition and value of every open batch; none stays open."""
        return [(partition, self._value(partition)) for partition in list(self._rows)]

    def _value(self, partition: int) -> bytes:
        self._bytes.pop(partition, None)
        return b"[" + b",".join(self._rows.pop(partition)) + b"]"
