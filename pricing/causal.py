"""Sales as a function of what is planned: prices, promotions and whatever else is known ahead.

Two models that err in different ways: a regression that extrapolates well, and, where the
same products are sold in several places, a Gaussian process that remembers like weeks.
Their mean was nearer than either on weeks held out. Whether series are grouped, and
whether the second model is asked at all, is settled by held-out weeks of the history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricing.linear import linear
from pricing.panel import Matrix, Panel, wmape
from pricing.plans import Labels
from pricing.process import movements, product_plans
from pricing.shared import decompose

HOLDOUT = 8
BLOCKS = 3
FEWEST_WEEKS = 24
PLACES = 3  # series a product must have on average, that their common movement is more than their noise
CELLS = 3000  # weeks of products that a Gaussian process can take


@dataclass(frozen=True)
class Recipe:
    """How a panel is forecast: which series are the same product, and whether the process is asked too."""

    labels: Labels
    shared: bool = False


def causal(panel: Panel, horizon: int, grouping: Labels | None = None, recipe: Recipe | None = None) -> Matrix:
    """Units of the next weeks, n x horizon, from the plans in `panel.known`.

    Without a recipe the one that would have been best for the last weeks is taken; with a
    grouping, the regression alone with that grouping.
    """
    chosen = recipe or (best_recipe(panel) if grouping is None else Recipe(grouping))
    logs = linear(panel, horizon, chosen.labels)[:, panel.weeks :]
    return _shared(panel, horizon, chosen.labels, logs) if chosen.shared else np.exp(logs)


def _shared(panel: Panel, horizon: int, labels: Labels, logs: Matrix) -> Matrix:
    """Mean of what the process and the regression (log units n x horizon) expect of the movement of each product."""
    parts = decompose(panel, horizon, labels)
    plans = product_plans(panel, horizon, parts.codes, len(parts.movement))
    expected = movements(parts.movement, plans, horizon)
    straight = parts.movement_of(logs)
    straight = np.where(np.isnan(straight), expected, straight)
    both: Matrix = (np.exp(parts.logs(expected)) + np.exp(parts.logs(straight))) / 2
    return np.minimum(both, 2 * np.nanmax(panel.units, initial=0.0))


def best_grouping(panel: Panel) -> Labels:
    """The group whose series are most alike: with it the last weeks would have been forecast best."""
    return best_recipe(panel).labels


def best_recipe(panel: Panel) -> Recipe:
    """The grouping, and with or without the process, that was nearest over up to BLOCKS held-out blocks."""
    alone = ("",) * len(panel.series)
    groupings = list(dict.fromkeys([alone, *(labels for labels in panel.groups.values() if len(set(labels)) > 1)]))
    ends = [panel.weeks - HOLDOUT * back for back in range(1, BLOCKS + 1)]
    ends = [end for end in ends if end >= FEWEST_WEEKS - HOLDOUT]
    if not ends:
        return Recipe(alone)
    missed: dict[Recipe, float] = {}
    actual = np.hstack([panel.units[:, end : end + HOLDOUT] for end in ends])
    for labels in groupings:
        before = [panel.until(end) for end in ends]
        logs = [linear(past, HOLDOUT, labels)[:, past.weeks :] for past in before]
        missed[Recipe(labels)] = wmape(np.exp(np.hstack(logs)), actual)
        if _suits(panel, labels):
            made = [_shared(past, HOLDOUT, labels, log) for past, log in zip(before, logs, strict=True)]
            missed[Recipe(labels, shared=True)] = wmape(np.hstack(made), actual)
    return min(missed, key=lambda recipe: missed[recipe])


def _suits(panel: Panel, labels: Labels) -> bool:
    products = len(set(labels))
    return len(labels) >= PLACES * products and products * panel.weeks <= CELLS
