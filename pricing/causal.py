"""Sales as a function of what is planned: prices, promotions and whatever else is known ahead.

A log-linear regression per group of like series, each series with its own level. What a
group's own weeks say about its coefficients is shrunk towards what all groups have in
common, for promotions are few. Errors count by size, not by square, and large series more,
as the measure WMAPE has it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel, wmape
from pricing.plans import Labels, features

HALF_LIFE_WEEKS = 52
ROUNDS = 5  # of reweighting towards least absolute errors
NEAREST = 0.2  # errors below it are treated as squares
RIDGE = 1.0
SHRINKAGE = 0.25  # the common coefficients weigh as much as this share of a group's rows
HOLDOUT = 8

Rows = npt.NDArray[np.intp]


def causal(panel: Panel, horizon: int, grouping: Labels | None = None) -> Matrix:
    """Units of the next weeks, n x horizon, from the plans in `panel.known`.

    Without a grouping the one that would have been best for the last weeks is taken.
    """
    labels = grouping if grouping is not None else best_grouping(panel)
    inputs = features(panel, horizon, labels)
    count, weeks = panel.units.shape
    series, week = np.nonzero(panel.units > 0)  # a week without sales has no logarithm, and mostly no stock
    if len(series) == 0:
        return np.zeros((count, horizon))
    inputs = inputs / np.maximum(inputs[series, week].std(axis=0), 1e-9)
    centre = inputs[series, week].mean(axis=0)
    x, y = inputs[series, week] - centre, np.log(panel.units[series, week])
    weight = 0.5 ** ((weeks - week) / HALF_LIFE_WEEKS) * np.sqrt(panel.units[series, week])
    weight /= weight.mean()
    common, levels = _regress(x, y, weight, series, count, np.zeros(x.shape[1]), RIDGE)
    slopes = np.repeat(common[None, :], count, axis=0)
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    for code in range(len(names) if len(names) > 1 else 0):
        own = codes[series] == code
        if own.any():
            rows, local = np.unique(series[own], return_inverse=True)
            fitted = _regress(x[own], y[own], weight[own], local, len(rows), common, SHRINKAGE * int(own.sum()))
            slopes[codes == code], levels[rows] = fitted
    ahead = inputs[:, weeks : weeks + horizon] - centre
    logs = np.einsum("nhk,nk->nh", ahead, slopes) + levels[:, None]
    result: Matrix = np.exp(np.clip(logs, y.min() - 1, y.max() + 1))
    result[~(panel.units > 0).any(axis=1)] = 0.0
    return result


def _regress(
    x: Matrix, y: Matrix, weight: Matrix, series: Rows, count: int, prior: Matrix, ridge: float
) -> tuple[Matrix, Matrix]:
    """Slopes drawn towards `prior` and a level for each series, by least absolute errors."""
    order = np.argsort(series, kind="stable")
    sorted_series = series[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_series) > 0])
    present = sorted_series[starts]
    current, slopes, levels = weight, prior, np.zeros(count)
    for _ in range(ROUNDS):
        total = np.bincount(series, current, count) + 1e-9
        mean_y = np.bincount(series, current * y, count) / total
        mean_x = np.zeros((count, x.shape[1]))
        mean_x[present] = np.add.reduceat((x * current[:, None])[order], starts, axis=0) / total[present][:, None]
        within = x - mean_x[series]
        weighted = within * current[:, None]
        pull = ridge * current.mean()
        slopes = np.linalg.solve(
            weighted.T @ within + pull * np.eye(x.shape[1]), weighted.T @ (y - mean_y[series]) + pull * prior
        )
        levels = mean_y - mean_x @ slopes
        current = weight / np.maximum(np.abs(y - levels[series] - x @ slopes), NEAREST)
    return slopes, levels


def best_grouping(panel: Panel) -> Labels:
    """The group whose series are most alike: with it the last weeks would have been forecast best."""
    alone = ("",) * len(panel.series)
    choices = [alone, *panel.groups.values()]
    if len(choices) == 1 or panel.weeks < 3 * HOLDOUT:
        return choices[0]
    before = panel.until(panel.weeks - HOLDOUT)
    actual = panel.units[:, -HOLDOUT:]
    return min(choices, key=lambda labels: wmape(causal(before, HOLDOUT, labels), actual))
