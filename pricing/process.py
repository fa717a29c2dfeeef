"""Movements of products as a Gaussian process over what is planned: like weeks sell alike.

The kernel says what "like" means: the same prices and promotions (of any product, and more
so of the same), prices of all rivals alike, and near in time. A part linear in the plans
carries what was never seen, such as a deeper cut. Errors are weighed down by their size,
so the result is near the median.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel
from pricing.plans import PRICE, USUAL_WEEKS, advertised, before, since
from pricing.shared import Codes, by_product, plain_plans

NOISE = 0.5  # standard deviation of what plans do not say
HALF_LIFE_WEEKS = 80
ANY, SAME = 0.6, 0.3  # standard deviation of what like plans share: of any product, of the same one besides
LINEAR, LINEAR_SAME = 1.5, 0.3  # of the linear part; the share that is a product's own
LEVEL, DRIFT, DRIFT_WEEKS = 0.3, 0.25, 20.0
SEASON, SEASON_WEEKS = 0.1, 10.0
RIVAL_PRICES, RIVAL_REACH = 0.4, 0.35  # logarithm of prices of all rivals together
RIVAL_FLAGS = 0.2  # what each rival's promotion does to each product
ROUNDS = 4
NEAREST = 0.1
LENGTHS = {"price": 0.5, "cut": 0.25, "rivals_mean": 0.15, "rivals_deepest": 0.3, "pause": 2.0, "rivals_promoted": 3.0}


@dataclass(frozen=True)
class Plans:
    """What is planned for L products: columns L x W x k in units of their length, relative prices and rare flag."""

    columns: npt.NDArray[np.float64]
    cuts: Matrix
    promoted: Matrix


def product_plans(panel: Panel, horizon: int, codes: Codes, count: int) -> Plans:
    """Plans by product and week: own price, cuts of our own and of the others, promotions and the pause before."""
    weeks = panel.weeks + horizon
    known = {name: by_product(values, codes, count) for name, values in plain_plans(panel, weeks).items()}
    price = known.pop(PRICE, None)
    flags = [flag for flag in known.values() if np.ptp(flag) > 1e-9]
    cuts, columns = np.zeros((count, weeks)), []
    if price is not None:
        cuts = price - np.median(price[:, max(0, panel.weeks - USUAL_WEEKS) : panel.weeks], axis=1, keepdims=True)
        columns += [price / LENGTHS["price"], cuts / LENGTHS["cut"]]
        if count > 1:
            columns += [
                _others(cuts, np.mean) / LENGTHS["rivals_mean"],
                _others(cuts, np.min) / LENGTHS["rivals_deepest"],
            ]
    columns += flags
    rare = advertised(flags) if flags else np.zeros((count, weeks))
    if flags:
        columns += [rare * np.log1p(since(np.round(rare))) / LENGTHS["pause"], before(rare, 1)]
        columns += [_others(rare, np.sum) / LENGTHS["rivals_promoted"]] if count > 1 else []
    return Plans(np.stack(columns, axis=2) if columns else np.zeros((count, weeks, 0)), cuts, rare)


def movements(movement: Matrix, plans: Plans, horizon: int) -> Matrix:
    """Movements of the next weeks, L x horizon, from those of the past, L x T with nan for gaps."""
    count, weeks = movement.shape
    product, week = np.nonzero(~np.isnan(movement))
    ahead_product, ahead_week = np.divmod(np.arange(count * horizon), horizon)
    ahead_week += weeks
    usual = np.array([np.median(row[~np.isnan(row)]) if (~np.isnan(row)).any() else 0.0 for row in movement])
    y = movement[product, week] - usual[product]
    kernel = _Kernel(plans, product, week, weeks)
    among, towards = kernel(product, week), kernel(ahead_product, ahead_week)
    noise = NOISE**2 / 0.5 ** ((weeks - week) / HALF_LIFE_WEEKS)
    current, weights = noise, np.zeros(len(y))
    for _ in range(ROUNDS):
        weights = np.linalg.solve(among + np.diag(current), y)
        current = noise * np.maximum(np.abs(y - among @ weights), NEAREST) / 0.3
    result: Matrix = (towards @ weights + usual[ahead_product]).reshape(count, horizon)
    return result


class _Kernel:
    """Covariance of movements in given weeks with those of the past."""

    def __init__(self, plans: Plans, product: Codes, week: Codes, weeks: int) -> None:
        self._columns, self._product, self._week = plans.columns, product, week
        self._past = plans.columns[product, week]
        self._centre = self._past.mean(axis=0)
        prices = plans.cuts - plans.cuts[:, :weeks].mean(axis=1, keepdims=True)
        flags = plans.promoted - plans.promoted[:, :weeks].mean(axis=1, keepdims=True)
        self._flags = RIVAL_FLAGS**2 * flags.T @ flags
        self._prices = RIVAL_PRICES**2 * np.exp(-_squares(prices.T, prices.T) / (2 * RIVAL_REACH**2))

    def __call__(self, product: Codes, week: Codes) -> Matrix:
        here, past, width = self._columns[product, week], self._past, max(1, self._past.shape[1])
        same = product[:, None] == self._product
        apart = np.abs(week[:, None] - self._week)
        like = (ANY**2 + SAME**2 * same) * np.exp(-_squares(here, past) / width)
        straight = LINEAR**2 * ((here - self._centre) @ (past - self._centre).T / width) * (1 + LINEAR_SAME * same)
        rivals = self._flags[np.ix_(week, self._week)] + self._prices[np.ix_(week, self._week)]
        level = LEVEL**2 + DRIFT**2 * np.exp(-apart / DRIFT_WEEKS)
        result: Matrix = like + straight + same * (rivals + level) + SEASON**2 * np.exp(-apart / SEASON_WEEKS) + 1.0
        return result


def _squares(a: Matrix, b: Matrix) -> Matrix:
    """Squared distance of each row of a from each row of b."""
    result: Matrix = np.maximum((a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T, 0.0)
    return result


def _others(values: Matrix, how: object) -> Matrix:
    """Mean, minimum or sum over all other products."""
    return np.stack([how(np.delete(values, row, axis=0), axis=0) for row in range(len(values))])  # type: ignore[operator]
