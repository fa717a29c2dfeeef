"""The referee: how units would have followed another price, and how sure that is.

log(units) of a row = its level + elasticity x log(own price) + slope x log(lowest rival price) +
other causes, by least squares over all periods. The elasticity differs by group and is shrunk
towards the mean of the groups as far as they do not differ. Uncertainty: periods are drawn again
in blocks of four. The agent never sees any of this.

Units under another price are those really sold times (price / real price) ** elasticity: what
moved demand that day besides our price stays in. Rivals do not react.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.evidence_markets import Market, Matrix
from contracts.policy import DEFAULT

DRAWS = 200
BLOCK = 4
SEED = 7
INTERVAL = (5, 95)
STOCK_WORTH = DEFAULT.pricing.surplus_value_bp / 10_000


@dataclass(frozen=True)
class Referee:
    """Elasticities by group, and draws of them with the periods they were drawn with.

    Args:
        mean: (g,).
        draws: (DRAWS, g).
        weights: (DRAWS, T), how often each period was drawn.
    """

    groups: list[str]
    mean: Matrix
    draws: Matrix
    weights: Matrix

    def rows(self, market: Market) -> npt.NDArray[np.intp]:
        """Index of the group of each row."""
        return np.array([self.groups.index(group) for group in market.groups])


def fit(market: Market) -> Referee:
    """Elasticities of a market with their uncertainty."""
    groups = sorted(set(market.groups))
    sums = [_sums(market, np.flatnonzero(np.array(market.groups) == group)) for group in groups]
    weights = _weights(market.periods)
    raw = np.array([_solve(a, b, np.ones((1, market.periods)))[0] for a, b in sums])
    drawn = np.stack([_solve(a, b, weights) for a, b in sums], axis=1)
    return Referee(groups, _shrunk(raw[None], drawn)[0], _shrunk(drawn, drawn), weights)


def _sums(market: Market, rows: npt.NDArray[np.intp]) -> tuple[Matrix, Matrix]:
    """Normal equations of each period, T x k x k and T x k, of what is left beside each row's own level."""
    own, rival = np.log(market.price[rows]), np.log(market.rival[rows])
    causes = [own, np.where(np.isnan(rival), np.nanmean(rival) if not np.isnan(rival).all() else 0.0, rival)]
    causes += [values[rows] for values in market.controls.values()]
    units = market.units[rows]
    known = (units > 0) & ~np.isnan(own)
    x = np.stack(causes, axis=2)
    y = np.log(np.where(known, units, 1.0))
    weight = known.astype(float)
    total = np.maximum(weight.sum(axis=1), 1.0)
    x = np.where(known[:, :, None], x, 0.0)
    x = (x - (x.sum(axis=1) / total[:, None])[:, None, :]) * weight[:, :, None]
    y = (y - ((y * weight).sum(axis=1) / total)[:, None]) * weight
    return np.einsum("ntk,ntl->tkl", x, x), np.einsum("ntk,nt->tk", x, y)


def _solve(a: Matrix, b: Matrix, weights: Matrix) -> Matrix:
    """The elasticity for each row of weights; nothing is known where the price hardly moved: then nan."""
    left = np.einsum("dt,tkl->dkl", weights, a)
    right = np.einsum("dt,tk->dk", weights, b)
    ridge = 1e-6 * np.trace(left, axis1=1, axis2=2)[:, None, None] * np.eye(left.shape[1])
    return np.linalg.solve(left + ridge, right[:, :, None])[:, 0, 0]


