"""How many units a day a SKU sells, from the intervals its sales are reported in.

Reports by the day go to the daily model (weekday, price, own promotion, holiday, outages left out);
other intervals, short histories and slow movers to a mean in which recent days weigh more.
What was sold while there was nothing to sell (`out_of_stock`) counts in neither.
"""

from __future__ import annotations

import math
from datetime import date

import msgspec
import numpy as np

from contracts.facts import UnitsSold
from contracts.markets import Holiday
from contracts.times import DAY_MS
from pricing.daily import PRICE_SD, DailyForecast, Days, Flags, daily, outages
from pricing.elasticity import Elasticity, assumed, combined, estimate

WINDOW_DAYS = 56
HALF_LIFE_DAYS = 14
Z80 = 1.2816  # 80 % interval
DAILY_DAYS = 84  # whole weeks; fewer than the topic of sales keeps, so that a restart knows as much
AHEAD_DAYS = 28  # whole weeks, so that every weekday counts alike
ELASTICITY = -2.0  # only to bring past prices to today's
UNEVEN = 0.05  # of a day that a daily report may be longer, shorter or later
STEADY = 0.02  # precision of an elasticity that the days do not really speak of
EPOCH = 719_163  # ordinal of 1970-01-01

Holidays = tuple[Holiday, ...]


class Demand(msgspec.Struct, frozen=True):
    """Units a day expected, with an 80 % interval."""

    mean: float
    lower: float
    upper: float


class SalesHistory:
    """Sales of one SKU by interval; a repeated report of an interval replaces the earlier one."""

    __slots__ = ("_made", "_sold", "_version")

    def __init__(self) -> None:
        self._sold: dict[int, UnitsSold] = {}
        self._version = 0
        self._made: tuple[tuple[object, ...], DailyForecast | None] = ((), None)

    def add(self, sold: UnitsSold) -> None:
        """Take a report; one with an empty interval, negative or infinite units says nothing."""
        if sold.interval_end <= sold.interval_start or not 0.0 <= sold.units < math.inf:
            return
        self._sold[sold.interval_start] = sold
        self._version += 1
        oldest = max(self._sold) - 2 * WINDOW_DAYS * DAY_MS
        if min(self._sold) < oldest:
            self._sold = {start: kept for start, kept in self._sold.items() if start >= oldest}

    def reports(self) -> list[UnitsSold]:
        """Every report kept, in time order."""
        return [self._sold[start] for start in sorted(self._sold)]

    def forecast(self, at: int, holidays: Holidays = ()) -> Demand | None:
        """Daily demand of the four weeks from a moment, at the last price; None where the window before it is mute.

        Intervals that ended after `at` are not known yet. The interval is that of the mean
        over the four weeks, not of a single day.
        """
        known = self._known(at)
        if not known or known[-1].interval_end <= at - WINDOW_DAYS * DAY_MS:
            return None
        made = self._daily(known, at, holidays)
        if made is None:
            return _weighted(known, at)
        return Demand(*(round(value / AHEAD_DAYS, 6) for value in made.total))

    def elasticity(self, at: int, prior: float, sd: float = PRICE_SD, holidays: Holidays = ()) -> Elasticity:
        """Own-price elasticity as of a moment: against weekday, level and promotion where reports are by the day."""
        known = self._known(at)
        made = self._daily(known, at, holidays) if known else None
        if made is None:
            return estimate(known, prior, sd)
        believed = 1 / PRICE_SD**2
        precision = 1 / made.elasticity_sd**2 - believed  # what the days say, without what was believed before
        if precision < STEADY:
            return assumed(prior, "steady_price", sd)
        slope = ((precision + believed) * made.elasticity - believed * ELASTICITY) / precision
        return combined(slope, 1 / precision, prior, len(known), sd)

    def _known(self, at: int) -> list[UnitsSold]:
        return [s for s in self.reports() if s.interval_end <= at]

    def _daily(self, known: list[UnitsSold], at: int, holidays: Holidays) -> DailyForecast | None:
        """What the daily model makes of it, kept for the next who asks on the same day."""
        key = (self._version, len(known), (at - known[0].interval_start) // DAY_MS, holidays)
        if self._made[0] != key:
            self._made = (key, _by_day(known, at, holidays))
        return self._made[1]


def _by_day(known: list[UnitsSold], at: int, holidays: Holidays) -> DailyForecast | None:
    """What the daily model says; None where the reports are not by the day or the model asks for more."""
    first = known[0].interval_start
    days = (at - first) // DAY_MS
    starts = np.array([s.interval_start - first for s in known]) / DAY_MS
    lengths = np.array([s.interval_end - s.interval_start for s in known]) / DAY_MS
    place = np.rint(starts).astype(int)
    even = np.abs(np.r_[lengths - 1, starts - place]).max() <= UNEVEN
    if not even or len(set(place.tolist())) < len(place) or place[-1] >= days:
        return None
    units, price = np.full(days, np.nan), np.full(days + AHEAD_DAYS, np.nan)
    promoted, out = np.zeros((2, days), dtype=bool)
    units[place] = [s.units for s in known]
    price[place] = [float(s.price_minor or 0) for s in known]
    promoted[place] = [s.on_promotion for s in known]
    out[place] = [s.out_of_stock for s in known]
    skipped = max(0, days - DAILY_DAYS)
    day = (first + DAY_MS // 2) // DAY_MS + EPOCH + skipped
    free = _free(holidays, day, len(price) - skipped)
    return daily(Days(day, units[skipped:], price[skipped:], promoted[skipped:], free, out[skipped:]), ELASTICITY)


def _free(holidays: Holidays, first: int, count: int) -> Flags:
    """Which of the days from `first` on (date.toordinal) are holidays."""
    days = [date.fromordinal(first + number) for number in range(count)] if holidays else []
    return np.array([any(one.holds(day) for one in holidays) for day in days], dtype=bool)


def _weighted(known: list[UnitsSold], at: int) -> Demand | None:
    """Mean of the window in which recent days weigh more: half as much every two weeks."""
    known = _without_outages([s for s in known if s.interval_end > at - WINDOW_DAYS * DAY_MS])
    if not known:
        return None
    days = [(s.interval_end - s.interval_start) / DAY_MS for s in known]
    weights = [math.pow(0.5, (at - s.interval_end) / DAY_MS / HALF_LIFE_DAYS) for s in known]
    exposure = math.fsum(w * d for w, d in zip(weights, days, strict=True))
    mean = math.fsum(w * s.units for w, s in zip(weights, known, strict=True)) / exposure
    # Counts scatter at least as a Poisson does, usually more.
    scatter = math.fsum(
        w * (s.units - mean * d) ** 2 / d for w, s, d in zip(weights, known, days, strict=True)
    ) / math.fsum(weights)
    error = Z80 * math.sqrt(max(scatter, mean, 1 / exposure) / exposure)
    return Demand(round(mean, 6), round(max(0.0, mean - error), 6), round(mean + error, 6))


def _without_outages(known: list[UnitsSold]) -> list[UnitsSold]:
    """Without known outages and, of reports by the day, without runs of days that chance does not leave empty."""
    sold = [s for s in known if not s.out_of_stock]
    if any(abs((s.interval_end - s.interval_start) / DAY_MS - 1) > UNEVEN for s in known):
        return sold
    out = outages(np.array([s.units for s in known]), np.array([s.out_of_stock for s in known], dtype=bool))
    return [s for s, gone in zip(known, out, strict=True) if not gone] or sold
