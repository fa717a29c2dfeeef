"""What was sold and what is expected of many series, by the week or by the day: one shape for tables and plots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from contracts.errors import BadInputError
from contracts.forecasts import Model, Step
from contracts.policy import DEFAULT
from pricing.day_rows import DailySales, forecasts
from pricing.forecast import forecast
from pricing.panel import Forecast, Matrix, Panel

LONGEST_DAYS = 364
ELASTICITY = DEFAULT.pricing.default_elasticity  # before a series' own prices say


@dataclass(frozen=True)
class Outlook:
    """A forecast beside its history.

    Args:
        step: of a column.
        names: of the n series.
        starts: first days of the T steps that were and of the H ahead.
        units: n x T, nan where nothing was reported.
        ahead: what is expected of the H.
    """

    step: Step
    names: tuple[str, ...]
    starts: tuple[date, ...]
    units: Matrix
    ahead: Forecast

    @property
    def to_come(self) -> tuple[date, ...]:
        """First days of the steps ahead."""
        return self.starts[self.units.shape[1] :]


def by_week(panel: Panel, horizon: int, model: Model) -> Outlook:
    """Of the next weeks; BadInputError as `pricing.forecast.forecast`."""
    made = forecast(panel, horizon, model)
    starts = tuple(panel.week(number) for number in range(panel.weeks + horizon))
    return Outlook("week", panel.series, starts, panel.units, made)


def by_day(sales: DailySales, horizon: int, told: Callable[[int], object] = lambda _series: None) -> Outlook:
    """Of the next days; `told` hears of each series. BadInputError for a horizon outside 1..LONGEST_DAYS."""
    if not 1 <= horizon <= LONGEST_DAYS:
        raise BadInputError(f"the horizon must be 1 to {LONGEST_DAYS} days, was {horizon}")
    found = []
    for one in forecasts(sales, horizon, ELASTICITY):
        found.append(one)
        told(1)
    units, lower, upper = (np.maximum(np.stack(part), 0.0) for part in zip(*found, strict=True))
    starts = tuple(sales.day(number) for number in range(sales.days + horizon))
    return Outlook("day", sales.names, starts, sales.units, Forecast(units, lower, upper, "daily"))
