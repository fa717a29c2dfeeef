"""Sales of many series as people keep them, by the week or by the day: CSV, Excel or Parquet."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contracts.errors import BadInputError
from contracts.forecasts import Step
from contracts.sales_rows import SalesRows
from runtime.columns import Codes, Table, Told, day_of, read_columns
from runtime.sheets import Sheet

SERIES, STARTS, UNITS = ("series", "sku"), ("date", "day", "week"), ("units",)
EVENTS = ("event", "name", "holiday")


def read_sales(path: Path, encoding: str = "", told: Told = lambda _rows: None) -> SalesRows:
    """All rows of a file, see `sales_of`; BadInputError.

    Args:
        encoding: of a CSV file, see `runtime.sheets.Sheet`.
        told: hears of rows read, some at a time.
    """
    return sales_of(read_columns(path, encoding, told))


def sales_of(table: Table) -> SalesRows:
    """A table with the columns series (or sku), date, day or week, and units.

    A column `date` or `day` whose days all lie whole weeks apart holds weeks. Further columns of
    numbers, or of yes and no, become `numbers`; those of words `texts`, and so do whole numbers
    that never change within a series and are shared by several: they name a group.

    Raises:
        BadInputError: for a missing column, no rows, or a value that is no day, number or name.
    """
    name, when, units = (table.named(names) for names in (SERIES, STARTS, UNITS))
    if not len(table.lines):
        raise BadInputError(f"{table.where} holds no rows")
    names, series = table.names(name)
    start = table.days(when)
    rows = SalesRows(table.where, _step(when, start), names, series, start, table.numbers(units), lines=table.lines)
    for column in table.columns:
        if column not in (name, when, units):
            _take(rows, table, column)
    return rows


def _step(name: str, start: Codes) -> Step:
    apart = start - start.min()
    return "day" if name != "week" and ((apart % 7).any() or not apart.any()) else "week"


def _take(rows: SalesRows, table: Table, name: str) -> None:
    """A further column, as numbers where it holds them; BadInputError where it does so but for a slip."""
    if not table.mostly_numbers(name):
        rows.texts[name] = table.texts(name)
        return
    found = table.numbers(name)
    if table.whole(name) and _names_a_group(table.columns[name].codes, rows.series, len(rows.names)):
        rows.texts[name] = table.texts(name)
    elif not np.isnan(found).all():
        rows.numbers[name] = found


def _names_a_group(codes: Codes, series: npt.NDArray[np.intp], count: int) -> bool:
    """Whether a value is the same in all rows of a series and shared by several: shop 3, not price 3."""
    first = np.zeros(count, dtype=np.int64)
    first[series] = codes
    return bool((first[series] == codes).all()) and 1 < len(np.unique(first)) <= count // 2


def read_events(path: Path, encoding: str = "") -> dict[str, list[date]]:
    """Days by event from a table with the columns date and event (or name, holiday); BadInputError."""
    if not path.is_file():
        raise BadInputError(f"calendar {path} does not exist; give a CSV with the columns date and event")
    events: dict[str, list[date]] = {}
    for line, row in Sheet(path, encoding).rows():
        name = next((str(row[column]) for column in EVENTS if row.get(column)), "event")
        events.setdefault(name, []).append(day_of(row.get("date") or row.get("week"), f"{path} row {line}"))
    return events
