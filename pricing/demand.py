"""How many units a day a SKU sells, from the intervals its sales are reported in."""

from __future__ import annotations

import math

import msgspec

from contracts.facts import UnitsSold
from contracts.times import DAY_MS

WINDOW_DAYS = 56
HALF_LIFE_DAYS = 14
Z80 = 1.2816  # 80 % interval


class Demand(msgspec.Struct, frozen=True):
    """Units a day expected, with an 80 % interval."""

    mean: float
    lower: float
    upper: float


class SalesHistory:
    """Sales of one SKU by interval; a repeated report of an interval replaces the earlier one."""

    __slots__ = ("_sold",)

    def __init__(self) -> None:
        self._sold: dict[int, UnitsSold] = {}

    def add(self, sold: UnitsSold) -> None:
        """Take a report; one with an empty interval, negative or infinite units says nothing."""
        if sold.interval_end <= sold.interval_start or not 0.0 <= sold.units < math.inf:
            return
        self._sold[sold.interval_start] = sold
        oldest = max(self._sold) - 2 * WINDOW_DAYS * DAY_MS
        if min(self._sold) < oldest:
            self._sold = {start: kept for start, kept in self._sold.items() if start >= oldest}

    def reports(self) -> list[UnitsSold]:
        """Every report kept, in time order."""
        return [self._sold[start] for start in sorted(self._sold)]

    def forecast(self, at: int) -> Demand | None:
        """Daily demand as of a moment; None where nothing was reported in the window before it.

        Recent days weigh more (half as much every two weeks); intervals that ended after
        `at` are not known yet.
        """
        known = [s for s in self.reports() if at - WINDOW_DAYS * DAY_MS < s.interval_end <= at]
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
