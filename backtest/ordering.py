"""Foreign files whose rows are not in the order of their time: found out, and read in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv, parquet

from backtest.frame import times
from runtime.sheets import written

Times = npt.NDArray[np.int64]


def in_order(path: Path) -> bool:
    """Whether no row of a file was observed before the row above it; reads that one column only."""
    latest = np.iinfo(np.int64).min
    for part in _times_of(path):
        if len(part) and (part[0] < latest or (part[1:] < part[:-1]).any()):
            return False
        latest = max(latest, int(part[-1])) if len(part) else latest
    return True


def sorted_batches(batches: Iterable[pa.RecordBatch], rows: int, where: str) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The rows of all batches in the order of their time, and in the first of them how many came late.

    Rows of equal time keep their order. Late is a row that came after a later one of its product.
    The whole file is in memory meanwhile: for what does not fit, `priceradar import observations`.
    """
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    moments = times(_one(table["observed_at"]), where)
    late = _late(table, moments)
    order = np.argsort(moments, kind="stable")
    for start in range(0, len(order), rows):
        part = table.take(pa.array(order[start : start + rows])).combine_chunks()
        yield part.to_batches()[0], late if start == 0 else 0


def _times_of(path: Path) -> Iterator[Times]:
    if path.suffix == ".csv":
        options = csv.ConvertOptions(include_columns=["observed_at"], column_types={"observed_at": pa.string()})
        how = written(path)
        read, parse = csv.ReadOptions(encoding=how.encoding), csv.ParseOptions(delimiter=how.delimiter)
        with csv.open_csv(path, read, parse, options) as file:
            for batch in file:
                yield times(batch.column(0), str(path))
        return
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1 << 20, columns=["observed_at"], use_threads=False):
            yield times(batch.column(0), str(path))


def _late(table: pa.Table, moments: Times) -> int:
    """How many rows came after a later one of the same product."""
    shops = _codes(table["competitor"])
    products = _codes(table["product_id"])
    series = shops * (products.max() + 1) + products
    by_series = np.argsort(series, kind="stable")
    ordered = moments[by_series]
    starts = np.flatnonzero(np.diff(series[by_series], prepend=-1))
    # A running maximum that starts anew with each series: each lies above all of the one before it.
    lift = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(ordered)))) * (np.ptp(moments) + 1)
    lifted = ordered - moments.min() + lift
    return int((lifted < np.maximum.accumulate(lifted)).sum())


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    values = _one(column)
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    codes = values.indices.fill_null(len(values.dictionary)).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64)  # type: ignore[no-any-return]


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
