"""Foreign observations, CSV or Parquet, into a recording: in time order, with every bad row named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from backtest.feed import ROWS
from backtest.frame import NAMES, NO_PRICE, PRICES, Frame, check_columns, moments
from backtest.recording import TEXT_COLUMNS, csv_batches, parquet_batches
from contracts.errors import BadInputError, BadRecordingError, BadRowError
from contracts.observations import Availability, PriceType
from contracts.partition import series_partition
from contracts.recording import OBSERVATION_SCHEMA, Extent, write_file
from contracts.topics import OBSERVATIONS, PARTITIONS
from runtime.sheets import is_parquet, not_decoded, written

MESSAGE_ROWS = 1000  # as the crawl's largest batches
PART_ROWS = 500_000  # rows in memory before they are written
KNOWN: dict[str, tuple[str, ...]] = {"availability": get_args(Availability), "price_type": get_args(PriceType)}
YES, NO = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")
AMOUNTS = (*PRICES, "list_price_minor", "list_price_cents", "list_price")


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
                    columns[name] = _with_point(columns[name])
            yield pa.RecordBatch.from_arrays(list(columns.values()), names=names)

    def _usable(self, batch: pa.RecordBatch, place: int) -> pa.RecordBatch:
        reasons: dict[int, str] = {}
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name in ("competitor", "product_id"):
            _need(columns[name], name, reasons)
        columns["observed_at"] = _cast(columns["observed_at"], moments, "observed_at", "an ISO 8601 time", reasons)
        _need(columns["observed_at"], "observed_at", reasons)
        for name in AMOUNTS:
            if name in columns:
                columns[name] = _amounts(columns[name], name, reasons)
        if "available" in columns:
            columns["available"] = _cast(columns["available"], _truth, "available", "true or false", reasons)
        for name in KNOWN.keys() & columns.keys():
            _one_of(columns[name], name, reasons)
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


def _with_point(amounts: pa.Array) -> pa.Array:
    """ "1.234,50" as "1234.50"."""
    comma = pc.match_substring(amounts, ",")
    plain = pc.replace_substring(pc.replace_substring(amounts, ".", ""), ",", ".", max_replacements=1)
    return pc.if_else(comma, plain, amounts)


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


def _need(column: pa.Array, name: str, reasons: dict[int, str]) -> None:
    empty = pc.is_null(column)
    if pa.types.is_string(column.type):
        empty = pc.or_(empty, pc.equal(pc.fill_null(column, ""), ""))
    for row in np.flatnonzero(empty.to_numpy(zero_copy_only=False)):
        reasons.setdefault(int(row), f"{name} must not be empty")


def _amounts(column: pa.Array, name: str, reasons: dict[int, str]) -> pa.Array:
    whole = name.endswith(("_minor", "_cents"))
    kind = pa.int64() if whole else pa.decimal128(28, 8)
    wanted = "a whole number" if whole else "a decimal number such as 19.99"

    def cast(values: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        return values.cast(kind)

    return _cast(column, cast, name, wanted, reasons)


def _truth(values: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return values.cast(pa.bool_())
    low = pc.utf8_lower(values)
    known = pc.or_(pc.is_in(low, pa.array(YES)), pc.is_in(low, pa.array(NO)))
    if not pc.all(pc.or_(known, pc.is_null(values))).as_py():
        raise pa.ArrowInvalid("not a truth value")
    return pc.if_else(pc.is_null(values), None, pc.is_in(low, pa.array(YES)))


def _cast(
    column: pa.Array, cast: Callable[[pa.Array], pa.Array], name: str, wanted: str, reasons: dict[int, str]
) -> pa.Array:
    """The column cast as a whole; where that fails, the rows that are to blame are named and become null."""
    try:
        return cast(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    pieces = []
    for row in range(len(column)):
        piece = column.slice(row, 1)
        try:
            pieces.append(cast(piece))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            reasons.setdefault(row, f"{name} must be {wanted}, was {str(column[row].as_py())[:40]!r}")
            pieces.append(None)
    kind = next((piece.type for piece in pieces if piece is not None), pa.null())
    return pa.concat_arrays([pa.nulls(1, kind) if piece is None else piece.cast(kind) for piece in pieces])


def _one_of(column: pa.Array, name: str, reasons: dict[int, str]) -> None:
    texts = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    unknown = pc.invert(pc.or_(pc.is_in(texts, pa.array(KNOWN[name])), pc.is_null(texts)))
    for row in np.flatnonzero(unknown.to_numpy(zero_copy_only=False)):
        wanted = ", ".join(KNOWN[name])
        reasons.setdefault(int(row), f"{name} must be one of {wanted}, was {str(texts[int(row)].as_py())[:40]!r}")
