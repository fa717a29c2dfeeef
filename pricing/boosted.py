"""Gradient boosting (LightGBM) on top of the seasonal forecast: what it was off by, learned from every past origin.

An optional extra: LightGBM is imported when it is asked for, here and nowhere else. What the
seasonal forecast would have said at each earlier week is compared with what was then sold;
regression trees learn its error, in units of the series' recent level, from how the series
and its groups have run. Absolute errors, large series more, as the measure WMAPE has it.
Rows are thinned evenly to a number that trains in seconds; one thread and fixed seeds: the
same panel gives the same forecast.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.errors import BadInputError
from pricing.origins import FAR, Features, origin
from pricing.panel import Matrix, Panel
from pricing.seasonal import RECENT, YEAR

ENOUGH = YEAR + RECENT + 13  # weeks of history, that what is learned from is more than one season's turn
ORIGINS = 52 + 24  # a year of them, and the held-out blocks
ROWS = 600_000  # to learn from at most
ROUNDS = 120
PARAMETERS: dict[str, Any] = {
    "objective": "l1",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "max_bin": 63,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.25,
    "bagging_freq": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


Vector = npt.NDArray[np.float64]
MISSING = "the boosted model needs LightGBM, which is not installed; run pip install 'priceradar[boosted]'"


class Rows(NamedTuple):
    """What was learned from: features, error of the seasonal forecast in levels, weight, and the week it was seen."""

    features: Features
    errors: Vector
    weights: Vector
    week: npt.NDArray[np.intp]

    def until(self, weeks: int) -> Rows:
        """Those that were known after so many weeks."""
        known = self.week < weeks
        return Rows(self.features[known], self.errors[known], self.weights[known], self.week[known])


def library() -> Any:
    """LightGBM; BadInputError that says how to get it."""
    try:
        import lightgbm  # noqa: PLC0415 an extra, and slow to import
    except ImportError as error:
        raise BadInputError(MISSING) from error
    except OSError as error:
        raise BadInputError(f"LightGBM cannot be loaded: {error}; install OpenMP (on Debian: libgomp1)") from error
    return lightgbm


def available() -> bool:
    """Whether the extra is there."""
    try:
        library()
    except BadInputError:
        return False
    return True


class Boosted:
    """Forecasts of a panel as of any of its weeks; what past origins teach is gathered once."""

    def __init__(self, panel: Panel, horizon: int) -> None:
        """Look at every origin of the panel's last weeks, as far ahead as the horizon, for rows to learn from."""
        self._library = library()
        origins = range(max(YEAR + RECENT, panel.weeks - ORIGINS), panel.weeks)
        cells = len(panel.series) * sum(min(horizon, panel.weeks - week) for week in origins)
        thin = max(1, -(-cells // ROWS))
        self._rows = [_rows(panel, week, horizon, thin) for week in origins]

    def __call__(self, panel: Panel, horizon: int) -> Matrix:
        """Units of the next weeks, n x horizon, of the panel or of its past; needs ENOUGH weeks of history."""
        known = [rows.until(panel.weeks) for rows in self._rows]
        features, errors, weights, _ = (np.concatenate(column) for column in zip(*known, strict=True))
        now = origin(panel, horizon)
        if not len(errors):
            return now.base
        data = self._library.Dataset(features, errors, weight=weights / weights.mean(), params=PARAMETERS)
        model = self._library.train(PARAMETERS, data, ROUNDS)
        learned = np.asarray(model.predict(now.features.reshape(-1, now.features.shape[2])))
        result: Matrix = np.maximum(now.base + now.level * learned.reshape(now.base.shape), 0.0)
        return result


def _rows(panel: Panel, week: int, horizon: int, thin: int) -> Rows:
    """What each week after an origin teaches, of one series in `thin`, each week another."""
    ahead = np.arange(min(horizon, panel.weeks - week))
    then, actual = origin(panel.until(week), len(ahead)), panel.units[:, week : week + len(ahead)]
    kept = ~np.isnan(actual) & ((np.arange(len(actual))[:, None] + ahead + week) % thin == 0)
    return Rows(
        then.features[kept],
        np.clip((actual - then.base) / then.level, -FAR, FAR)[kept],
        np.broadcast_to(then.level, actual.shape)[kept],
        np.broadcast_to(week + ahead, actual.shape)[kept],
    )
