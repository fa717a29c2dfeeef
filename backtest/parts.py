"""One partition of a recording on its way to disk, put in order where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from contracts.recording import OBSERVATION_SCHEMA, Extent, write_file
from contracts.topics import OBSERVATIONS

MESSAGE_ROWS = 1000  # as the crawl's largest batches
PART_ROWS = 500_000  # rows in memory before they are written


class Parts:
    """One partition on its way to disk: written in parts, put in order at the end where it is not."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder, self.number = folder, number
        self._tables: list[pa.Table] = []
        self._rows = self._done = self._late = 0
        self._latest = np.iinfo(np.int64).min
        self._paths: list[Path] = []

    def add(self, table: pa.Table, observed_at: npt.NDArray[np.int64]) -> None:
        """Add rows that follow in the file."""
        so_far = np.maximum.accumulate(np.concatenate([[self._latest], observed_at]))
        self._late += int((observed_at < so_far[:-1]).sum())
        self._latest = int(so_far[-1])
        self._tables.append(table)
        self._rows += table.num_rows
        if self._rows >= PART_ROWS:
            self._flush()

    def finish(self) -> int:
        """Write the rest; returns how many rows came after a later one and were put in order."""
        self._flush()
        if self._late:
            whole = pa.concat_tables([parquet.read_table(path, partitioning=None) for path in self._paths])
            for path in self._paths:
                path.unlink()
            whole = whole.unify_dictionaries().combine_chunks()
            # Equal times keep the order of the file: what came first is seen first.
            order = np.argsort(whole["observed_at"].cast(pa.int64()).to_numpy(), kind="stable")
            self._done, self._paths = 0, []
            for start in range(0, len(order), PART_ROWS):
                self._write(whole.take(pa.array(order[start : start + PART_ROWS])))
        return self._late

    def _flush(self) -> None:
        if self._rows:
            self._write(pa.concat_tables(self._tables).unify_dictionaries().combine_chunks())
        self._tables, self._rows = [], 0

    def _write(self, table: pa.Table) -> None:
        first, count = self._done, table.num_rows
        offset = first + np.arange(count) // MESSAGE_ROWS
        places = {
            "partition": pa.array(np.full(count, self.number, np.int32)),
            "offset": pa.array(offset),
            "row": pa.array((np.arange(count) % MESSAGE_ROWS).astype(np.int32)),
        }
        for column, (name, values) in enumerate(places.items()):
            table = table.set_column(column, OBSERVATION_SCHEMA.field(name), values)
        path = Extent(OBSERVATIONS.name, self.number, first, int(offset[-1])).path(self.folder)
        write_file(table.cast(OBSERVATION_SCHEMA), path)
        self._paths.append(path)
        self._done = int(offset[-1]) + 1
