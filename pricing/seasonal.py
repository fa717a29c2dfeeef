"""Last year's week, its noise halved, moved to this year's level: the forecast without plans.

Of three estimates of the same week last year, none is best alone: the figure itself is
noisy, and the part of it that many series share (a truncated singular value
decomposition of the log sales) has lost what is the series' own. Their mean is better
than either. It is scaled by how this year runs against last, and shrunk a little to the
recent level. Weeks that got or lost Christmas Eve are aligned by date, not by week.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pricing.panel import Matrix, Panel

YEAR = 52
RECENT = 4  # weeks that tell this year's level
LEVEL_WEEKS = 13
TREND_POWER = 0.8
TREND_BOUNDS = (0.3, 3.0)
LEVEL_SHARE = 0.1
SHARED_RANK = 25
SHARED_SHARE = 0.5
SMALLEST = 0.05  # of a series' mean: what its logarithm is taken of at least


def seasonal(panel: Panel, horizon: int) -> Matrix:
    """Units of the next weeks, n x horizon, at most a year ahead; needs YEAR + RECENT weeks of history."""
    history = filled(panel.units)
    share = SHARED_SHARE if min(history.shape) > 2 * SHARED_RANK else 0.0
    own = _scaled(history, panel, horizon)
    return own if share == 0.0 else (1 - share) * own + share * _scaled(shared(history), panel, horizon)


def _scaled(history: Matrix, panel: Panel, horizon: int) -> Matrix:
    weeks = history.shape[1]
    last_year = aligned(history, panel, horizon)
    recent = history[:, -RECENT:].sum(axis=1)
    before = history[:, weeks - YEAR - RECENT : weeks - YEAR].sum(axis=1)
    trend = np.clip(np.maximum(recent, 0.0) / np.maximum(before, 1e-9), *TREND_BOUNDS) ** TREND_POWER
    level = history[:, -LEVEL_WEEKS:].mean(axis=1, keepdims=True)
    result: Matrix = (1 - LEVEL_SHARE) * last_year * trend[:, None] + LEVEL_SHARE * level
    return result


def aligned(history: Matrix, panel: Panel, horizon: int) -> Matrix:
    """Last year's sales for each week ahead; a seventh of the neighbour where Christmas Eve moved between weeks."""
    weeks = history.shape[1]
    columns = []
    for ahead in range(horizon):
        at = weeks + ahead - YEAR
        column = history[:, at]
        for neighbour in (at - 1, at + 1):
            if 0 <= neighbour < weeks and _moved(panel.week(weeks + ahead), panel.week(neighbour)):
                column = column * 6 / 7 + history[:, neighbour] / 7
        columns.append(column)
    return np.stack(columns, axis=1)


def _moved(week: date, neighbour: date) -> bool:
    """Whether both hold a 24 December, a year apart."""
    return _holds_eve(week) and _holds_eve(neighbour)


def _holds_eve(week: date) -> bool:
    return any((day.month, day.day) == (12, 24) for day in (week + timedelta(days=n) for n in range(7)))


def shared(history: Matrix) -> Matrix:
    """What many series have in common: log sales against their mean, at a low rank, large series first."""
    mean = np.maximum(history.mean(axis=1, keepdims=True), 1e-9)
    logs = np.log(np.maximum(history, SMALLEST * mean) / mean)
    centre = logs.mean(axis=1, keepdims=True)
    weight = np.sqrt(mean)
    left, size, right = np.linalg.svd((logs - centre) * weight, full_matrices=False)
    result: Matrix = np.exp((left[:, :SHARED_RANK] * size[:SHARED_RANK]) @ right[:SHARED_RANK] / weight + centre) * mean
    return result


def filled(units: Matrix) -> Matrix:
    """Gaps take the same week a year before or after, else the series' mean; all-empty series are 0."""
    result = units.copy()
    weeks = result.shape[1]
    for lag in (YEAR, -YEAR):
        gaps = np.isnan(result)
        if weeks > YEAR and gaps.any():
            other = np.full_like(result, np.nan)
            if lag > 0:
                other[:, lag:] = units[:, :-lag]
            else:
                other[:, :lag] = units[:, -lag:]
            result = np.where(gaps, other, result)
    seen = ~np.isnan(units)
    mean = np.where(seen, units, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.where(np.isnan(result), mean[:, None], result)
