"""Units a week ahead for many series: which method serves a panel, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from contracts.errors import BadInputError
from pricing.causal import causal
from pricing.panel import Forecast, Matrix, Panel, wmape
from pricing.seasonal import RECENT, YEAR, filled, seasonal

Method = Callable[[Panel, int], Matrix]
LOWER, UPPER = 0.1, 0.9
LEVEL_WEEKS = 8
MINIMUM_FOR_PLANS = 12
MOST_OFF = 3.0  # logarithm of 20: what is further off says nothing about the spread of the rest


def forecast(panel: Panel, horizon: int) -> Forecast:
    """Units of the next `horizon` weeks with an 80 % interval, from the method that suits the panel.

    Raises:
        BadInputError: for no week of history, or a horizon outside 1..52.
    """
    if not 1 <= horizon <= YEAR:
        raise BadInputError(f"the horizon must be 1 to {YEAR} weeks, was {horizon}")
    if panel.weeks == 0 or np.isnan(panel.units).all():
        raise BadInputError("a forecast needs at least one week with units before it begins, was none")
    method = choose(panel)
    units = np.maximum(method(panel, horizon), 0.0)
    lower, upper = _spread(panel, horizon, method)
    return Forecast(units, units * lower, units * upper)


def choose(panel: Panel) -> Method:
    """Plans where they vary, last year where there is one, else the recent level."""
    if panel.weeks >= MINIMUM_FOR_PLANS and any(_varies(values[:, : panel.weeks]) for values in panel.known.values()):
        return causal
    if panel.weeks >= YEAR + RECENT:
        return seasonal
    return level


def level(panel: Panel, horizon: int) -> Matrix:
    """The mean of the last weeks, for series with too short a past for anything else."""
    return np.repeat(filled(panel.units)[:, -LEVEL_WEEKS:].mean(axis=1, keepdims=True), horizon, axis=1)


def _varies(values: Matrix) -> bool:
    known = values[~np.isnan(values)]
    return known.size > 0 and float(known.max() - known.min()) > 1e-9


def _spread(panel: Panel, horizon: int, method: Method) -> tuple[Matrix, Matrix]:
    """Factors to the bounds, n x 1: how far the same method was off for the last weeks, had it been asked then.

    A series' own scatter is mixed with that of all, for a few weeks say little.
    """
    held = min(horizon, 8, panel.weeks // 3)
    before = panel.until(panel.weeks - held) if held else panel
    if held == 0 or choose(before) is not method:
        return np.full((1, 1), 0.5), np.full((1, 1), 1.5)
    actual, guessed = panel.units[:, -held:], np.maximum(method(before, held), 0.0)
    usable = (actual > 0) & (guessed > 0)
    if not usable.any():
        return np.full((1, 1), 0.5), np.full((1, 1), 1.5)
    off = np.log(np.where(usable, actual, 1.0)) - np.log(np.where(usable, guessed, 1.0))
    off = np.clip(off, -MOST_OFF, MOST_OFF)
    everyone = max(float(np.abs(off[usable]).mean()), 1e-6)
    count = usable.sum(axis=1)
    own = (np.abs(off).sum(axis=1) + held * everyone) / (count + held) / everyone
    scaled = (off / own[:, None])[usable]
    low, high = np.quantile(scaled, [LOWER, UPPER])
    return np.exp(min(low, 0.0) * own)[:, None], np.exp(max(high, 0.0) * own)[:, None]


def accuracy(panel: Panel, origins: tuple[int, ...], horizon: int) -> dict[int, float]:
    """WMAPE by origin: forecasts made after so many weeks against what then happened."""
    return {
        origin: wmape(forecast(panel.until(origin), horizon).units, panel.units[:, origin : origin + horizon])
        for origin in origins
    }
