"""Sales as a function of what is planned: prices, promotions and whatever else is known ahead.

One log-linear regression per group of like series, each series with its own level. Errors
count by size, not by square, and large series more, as the measure WMAPE has it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel, wmape

HALF_LIFE_WEEKS = 52
ROUNDS = 8  # of reweighting towards least absolute errors
RIDGE = 0.3
LEVEL_RIDGE = 0.5
HOLDOUT = 8

Rows = npt.NDArray[np.intp]


def causal(panel: Panel, horizon: int, grouping: tuple[str, ...] | None = None) -> Matrix:
    """Units of the next weeks, n x horizon, from the plans in `panel.known`.

    Without a grouping the one that would have been best for the last weeks is taken.
    """
    labels = grouping if grouping is not None else _best_grouping(panel)
    inputs = features(panel, horizon)
    result = np.zeros((len(panel.series), horizon))
    for label in dict.fromkeys(labels):
        rows = np.flatnonzero(np.asarray(labels) == label)
        result[rows] = _fit(panel.units[rows], inputs[rows], horizon)
    return result


def features(panel: Panel, horizon: int) -> npt.NDArray[np.float64]:
    """What is known of each series and week, n x (T + horizon) x k: logs of what is always positive."""
    weeks = panel.weeks + horizon
    columns = []
    for values in panel.known.values():
        column = _carried(values[:, :weeks], weeks, panel.weeks)
        columns.append(np.log(column) if (column > 0).all() else column)
    return np.stack(columns, axis=2)


def _carried(values: Matrix, weeks: int, known: int) -> Matrix:
    """Gaps take the usual value of the weeks before; a series that never says it takes the general one."""
    result = np.full((values.shape[0], weeks), np.nan)
    result[:, : values.shape[1]] = values
    past = result[:, max(0, known - HALF_LIFE_WEEKS) : known]
    seen = ~np.isnan(past)
    general = float(np.median(past[seen])) if seen.any() else 0.0
    usual = np.array([np.median(row[mask]) if mask.any() else general for row, mask in zip(past, seen, strict=True)])
    return np.where(np.isnan(result), usual[:, None], result)


def _fit(units: Matrix, inputs: npt.NDArray[np.float64], horizon: int) -> Matrix:
    """Regression of one group; `inputs` covers its weeks and the horizon."""
    count, weeks = units.shape
    series, week = np.nonzero(units > 0)  # a week without sales has no logarithm, and mostly no stock
    if len(series) == 0:
        return np.zeros((count, horizon))
    x, y = inputs[series, week], np.log(units[series, week])
    centre = x.mean(axis=0)
    x = x - centre
    weight = 0.5 ** ((weeks - week) / HALF_LIFE_WEEKS) * np.sqrt(units[series, week])
    slopes, levels = _regress(x, y, weight, series, count)
    ahead = inputs[:, weeks : weeks + horizon] - centre
    logs = ahead @ slopes + levels[:, None]
    return np.exp(np.clip(logs, y.min() - 1, y.max() + 1))  # type: ignore[no-any-return]


def _regress(x: Matrix, y: Matrix, weight: Matrix, series: Rows, count: int) -> tuple[Matrix, Matrix]:
    """Slopes common to the group and a level for each series, by least absolute errors."""
    design = np.zeros((len(y), x.shape[1] + count + 1))
    design[:, : x.shape[1]] = x
    design[np.arange(len(y)), x.shape[1] + series] = 1.0
    design[:, -1] = 1.0
    penalty = np.r_[np.full(x.shape[1], RIDGE), np.full(count, LEVEL_RIDGE), 1e-6]
    current, solution = weight, np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        weighted = design * current[:, None]
        solution = np.linalg.solve(weighted.T @ design + np.diag(penalty * current.mean()), weighted.T @ y)
        current = weight / np.maximum(np.abs(y - design @ solution), 0.1)
    slopes = solution[: x.shape[1]]
    return slopes, solution[x.shape[1] : -1] + solution[-1]


def _best_grouping(panel: Panel) -> tuple[str, ...]:
    alone = ("",) * len(panel.series)
    choices = [alone, *panel.groups.values()]
    if len(choices) == 1 or panel.weeks < 3 * HOLDOUT:
        return choices[0]
    before = panel.until(panel.weeks - HOLDOUT)
    actual = panel.units[:, -HOLDOUT:]
    return min(choices, key=lambda labels: wmape(causal(before, HOLDOUT, labels), actual))
