"""What a product sells in many places at once, and how much each place follows.

log units = level of the series + how strongly it follows x movement of its product
          + what its own plan has that the product's has not.

A price cut in eighty shops is one event, not eighty: the movement of a product is the
median over its series, one number a week. How strongly a series follows is shrunk to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.panel import Matrix, Panel
from pricing.plans import PRICE, Labels, carried, is_flag

LEVEL_HALF_LIFE = 13  # weeks
FOLLOW_HALF_LIFE = 52
FOLLOW_PRIOR = 20.0  # as so many weeks with the product one logarithm above or below its mean
PLAN_PRIOR = 20.0
ROUNDS = 4
FURTHEST = 1.5

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Shared:
    """Parts of log sales of n series of L products.

    Args:
        codes: for each series its product, 0..L-1.
        sells: n: whether the series ever sold.
        level: n.
        follows: n, around 1.
        own: n x (T + horizon): what the series' own plan adds.
        movement: L x T of the products, nan where none of its series sold.
    """

    codes: Codes
    sells: npt.NDArray[np.bool_]
    level: Matrix
    follows: Matrix
    own: Matrix
    movement: Matrix

    def logs(self, movement: Matrix) -> Matrix:
        """Log units of each series for movements of the products in the last weeks of `own`, L x H to n x H."""
        ahead = self.own[:, self.own.shape[1] - movement.shape[1] :]
        result: Matrix = self.level[:, None] + ahead + self.follows[:, None] * movement[self.codes]
        result[~self.sells] = -np.inf
        return result

    def movement_of(self, logs: Matrix) -> Matrix:
        """Movements that log units of each series amount to, n x W (the last weeks of `own`) to L x W."""
        own = self.own[:, self.own.shape[1] - logs.shape[1] :]
        each = (logs - self.level[:, None] - own) / self.follows[:, None]
        weight = np.where(self.sells, np.exp(self.level), 0.0)
        return np.stack([_median(each[self.codes == c], weight[self.codes == c]) for c in range(len(self.movement))])


def decompose(panel: Panel, horizon: int, labels: Labels) -> Shared:
    """Level, following and own plan of each series, by alternating least squares on log units."""
    weeks = panel.weeks
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    sold = np.asarray(panel.units > 0)
    y = np.log(np.where(sold, panel.units, 1.0))
    plan = _own_plan(panel, weeks + horizon, codes, len(names))
    age = weeks - 1 - np.arange(weeks)
    near, far = 0.5 ** (age / LEVEL_HALF_LIFE), 0.5 ** (age / FOLLOW_HALF_LIFE)
    level, follows, own = np.zeros(len(y)), np.ones(len(y)), np.zeros((len(y), weeks + horizon))
    movement = np.zeros((len(names), weeks))
    for _ in range(ROUNDS):
        each = np.where(sold, (y - own[:, :weeks] - level[:, None]) / follows[:, None], np.nan)
        movement = np.stack([_middle(each[codes == code]) for code in range(len(names))])
        moved = np.nan_to_num(movement)[codes]
        weight = np.where(sold, far, 0.0)
        across, along = _centred(moved, weight), _centred(y - own[:, :weeks], weight)
        off = np.clip(along - across, -FURTHEST, FURTHEST)
        follows = 1.0 + (weight * across * off).sum(axis=1) / ((weight * across**2).sum(axis=1) + FOLLOW_PRIOR)
        follows = np.maximum(follows, 0.1)
        unexplained = _centred(y - follows[:, None] * moved, weight)
        own = _fitted(plan, unexplained, weight, codes, len(names))
        weight = np.where(sold, near, 0.0)
        rest = weight * (y - own[:, :weeks] - follows[:, None] * moved)
        level = rest.sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return Shared(codes, np.asarray(sold.any(axis=1)), level, follows, own, movement)


def plain_plans(panel: Panel, weeks: int) -> dict[str, Matrix]:
    """Logarithm of the price, where it is one, and the flags among the plans, n x weeks without gaps."""
    plans = {}
    for name, values in panel.known.items():
        seen = values[:, :weeks][~np.isnan(values[:, :weeks])]
        if seen.size and (seen.min() > 0 if name == PRICE else is_flag(seen)):
            whole = carried(values[:, :weeks], weeks, panel.weeks)
            plans[name] = np.log(whole) if name == PRICE else whole
    return plans


def by_product(values: Matrix, codes: Codes, count: int) -> Matrix:
    """The mean over the series of each product, L x weeks: of a flag it is the share that has it."""
    return np.stack([values[codes == code].mean(axis=0) for code in range(count)])


def _own_plan(panel: Panel, weeks: int, codes: Codes, count: int) -> npt.NDArray[np.float64]:
    """How the plans of each series differ from those of its product, n x weeks x k."""
    columns = []
    for whole in plain_plans(panel, weeks).values():
        apart = whole - by_product(whole, codes, count)[codes]
        if np.abs(apart).max() > 1e-9:
            columns.append(apart)
    return np.stack(columns, axis=2) if columns else np.zeros((len(codes), weeks, 0))


def _fitted(plan: npt.NDArray[np.float64], y: Matrix, weight: Matrix, codes: Codes, count: int) -> Matrix:
    """What the own plans explain of y, with coefficients of each product shrunk to the common ones."""
    weeks, width = y.shape[1], plan.shape[2]
    if width == 0:
        return np.zeros(plan.shape[:2])
    total = np.maximum(weight.sum(axis=1), 1e-9)[:, None]
    x = plan[:, :weeks] - ((weight[:, :, None] * plan[:, :weeks]).sum(axis=1) / total)[:, None]
    weighted, y = x * weight[:, :, None], np.clip(y, -FURTHEST, FURTHEST)
    rows = [codes == code for code in range(count)]
    grams = np.stack([np.tensordot(weighted[r], x[r], axes=([0, 1], [0, 1])) for r in rows])
    targets = np.stack([np.tensordot(weighted[r], y[r], axes=([0, 1], [0, 1])) for r in rows])
    pull = PLAN_PRIOR * np.eye(width)
    common = np.linalg.solve(grams.sum(axis=0) + pull, targets.sum(axis=0))
    slopes = np.linalg.solve(grams + pull, (targets + PLAN_PRIOR * common)[:, :, None])[:, :, 0]
    fitted: Matrix = np.einsum("ntk,nk->nt", plan, slopes[codes])
    return fitted


def _centred(values: Matrix, weight: Matrix) -> Matrix:
    """Values less their weighted mean along each row, 0 where the weight is."""
    mean = (weight * values).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return np.where(weight > 0, values - mean[:, None], 0.0)


def _middle(values: Matrix) -> Matrix:
    """Median of each column, nan where all are."""
    result = np.full(values.shape[1], np.nan)
    some = ~np.isnan(values).all(axis=0)
    result[some] = np.nanmedian(values[:, some], axis=0)
    return result


def _median(values: Matrix, weight: Matrix) -> Matrix:
    """Weighted median of each column; nan where no row weighs anything."""
    known = np.isfinite(values) & (weight[:, None] > 0)
    order = np.argsort(np.where(known, values, np.inf), axis=0)
    heavy = np.take_along_axis(np.where(known, weight[:, None], 0.0), order, axis=0).cumsum(axis=0)
    at = np.minimum((heavy < heavy[-1:] / 2).sum(axis=0), len(values) - 1)
    middle = np.take_along_axis(np.take_along_axis(values, order, axis=0), at[None], axis=0)[0]
    return np.where(heavy[-1] > 0, middle, np.nan)
