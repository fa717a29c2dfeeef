"""Sales as a function of what is planned, a log-linear regression per group of like series.

Each series has its own level. What a group's own weeks say about its coefficients is shrunk
towards what all groups have in common, for promotions are few. Errors count by size, not by
square, and large series more, as the measure WMAPE has it; so the exponential of the
logarithm is the median that WMAPE asks for, and nothing is added for its spread.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel
from pricing.plans import Labels, features

HALF_LIFE_WEEKS = 52
ROUNDS = 5  # of reweighting towards least absolute errors
NEAREST = 0.2  # errors below it are treated as squares
RIDGE = 1.0
SHRINKAGE = 0.25  # the common coefficients weigh as much as this share of a group's rows

Cube = npt.NDArray[np.float64]


def linear(panel: Panel, horizon: int, labels: Labels) -> Matrix:
    """Logarithm of the units of every week that was and that is to come, n x (T + horizon).

    A series that never sold has minus infinity.
    """
    count, weeks = panel.units.shape
    inputs = features(panel, horizon, labels)
    sold = panel.units > 0  # a week without sales has no logarithm, and mostly no stock
    result = np.full((count, weeks + horizon), -np.inf)
    if not sold.any():
        return result
    inputs /= np.maximum(inputs[:, :weeks][sold].std(axis=0), 1e-9)
    inputs -= inputs[:, :weeks][sold].mean(axis=0)
    x, y = inputs[:, :weeks], np.log(np.where(sold, panel.units, 1.0))
    age = weeks - np.arange(weeks)
    weight = np.where(sold, 0.5 ** (age / HALF_LIFE_WEEKS) * np.sqrt(np.where(sold, panel.units, 0.0)), 0.0)
    weight /= weight[sold].mean()
    common, levels = _regress(x, y, weight, np.zeros(x.shape[2]), RIDGE)
    slopes = np.repeat(common[None, :], count, axis=0)
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    for code in range(len(names) if len(names) > 1 else 0):
        own = codes == code
        rows = int(sold[own].sum())
        if rows:
            slopes[own], levels[own] = _regress(x[own], y[own], weight[own], common, SHRINKAGE * rows)
    logs = np.einsum("nhk,nk->nh", inputs, slopes) + levels[:, None]
    sells = sold.any(axis=1)
    result[sells] = np.clip(logs, y[sold].min() - 1, y[sold].max() + 1)[sells]
    return result


def _regress(x: Cube, y: Matrix, weight: Matrix, prior: Matrix, ridge: float) -> tuple[Matrix, Matrix]:
    """Slopes drawn towards `prior` and a level for each series, by least absolute errors; weight 0 is a gap."""
    rows = max(1, int((weight > 0).sum()))
    current, slopes, levels = weight, prior, np.zeros(len(y))
    for _ in range(ROUNDS):
        total = current.sum(axis=1) + 1e-9
        mean_y = (current * y).sum(axis=1) / total
        weighted = x * current[:, :, None]
        mean_x = weighted.sum(axis=1) / total[:, None]
        gram = np.tensordot(weighted, x, axes=([0, 1], [0, 1])) - (mean_x * total[:, None]).T @ mean_x
        target = np.tensordot(weighted, y, axes=([0, 1], [0, 1])) - mean_x.T @ (total * mean_y)
        pull = ridge * current.sum() / rows
        slopes = np.linalg.solve(gram + pull * np.eye(x.shape[2]), target + pull * prior)
        levels = mean_y - mean_x @ slopes
        current = weight / np.maximum(np.abs(y - levels[:, None] - x @ slopes), NEAREST)
    return slopes, levels
