"""A whole table as columns: CSV, Excel or Parquet, each cell looked at once for every value that its column holds.

Prices, days and names repeat, so a column is the values it holds and a number for each row.
Every failure names the file, the row and the column.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from contracts.errors import BadInputError
from runtime.sheets import Sheet, is_parquet

NOTHING = {"", "-", "na", "n/a", "#n/a", "nan", "null", "none"}
WORDS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}
OFTEN = 10_000  # rows between reports of progress

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Told = Callable[[int], object]


class Column(NamedTuple):
    """The values that a column holds, and for each row the place of its value among them."""

    values: list[Any]
    codes: Codes


class Table(NamedTuple):
    """Columns by their name in lower case.

    Attributes:
        where: the file, for messages.
        lines: where in it each row is.
        number: turns an amount as the file writes it into one with a decimal point.
    """

    where: str
    columns: dict[str, Column]
    lines: Codes
    number: Callable[[str], str] = str

    def named(self, names: tuple[str, ...]) -> str:
        """The first of these columns that is there; BadInputError."""
        for name in names:
            if name in self.columns:
                return name
        has = ", ".join(self.columns)[:200] or "no header"
        raise BadInputError(f"{self.where} lacks the column {' or '.join(names)}; it has {has}")

    def names(self, name: str) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
        """Different texts in order of appearance, and the place of each row's; BadInputError for an empty one."""
        texts = [_text(value) for value in self.columns[name].values]
        for place, text in enumerate(texts):
            if not text and place in self.columns[name].codes:
                raise BadInputError(f"{self._at(name, place)}: {name} must not be empty")
        places: dict[str, int] = {}
        order = np.array([places.setdefault(text, len(places)) for text in texts], dtype=np.intp)
        return tuple(places), order[self.columns[name].codes]

    def days(self, name: str) -> Codes:
        """Ordinals of days; BadInputError."""
        values, codes = self.columns[name]
        days = np.zeros(len(values), dtype=np.int64)
        for place in np.unique(codes).tolist():
            day = _day(values[place])
            if day is None:
                raise BadInputError(f"{self._at(name, place)}: {not_a_day(values[place])}")
            days[place] = day.toordinal()
        found: Codes = days[codes]
        return found

    def numbers(self, name: str) -> Floats:
        """Numbers, yes and no as 1 and 0, nan where nothing is said; BadInputError for anything else."""
        values, codes = self.columns[name]
        numbers = np.full(len(values), np.nan)
        for place, value in enumerate(values):
            try:
                numbers[place] = self._float(value)
            except (TypeError, ValueError):
                shown = f"was {str(value)[:60]!r}"
                raise BadInputError(f"{self._at(name, place)}: column {name} must hold numbers, {shown}") from None
        found: Floats = numbers[codes]
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Words, "" where nothing is said."""
        values, codes = self.columns[name]
        words = [_text(value) for value in values]
        return tuple(words[code] for code in codes.tolist())

    def whole(self, name: str) -> bool:
        """Whether a column holds whole numbers and nothing else."""
        return all(_whole(value) for value in self.columns[name].values if value is not None)

    def mostly_numbers(self, name: str) -> bool:
        """Whether at least half of the different values that are said are numbers: words have none, slips are few."""
        good = bad = 0
        for value in self.columns[name].values:
            try:
                good += not math.isnan(self._float(value))
            except (TypeError, ValueError):
                bad += 1
        return bad <= good

    def _float(self, value: Any) -> float:
        if value is None:
            return math.nan
        if isinstance(value, str):
            text = value.strip().lower()
            if text in NOTHING:
                return math.nan
            if text in WORDS:
                return WORDS[text]
            value = self.number(text)
        number = float(value)
        if math.isinf(number):
            raise ValueError(value)
        return number

    def _at(self, name: str, place: int) -> str:
        rows = np.flatnonzero(self.columns[name].codes == place)
        return f"{self.where} row {int(self.lines[rows[0]]) if len(rows) else '?'}"


def read_columns(path: Path, encoding: str = "", told: Told = lambda _rows: None) -> Table:
    """A CSV, Excel or Parquet file; BadInputError where it cannot be read.

    Args:
        encoding: of a CSV file, see `runtime.sheets.Sheet`.
        told: hears of rows read, some at a time.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist; give a CSV, Excel or Parquet file")
    return _parquet(path) if is_parquet(path) else _sheet(path, encoding, told)


def columns_of(table: pa.Table, where: str) -> Table:
    """A table in memory; rows are counted from 1. BadInputError for a column that is nested."""
    found = {}
    for name in table.column_names:
        try:
            column = table[name].combine_chunks()
            coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
            values = coded.dictionary.to_pylist() + [None] * bool(coded.null_count)
            codes = coded.indices.fill_null(max(0, len(values) - 1)).to_numpy(zero_copy_only=False).astype(np.int64)
        except (pa.ArrowException, AttributeError) as error:
            raise BadInputError(
                f"{where}: column {name} must hold numbers or texts, was {table[name].type}; leave it out"
            ) from error
        found[name.strip().lower()] = Column(values, codes)
    return Table(where, found, np.arange(1, table.num_rows + 1))


def _parquet(path: Path) -> Table:
    try:
        return columns_of(parquet.read_table(path), str(path))
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _sheet(path: Path, encoding: str, told: Told) -> Table:
    sheet = Sheet(path, encoding)
    values: dict[str, dict[str, int]] = {}
    codes: dict[str, array[int]] = {}
    lines = array("q")
    for line, row in sheet.rows():
        if None in row:
            raise BadInputError(f"{path} row {line}: more values than columns; quote values that hold delimiters")
        if not lines:
            values, codes = {str(name): {} for name in row}, {str(name): array("q") for name in row}
        for known, column, text in zip(values.values(), codes.values(), row.values(), strict=True):
            column.append(known.setdefault(str(text), len(known)))
        lines.append(line)
        if len(lines) % OFTEN == 0:
            told(OFTEN)
    told(len(lines) % OFTEN)
    found = {
        name: Column(list(values.get(name, ())), np.array(codes.get(name, ()), dtype=np.int64))
        for name in sheet.columns
    }
    return Table(str(path), found, np.array(lines, dtype=np.int64), sheet.number)


def day_of(value: Any, where: str) -> date:
    """A day as people and files write it; BadInputError."""
    day = _day(value)
    if day is None:
        raise BadInputError(f"{where}: {not_a_day(value)}")
    return day


def not_a_day(value: Any) -> str:
    """What to tell people of a value that is no day."""
    return f"a day must look like 2026-11-23, was {value!r}"


def _day(value: Any) -> date | None:
    if hasattr(value, "date"):
        value = value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        return None


def _whole(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().removeprefix("-").isdecimal()
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
