"""Rows of sales as the panel that is forecast by the week: days are summed, weeks without stock are left open.

A week, or a day, with nothing to sell says nothing about demand. What a week would have sold is
reckoned from its open days where there are enough of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from contracts.errors import BadInputError
from contracts.sales_rows import SalesRows
from pricing.panel import Matrix, Panel

OUT = "out_of_stock"  # 0 or 1, or the share of the week
OPEN = 4 / 7  # of a week that must have been open to say what all of it would have sold
WEEK = 7

Events = Mapping[str, Sequence[date]]
Places = npt.NDArray[np.intp]


def weeks_of(rows: SalesRows, as_of: date | None = None, events: Events | None = None) -> Panel:
    """Rows as a panel; weeks after the last one with units hold plans only.

    Weeks of daily rows begin on Monday; a week that the rows do not cover to its end, or from its
    beginning, has no units. With `as_of`, units of weeks that had not ended by that day are hidden.

    Raises:
        BadInputError: for weeks that begin on different weekdays, or no week with units.
    """
    first, ends = _first(rows), rows.start + (1 if rows.step == "day" else WEEK)
    week = ((rows.start - first) // WEEK).astype(np.intp)
    units = rows.units if as_of is None else np.where(ends <= as_of.toordinal(), rows.units, np.nan)
    if np.isnan(units).all():
        by = f" that ended by {as_of}" if as_of else ""
        raise BadInputError(f"{rows.where} has no {rows.step} with units{by}; give rows that say what was sold")
    shape = (len(rows.names), int(week.max()) + 1)
    placed = _summed(rows, units, first, shape) if rows.step == "day" else _weeks(rows, units, week, shape)
    end = int(ends[~np.isnan(units)].max()) if as_of is None else as_of.toordinal()
    placed = placed[:, : (end - first) // WEEK]
    if np.isnan(placed).all():
        raise BadInputError(f"{rows.where} has no whole week with units, from Monday to Sunday; give more days")
    known = _plans(rows, week, shape)
    known |= {name: _event_row(on, first, shape) for name, on in (events or {}).items()} if known else {}
    return Panel(rows.names, date.fromordinal(first), placed, known, constant_texts(rows) | name_parts(rows.names))


def _plans(rows: SalesRows, week: Places, shape: tuple[int, int]) -> dict[str, Matrix]:
    """Further columns of numbers, and of words that come and go: whether they say anything."""
    constant = constant_texts(rows)
    flags = {name: np.array(words) != "" for name, words in rows.texts.items() if name not in constant}
    into = means if rows.step == "day" else _placed
    return {
        name: into(np.asarray(of, dtype=np.float64), rows.series, week, shape)
        for name, of in {**rows.numbers, **flags}.items()
        if name != OUT
    }


def _first(rows: SalesRows) -> int:
    """Where the weeks begin: for days the Monday of the first, for weeks the first, if all begin on its weekday."""
    first = int(rows.start.min())
    if rows.step == "day":
        return first - date.fromordinal(first).weekday()
    wrong = (rows.start - first) % WEEK != 0
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadInputError(
            f"{rows.place(row)}: weeks must begin on one weekday, was {date.fromordinal(int(rows.start[row]))} beside"
            f" {date.fromordinal(first)}; name the column date if rows are days"
        )
    return first


def _weeks(rows: SalesRows, units: Matrix, week: Places, shape: tuple[int, int]) -> Matrix:
    out = rows.numbers.get(OUT)
    if out is None:
        return _placed(units, rows.series, week, shape)
    share = 1.0 - np.clip(np.nan_to_num(out), 0.0, 1.0)
    return _placed(np.where(share >= OPEN, units / np.maximum(share, OPEN), np.nan), rows.series, week, shape)


def _summed(rows: SalesRows, units: Matrix, first: int, shape: tuple[int, int]) -> Matrix:
    """Units of the weeks, from their open days; those that the days do not cover to both ends have none."""
    place = (rows.start - first).astype(np.intp)
    by_day = (shape[0], shape[1] * WEEK)
    days = day_units(rows.series, units, place, by_day)
    if OUT in rows.numbers:
        days[means(rows.numbers[OUT], rows.series, place, by_day) > 0] = np.nan
    cells = days.reshape(*shape, WEEK)
    seen = ~np.isnan(cells)
    count = seen.sum(axis=2)
    reported = place[~np.isnan(units)]
    week = np.arange(shape[1]) * WEEK
    usable = (count >= OPEN * WEEK) & (week >= reported.min()) & (week + WEEK - 1 <= reported.max())
    return np.where(usable, np.where(seen, cells, 0.0).sum(axis=2) * WEEK / np.maximum(count, 1), np.nan)


def day_units(series: Places, units: Matrix, place: Places, shape: tuple[int, int]) -> Matrix:
    """Units of rows by series and day, n x days.

    Where no row ever says 0, the rows are those of a till: a day without a row, between the first
    of its series and the last of all, sold nothing. Otherwise it was not reported.
    """
    result = _totals(units, series, place, shape)
    seen = ~np.isnan(units)
    if (units[seen] == 0).any():
        return result
    began = np.full(shape[0], shape[1])
    np.minimum.at(began, series[seen], place[seen])
    day = np.arange(shape[1])
    nothing = np.isnan(result) & (day >= began[:, None]) & (day <= place[seen].max(initial=-1))
    return np.where(nothing, 0.0, result)


def constant_texts(rows: SalesRows) -> dict[str, tuple[str, ...]]:
    """Columns of words that never change within a series: its groups."""
    found = {}
    for name, words in rows.texts.items():
        of = dict(zip(rows.series.tolist(), words, strict=True))
        if all(of[row] == word for row, word in zip(rows.series.tolist(), words, strict=True)):
            found[name] = tuple(of[row] for row in range(len(rows.names)))
    return found


def name_parts(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Groups from names like store-product or s12b3: each part that several series share."""
    parts = [re.split(r"[^0-9A-Za-z.]+", name) for name in names]
    if all(len(split) == 1 for split in parts):
        parts = [re.split(r"(?<=[0-9])(?=[A-Za-z])", name) for name in names]
    if len({len(split) for split in parts}) != 1 or len(parts[0]) < 2:
        return {}
    columns = {f"name part {number + 1}": tuple(split[number] for split in parts) for number in range(len(parts[0]))}
    return {name: labels for name, labels in columns.items() if 1 < len(set(labels)) <= len(names) // 2}


def _placed(values: Matrix, series: Places, week: Places, shape: tuple[int, int]) -> Matrix:
    """One column as a matrix; where a series has a week twice, the later row counts."""
    matrix = np.full(shape, np.nan)
    matrix[series, week] = values
    return matrix


def _totals(values: Matrix, series: Places, place: Places, shape: tuple[int, int]) -> Matrix:
    """Sums by cell, nan where no row says a value."""
    seen = ~np.isnan(values)
    cell = series[seen] * shape[1] + place[seen]
    size = shape[0] * shape[1]
    total = np.bincount(cell, values[seen], size)
    result: Matrix = np.where(np.bincount(cell, minlength=size) > 0, total, np.nan).reshape(shape)
    return result


def means(values: Matrix, series: Places, place: Places, shape: tuple[int, int]) -> Matrix:
    """What a column says in each cell in the mean of its rows, nan where it says nothing."""
    count = _totals(np.where(np.isnan(values), np.nan, 1.0), series, place, shape)
    result: Matrix = _totals(values, series, place, shape) / count
    return result


def _event_row(days: Sequence[date], first: int, shape: tuple[int, int]) -> Matrix:
    row = np.zeros(shape[1])
    for day in days:
        at = (day.toordinal() - first) // WEEK
        if 0 <= at < shape[1]:
            row[at] += 1
    return np.repeat(row[None, :], shape[0], axis=0)
