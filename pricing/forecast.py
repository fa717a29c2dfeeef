"""Units a week ahead for many series, and how sure they are."""

from __future__ import annotations

import numpy as np

from contracts.errors import BadInputError
from contracts.forecasts import Model
from pricing.choice import HELD, Method, asked_before, method_for
from pricing.panel import Forecast, Matrix, Panel, wmape
from pricing.seasonal import YEAR

LOWER, UPPER = 0.1, 0.9
MOST_OFF = 3.0  # logarithm of 20: what is further off says nothing about the spread of the rest


def forecast(panel: Panel, horizon: int, model: Model = "baseline") -> Forecast:
    """Units of the next `horizon` weeks with an 80 % interval, from the method that suits the panel.

    Raises:
        BadInputError: for no week of history, a horizon outside 1..52, or a model that cannot be had.
    """
    if not 1 <= horizon <= YEAR:
        raise BadInputError(f"the horizon must be 1 to {YEAR} weeks, was {horizon}")
    if panel.weeks == 0 or np.isnan(panel.units).all():
        raise BadInputError("a forecast needs at least one week with units before it begins, was none")
    method, name, enough = method_for(panel, horizon, model)
    units = np.maximum(method(panel, horizon), 0.0)
    lower, upper = _spread(panel, horizon, method, enough)
    return Forecast(units, units * lower, units * upper, name)


def _spread(panel: Panel, horizon: int, method: Method, enough: int) -> tuple[Matrix, Matrix]:
    """Factors to the bounds, n x 1: how far the same method was off for the last weeks, had it been asked then.

    A series' own scatter is mixed with that of all, for a few weeks say little.
    """
    actual, guessed = asked_before(panel, min(horizon, HELD, panel.weeks // 3), method, enough)
    held = actual.shape[1]
    if held == 0:
        return np.full((1, 1), 0.5), np.full((1, 1), 1.5)
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