def _weights(periods: int) -> Matrix:
    random = np.random.default_rng(SEED)
    starts = random.integers(0, periods, (DRAWS, -(-periods // BLOCK)))
    drawn = (starts[:, :, None] + np.arange(BLOCK)).reshape(DRAWS, -1)[:, :periods] % periods
    return np.stack([np.bincount(row, minlength=periods) for row in drawn]).astype(float)


def _shrunk(values: Matrix, drawn: Matrix) -> Matrix:
    """Towards the mean of the groups, as far as their spread is no more than their own uncertainty."""
    variance = np.maximum(drawn.var(axis=0), 1e-6)
    means = drawn.mean(axis=0)
    centre = float(np.average(means, weights=1 / variance))
    between = max(float(np.average((means - centre) ** 2 - variance, weights=1 / variance)), 0.0)
    own = between / (between + variance)
    centres = np.average(values, axis=1, weights=1 / variance)[:, None]
    result: Matrix = own * values + (1 - own) * centres
    return result


def score(market: Market, referee: Referee, path: Matrix, first: int) -> dict[str, Any]:
    """What a policy would have brought against the shop's own prices, from period `first` on.

    Units, revenue and margin in percent, margin rate in points, each with a 90 % interval.
    `margin_and_stock` adds what the agent believes of surplus stock: a unit sold is one less that
    would be worth only `STOCK_WORTH` of its cost.
    """
    mean = _outcome(market, referee, path, first, referee.mean[None], np.ones((1, market.periods)))
    drawn = _outcome(market, referee, path, first, referee.draws, referee.weights)
    touched = _usable(market, first) & (path != market.price)
    result: dict[str, Any] = {"share_of_periods_touched": round(float(touched.sum() / _usable(market, first).sum()), 4)}
    depth = (path / market.price - 1)[touched]
    result["mean_change_percent_where_touched"] = round(100 * float(depth.mean()), 2) if depth.size else 0.0
    result["deepest_change_percent"] = round(100 * float(depth.min()), 2) if depth.size else 0.0
    result["share_below_cost"] = round(float((path < market.cost)[_usable(market, first)].mean()), 4)
    for name, values in drawn.items():
        low, high = np.percentile(values, INTERVAL)
        result[name] = [round(float(mean[name][0]), 2), round(float(low), 2), round(float(high), 2)]
    return result


def _usable(market: Market, first: int) -> npt.NDArray[np.bool_]:
    known = ~np.isnan(market.units) & ~np.isnan(market.price) & ~np.isnan(market.cost)
    known[:, :first] = False
    return known


def _outcome(
    market: Market, referee: Referee, path: Matrix, first: int, draws: Matrix, weights: Matrix
) -> dict[str, Matrix]:
    rows, usable = referee.rows(market), _usable(market, first)
    units = np.where(usable, market.units, 0.0)
    ratio = np.where(usable, path / market.price, 1.0)
    paid, cost = np.where(usable, market.paid, 0.0), np.where(usable, market.cost, 0.0)
    names = ("units", "revenue", "margin", "margin_points", "margin_and_stock")
    found: dict[str, list[float]] = {name: [] for name in names}
    base = np.stack([units.sum(0), (units * paid).sum(0), (units * (paid - cost)).sum(0), np.zeros(units.shape[1])])
    changed = np.flatnonzero((ratio != 1.0).any(axis=0))
    for elasticity, weight in zip(draws, weights, strict=True):
        sold = units[:, changed] * ratio[:, changed] ** elasticity[rows][:, None]
        price = paid[:, changed] * ratio[:, changed]
        new = base.copy()
        spent = cost[:, changed]
        cleared = (sold - units[:, changed]) * spent * (1 - STOCK_WORTH)
        sums = (sold, sold * price, sold * (price - spent), cleared)
        new[:, changed] = np.stack([values.sum(0) for values in sums])
        before, after = base @ weight, new @ weight
        for place, name in enumerate(("units", "revenue", "margin")):
            found[name].append(100 * (after[place] / before[place] - 1))
        found["margin_and_stock"].append(100 * ((after[2] + after[3]) / before[2] - 1))
        found["margin_points"].append(100 * (after[2] / after[1] - before[2] / before[1]))
    return {name: np.array(values) for name, values in found.items()}
