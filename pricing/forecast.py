"""Units a week ahead for many series: which method serves a panel, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from contracts.errors import BadInputError
from pricing.causal import best_recipe, causal
from pricing.panel import Forecast, Matrix, Panel, wmape
from pricing.plans import PRICE
from pricing.seasonal import RECENT, YEAR, filled, seasonal

Method = Callable[[Panel, int], Matrix]
LOWER, UPPER = 0.1, 0.9
LEVEL_WEEKS = 8
HELD = 8  # weeks that a method is tried on before it is believed
BLOCKS = 3
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
    if method is causal:
        method = partial(causal, recipe=best_recipe(panel))
    units = np.maximum(method(panel, horizon), 0.0)
    lower, upper = _spread(panel, horizon, method)
    return Forecast(units, units * lower, units * upper)


def choose(panel: Panel) -> Method:
    """Plans where they differ between series, last year where there is one, else the recent level.

    Where both would do, the one that was nearer for the last weeks. What but a price is the
    same for all series, such as a holiday, the same week last year had too.
    """
    plans = [values[:, : panel.weeks] for values in panel.known.values()]
    usable = panel.weeks >= MINIMUM_FOR_PLANS and any(_varies(values) for values in plans)
    if not usable:
        return seasonal if panel.weeks >= YEAR + RECENT else level
    if panel.weeks < YEAR + RECENT:
        return causal
    own = (_varies(v) if name == PRICE else _differs(v) for name, v in zip(panel.known, plans, strict=True))
    if not any(own):
        return seasonal
    if panel.weeks < YEAR + RECENT + HELD:
        return causal
    before, actual = panel.until(panel.weeks - HELD), panel.units[:, -HELD:]
    return min((causal, seasonal), key=lambda method: wmape(method(before, HELD), actual))


def level(panel: Panel, horizon: int) -> Matrix:
    """The mean of the last weeks, for series with too short a past for anything else."""
    return np.repeat(filled(panel.units)[:, -LEVEL_WEEKS:].mean(axis=1, keepdims=True), horizon, axis=1)


def _varies(values: Matrix) -> bool:
    """Whether a column says different things at all."""
    known = values[~np.isnan(values)]
    return known.size > 0 and float(known.max() - known.min()) > 1e-9


def _differs(values: Matrix) -> bool:
    """Whether series differ in the same week, or one differs from itself where there is but one."""
    if len(values) == 1:
        return _varies(values)
    seen = values[:, ~np.isnan(values).all(axis=0)]
    return seen.size > 0 and bool((np.nanmax(seen, axis=0) - np.nanmin(seen, axis=0) > 1e-9).any())


def _spread(panel: Panel, horizon: int, method: Method) -> tuple[Matrix, Matrix]:
    """Factors to the bounds, n x 1: how far the same method was off for the last weeks, had it been asked then.

    A series' own scatter is mixed with that of all, for a few weeks say little.
    """
    actual, guessed = _asked_before(panel, min(horizon, HELD, panel.weeks // 3), method)
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


def _asked_before(panel: Panel, held: int, method: Method) -> tuple[Matrix, Matrix]:
    """Actual units and what the method had said, for up to BLOCKS blocks of the last weeks, side by side."""
    enough = YEAR + RECENT if method is seasonal else 1 if method is level else MINIMUM_FOR_PLANS
    actual, guessed = [panel.units[:, :0]], [panel.units[:, :0]]
    for block in range(BLOCKS if held else 0):
        end = panel.weeks - block * held
        if end - held < enough:
            break
        actual.append(panel.units[:, end - held : end])
        guessed.append(np.maximum(method(panel.until(end - held), held), 0.0))
    return np.hstack(actual), np.hstack(guessed)


def accuracy(panel: Panel, origins: tuple[int, ...], horizon: int) -> dict[int, float]:
    """WMAPE by origin: forecasts made after so many weeks against what then happened."""
    return {
        origin: wmape(forecast(panel.until(origin), horizon).units, panel.units[:, origin : origin + horizon])
        for origin in origins
    }
