"""Rows of daily sales as a forecast by the day, one series after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from contracts.errors import BadInputError
from contracts.sales_rows import SalesRows
from pricing.daily import LOWER, UPPER, Days, Vector, daily, outages
from pricing.panel import Matrix
from pricing.plans import PRICE
from pricing.rows import OUT, Events, day_units, means

PROMOTIONS = ("promotion", "on_promotion", "promoted")
LONGEST = 1096  # days of history that are looked at: seasons before three years ago say little
RECENT = 28  # open days whose mean is the forecast where the model asks for more


@dataclass(frozen=True)
class DailySales:
    """Days of n series side by side: T that were, and plans for later ones as far as they reach.

    Args:
        names: of the n series.
        first: the first day, proleptic ordinal.
        units: n x T, nan where nothing was reported.
        price: n x P, nan where unknown.
        promoted: n x P.
        holidays: ordinals.
        out: n x T, known to have been out of stock.
    """

    names: tuple[str, ...]
    first: int
    units: Matrix
    price: Matrix
    promoted: npt.NDArray[np.bool_]
    holidays: frozenset[int]
    out: npt.NDArray[np.bool_]

    @property
    def days(self) -> int:
        """How many days of sales there are."""
        return int(self.units.shape[1])

    def day(self, number: int) -> date:
        """A day counted from 0; those from `days` on are ahead."""
        return date.fromordinal(self.first + number)


def days_of(rows: SalesRows, as_of: date | None = None, events: Events | None = None) -> DailySales:
    """Daily rows side by side; with `as_of`, units of that day and later ones are hidden.

    Raises:
        BadInputError: for rows that are weeks, or no day with units.
    """
    if rows.step != "day":
        raise BadInputError(f"{rows.where} holds weeks; a forecast by the day needs a column date with daily sales")
    known = ~np.isnan(rows.units)
    if as_of is not None:
        known &= rows.start < as_of.toordinal()
    if not known.any():
        before = f" before {as_of}" if as_of else ""
        raise BadInputError(f"{rows.where} has no day with units{before}; give rows that say what was sold")
    end = as_of.toordinal() if as_of else int(rows.start[known].max()) + 1
    first = max(int(rows.start.min()), end - LONGEST)
    shape = (len(rows.names), max(int(rows.start.max()) + 1, end) - first)
    kept = rows.start >= first
    series, place = rows.series[kept], (rows.start[kept] - first).astype(np.intp)

    def column(*names: str) -> Matrix:
        found = next((rows.numbers[name] for name in names if name in rows.numbers), None)
        return np.full(shape, np.nan) if found is None else means(found[kept], series, place, shape)

    units = day_units(series, np.where(known, rows.units, np.nan)[kept], place, shape)
    return DailySales(
        rows.names,
        first,
        units[:, : end - first],
        column(PRICE),
        column(*PROMOTIONS) > 0,
        frozenset(day.toordinal() for days in (events or {}).values() for day in days),
        column(OUT)[:, : end - first] > 0,
    )


def forecasts(sales: DailySales, horizon: int, elasticity: float) -> Iterator[tuple[Vector, Vector, Vector]]:
    """Units of the next `horizon` days of each series with an 80 % interval, in the order of the names.

    Prices and promotions ahead are those of the plans; where there is none, the last price and no promotion.
    """
    holiday = np.array([sales.first + n in sales.holidays for n in range(sales.days + horizon)])
    for row in range(len(sales.names)):
        days = Days(
            sales.first,
            sales.units[row],
            _reaching(sales.price[row], sales.days + horizon),
            sales.promoted[row],
            holiday,
            sales.out[row],
        )
        yield _one(days, horizon, elasticity)


def _one(days: Days, horizon: int, elasticity: float) -> tuple[Vector, Vector, Vector]:
    began = int(np.flatnonzero(~np.isnan(days.units))[:1].sum())  # weeks before a product was sold say nothing
    days = Days(
        days.first + began,
        days.units[began:],
        days.price[began:],
        days.promoted[began:],
        days.holiday[began:],
        days.out[began:],
    )
    made = daily(days, elasticity)
    if made is not None:
        return made.units, made.lower, made.upper
    open_days = days.units[~np.isnan(days.units) & ~outages(days.units, days.out)][-RECENT:]
    if not len(open_days):
        return np.zeros(horizon), np.zeros(horizon), np.zeros(horizon)
    mean = float(open_days.mean())
    low, high = np.quantile(open_days, [LOWER, UPPER])
    return np.full(horizon, mean), np.full(horizon, min(low, mean)), np.full(horizon, max(high, mean))


def _reaching(values: Vector, length: int) -> Vector:
    """Cut, or lengthened by nan."""
    result = np.full(length, np.nan)
    result[: len(values)] = values[:length]
    return result
