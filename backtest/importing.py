"""Foreign observations, CSV or Parquet, into a recording: in time order, with every bad row named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backtest.feed import ROWS
from backtest.foreign import AMOUNTS, clean, with_point
from backtest.frame import NAMES, NO_PRICE, Frame, check_columns
from backtest.parts import Parts
from backtest.recording import TEXT_COLUMNS, csv_batches, parquet_batches
from contracts.errors import BadInputError, BadRecordingError, BadRowError
from contracts.partition import series_partition
from contracts.recording import OBSERVATION_SCHEMA
from contracts.topics import OBSERVATIONS, PARTITIONS
from runtime.sheets import is_parquet, not_decoded, written


class Imported(NamedTuple):
    """What an import did."""

    rows: int
    series: int
    without_price: int
    rejected: int
    reordered: int


class ObservationImport:
    """One import of one file.

    Args:
        path: CSV or Parquet with observed_at, competitor, product_id, and price_cents, price_minor or price.
        currency: of rows that state none.
        columns: our column names to theirs, where they differ.
        refuse: told each row that is left out, with its line (CSV) or row (Parquet).
        encoding: of a CSV file, see `runtime.sheets.Sheet`.

    Errors: BadRecordingError where the file itself is unusable.
    """

    def __init__(
        self,
        path: Path,
        currency: str,
        columns: Mapping[str, str],
        refuse: Callable[[BadRowError], None],
        progress: Callable[[int], None] = lambda _rows: None,
        encoding: str = "",
    ) -> None:
        self.path, self.currency, self.columns = path, currency, columns
        self._text, self._encoding = not is_parquet(path), encoding
        self._refuse, self._progress = refuse, progress
        self.rejected = 0
        self._partitions = np.empty(0, np.int32)
        self._known: dict[tuple[str, str], int] = {}

    def frames(self) -> Iterator[Frame]:
        """The usable rows, in the order of the file."""
        place = 2 if self._text else 1
        try:
            for batch in self._batches():
                for start in range(0, batch.num_rows, ROWS):
                    part = batch.slice(start, ROWS)
                    yield Frame(self._usable(part, place), self.currency, str(self.path))
                    place += part.num_rows
                    self._progress(part.num_rows)
        except UnicodeDecodeError as error:
            raise BadRecordingError(f"{self.path} {not_decoded(self._encoding)}") from error
        except (pa.ArrowException, OSError, LookupError, UnicodeError) as error:
            raise BadRecordingError(f"{self.path} cannot be read: {str(error).splitlines()[0]}") from error

    def check(self) -> Imported:
        """Read everything and write nothing."""
        rows = without = 0
        for frame in self.frames():
            rows += frame.rows
            without += _without_price(frame)
            self._partition(frame)
        return Imported(rows, len(self._known), without, self.rejected, 0)

    def write(self, folder: Path) -> Imported:
        """Write the recording into `folder`, which must not hold one."""
        if (folder / OBSERVATIONS.name).exists():
            raise BadInputError(f"{folder} holds a recording already: remove it, or name another folder with --out")
        partial = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        parts = [Parts(partial, number) for number in range(PARTITIONS)]
        rows = without = 0
        try:
            for frame in self.frames():
                rows += frame.rows
                without += _without_price(frame)
                self._distribute(frame, parts)
            reordered = sum(part.finish() for part in parts)
            if not rows:
                raise BadInputError(f"{self.path} holds no usable row")
            folder.mkdir(parents=True, exist_ok=True)
            (partial / OBSERVATIONS.name).replace(folder / OBSERVATIONS.name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return Imported(rows, len(self._known), without, self.rejected, reordered)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        theirs = {their: our for our, their in self.columns.items()}
        text = [self.columns.get(name, name) for name in (*TEXT_COLUMNS, *AMOUNTS, "available")]
        read = csv_batches(self.path, text, self._encoding) if self._text else parquet_batches(self.path)
        comma = self._text and written(self.path, self._encoding).decimal_comma
        for number, batch in enumerate(read):
            names = [theirs.get(name, name) for name in batch.schema.names]
            if number == 0:
                check_columns(names, str(self.path))
            columns = dict(zip(names, batch.columns, strict=True))
            for name in AMOUNTS if comma else ():
                if name in columns:
                    columns[name] = with_point(columns[name])
            yield pa.RecordBatch.from_arrays(list(columns.values()), names=names)

    def _usable(self, batch: pa.RecordBatch, place: int) -> pa.RecordBatch:
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        reasons = clean(columns)
        cleaned = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        if not reasons:
            return cleaned
        for row in sorted(reasons):
            where = f"{self.path} {'line' if self._text else 'row'} {place + row}"
            self._refuse(BadRowError(f"{where}: {reasons[row]}", place + row))
        self.rejected += len(reasons)
        keep = np.ones(batch.num_rows, bool)
        keep[list(reasons)] = False
        return cleaned.filter(pa.array(keep))

    def _distribute(self, frame: Frame, parts: list[Parts]) -> None:
        table = _table(frame)
        partition = self._partition(frame)
        for number in np.unique(partition):
            rows = np.flatnonzero(partition == number)
            parts[number].add(table.take(pa.array(rows)), frame.observed_at[rows])

    def _partition(self, frame: Frame) -> npt.NDArray[np.int32]:
        competitors, of_competitor = frame.dictionary("competitor")
        products, of_product = frame.dictionary("product_id")
        assert of_competitor is not None  # `frames` has seen that both columns are there
        assert of_product is not None
        pairs, inverse = np.unique(of_competitor.astype(np.int64) * len(products) + of_product, return_inverse=True)
        shops, names = competitors.to_pylist(), products.to_pylist()
        found = [self._partition_of(shops[pair // len(names)], names[pair % len(names)]) for pair in pairs.tolist()]
        return np.array(found, np.int32)[inverse]

    def _partition_of(self, competitor: str, product: str) -> int:
        key = (competitor, product)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = series_partition(competitor, product)
        return number


def _table(frame: Frame) -> pa.Table:
    """Rows as OBSERVATION_SCHEMA; their places in the partition are filled in when they are written."""
    nothing, listed = pa.nulls(frame.rows, pa.string()), frame.list_price()
    shown = frame.promotions()
    columns: dict[str, pa.Array] = {
        "observed_at": pa.array(frame.observed_at).cast(pa.timestamp("ms", tz="UTC")),
        "price_minor": _nullable(frame.price),
        "list_price_minor": pa.nulls(frame.rows, pa.int64()) if listed is None else _nullable(listed),
        "match_confidence": pa.array(np.ones(frame.rows)),
        "promotions": nothing if shown is None else shown.cast(pa.string()),
    }
    for name in ("partition", "offset", "row"):
        columns[name] = pa.array(np.zeros(frame.rows, np.int64))
    for name in NAMES:
        columns[name] = _names(frame, name)
    columns["evidence"] = columns["evidence"].dictionary_decode()
    arrays = [columns[field.name].cast(field.type) for field in OBSERVATION_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=OBSERVATION_SCHEMA)


def _names(frame: Frame, name: str) -> pa.DictionaryArray:
    dictionary, codes = frame.dictionary(name)
    codes = np.zeros(frame.rows, np.int32) if codes is None else codes
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), dictionary.cast(pa.string()))


def _nullable(amounts: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(amounts, mask=amounts == NO_PRICE)


def _without_price(frame: Frame) -> int:
    return int((frame.price <= 0).sum())
