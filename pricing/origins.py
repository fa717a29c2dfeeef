"""What is known at the end of a week about each series and week ahead: what gradient boosting learns from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel
from pricing.plans import carried
from pricing.seasonal import LEVEL_WEEKS, RECENT, YEAR, aligned, filled, seasonal

FAR = 1000.0  # ratios beyond it, either way, are alike

Features = npt.NDArray[np.float32]


class Origin(NamedTuple):
    """What is known at the end of a week: features n x h x k, recent level n x 1, seasonal forecast n x h."""

    features: Features
    level: Matrix
    base: Matrix


def origin(panel: Panel, horizon: int) -> Origin:
    """What the end of the panel says about each series and week ahead."""
    history, weeks = filled(panel.units), panel.weeks
    level = _mean(history[:, -LEVEL_WEEKS:])
    level_then = _mean(history[:, max(0, weeks - YEAR - LEVEL_WEEKS) : weeks - YEAR])
    base, last_year = seasonal(panel, horizon), aligned(history, panel, horizon)
    recent, recent_then = _mean(history[:, -RECENT:]), _mean(history[:, weeks - YEAR - RECENT : weeks - YEAR])
    at = weeks - YEAR + np.arange(horizon)
    columns = [
        *(_ratio(values, level) for values in (base, last_year, history[:, at - 1])),
        _ratio(history[:, np.minimum(at + 1, weeks - 1)], level),
        _ratio(last_year, level_then),
        *(_ratio(_mean(history[:, -last:]), level) for last in (1, 2, RECENT)),
        _ratio(recent, recent_then),
        _ratio(level, level_then),
        np.log(level),
        *(history[:, -last:].std(axis=1, keepdims=True) / level for last in (8, weeks)),
        np.arange(float(horizon)),
    ]
    columns += _plans(panel, horizon)
    for labels in panel.groups.values():
        columns += _group(labels, recent, recent_then, last_year, level_then)
    spread = [np.broadcast_to(column, base.shape).astype(np.float32) for column in columns]
    return Origin(np.stack(spread, axis=2), level, base)


def _plans(panel: Panel, horizon: int) -> list[Matrix]:
    """What is planned for each week, and how that differs from the same week last year."""
    columns = []
    for values in panel.known.values():
        weeks = panel.weeks + horizon
        plan = carried(values[:, :weeks], weeks, panel.weeks)
        ahead, then = plan[:, panel.weeks :], plan[:, panel.weeks - YEAR : weeks - YEAR]
        columns += [ahead, np.log(ahead / then) if (plan > 0).all() else ahead - then]
    return columns


def _group(
    labels: tuple[str, ...], recent: Matrix, recent_then: Matrix, last_year: Matrix, level_then: Matrix
) -> list[Matrix]:
    """Which group a series is of, how the group runs against last year, and what it sold in last year's week."""
    _, codes = np.unique(np.asarray(labels), return_inverse=True)

    def total(values: Matrix) -> Matrix:
        sums = np.zeros((int(codes.max()) + 1, values.shape[1]))
        np.add.at(sums, codes, values)
        result: Matrix = sums[codes]
        return result

    return [
        codes[:, None].astype(np.float64),
        _ratio(total(recent), total(recent_then)),
        _ratio(total(last_year), total(level_then)),
    ]


def _mean(values: Matrix) -> Matrix:
    """Of each row, n x 1, above 0."""
    result: Matrix = np.maximum(values.mean(axis=1, keepdims=True), 1e-9)
    return result


def _ratio(values: Matrix, to: Matrix) -> Matrix:
    """Logarithm of a ratio."""
    result: Matrix = np.log(np.clip(values / np.maximum(to, 1e-9), 1 / FAR, FAR))
    return result
