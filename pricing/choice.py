"""Which method serves a panel, settled by its own past and never by what is still to come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from contracts.errors import BadInputError
from contracts.forecasts import Model
from pricing.boosted import ENOUGH, Boosted, available, library
from pricing.causal import best_recipe, causal
from pricing.panel import Matrix, Panel, wmape
from pricing.plans import PRICE
from pricing.seasonal import RECENT, YEAR, filled, seasonal

Method = Callable[[Panel, int], Matrix]
LEVEL_WEEKS = 8
HELD = 8  # weeks that a method is tried on before it is believed
BLOCKS = 3
MINIMUM_FOR_PLANS = 12


def method_for(panel: Panel, horizon: int, model: Model) -> tuple[Method, str, int]:
    """The method, its name for people, and the weeks of history that it needs.

    `baseline` needs numpy alone; `boosted` is the mean of it and of gradient boosting; `auto` is
    that mean where it can be had and was nearer for the held-out weeks.

    Raises:
        BadInputError: for `boosted` without the extra, or with too short a past.
    """
    chosen = choose(panel)
    enough = YEAR + RECENT if chosen is seasonal else 1 if chosen is level else MINIMUM_FOR_PLANS
    base = remembered(partial(causal, recipe=best_recipe(panel)) if chosen is causal else chosen)
    name = chosen.__name__
    if model == "boosted":
        library()
        if panel.weeks < ENOUGH:
            raise BadInputError(f"the boosted model needs {ENOUGH} weeks of history, was {panel.weeks}; take auto")
        return with_boosted(base, panel, horizon), f"{name} and boosted", enough
    if model == "auto" and available() and panel.weeks >= ENOUGH + HELD:
        both = with_boosted(base, panel, horizon)
        if missed(both, panel, ENOUGH) < missed(base, panel, ENOUGH):
            return both, f"{name} and boosted", enough
    return base, name, enough


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


def with_boosted(base: Method, panel: Panel, horizon: int) -> Method:
    """The mean of a method and of gradient boosting, which err in different ways; of a past too short, the method's."""
    boosted = Boosted(panel, max(horizon, HELD))

    def both(past: Panel, ahead: int) -> Matrix:
        if past.weeks < ENOUGH:
            return base(past, ahead)
        return (np.maximum(base(past, ahead), 0.0) + boosted(past, ahead)) / 2

    return remembered(both)


def remembered(method: Method) -> Method:
    """The same for one panel and its pasts, each asked but once."""
    made: dict[tuple[int, int], Matrix] = {}

    def asked(panel: Panel, horizon: int) -> Matrix:
        key = (panel.weeks, horizon)
        if key not in made:
            made[key] = method(panel, horizon)
        return made[key]

    return asked


def asked_before(panel: Panel, held: int, method: Method, enough: int) -> tuple[Matrix, Matrix]:
    """Actual units and what the method had said, for up to BLOCKS blocks of the last weeks, side by side."""
    actual, guessed = [panel.units[:, :0]], [panel.units[:, :0]]
    for block in range(BLOCKS if held else 0):
        end = panel.weeks - block * held
        if end - held < enough:
            break
        actual.append(panel.units[:, end - held : end])
        guessed.append(np.maximum(method(panel.until(end - held), held), 0.0))
    return np.hstack(actual), np.hstack(guessed)


def missed(method: Method, panel: Panel, enough: int) -> float:
    """WMAPE over the held-out blocks that leave enough weeks before them."""
    actual, guessed = asked_before(panel, HELD, method, enough)
    return wmape(guessed, actual)


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
