"""Own and cross-price elasticities of all products of a panel, shrunk across products and categories.

For each product a regression of log units over all places that sell it, each place with its
own level, on its own log price, those of its rivals on the same shelf and the promotions.
Places share what happens in a week, so the errors are clustered by week: eighty shops
with the same price cut are one experiment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pricing.elasticity import MINIMUM_ROWS, PRIOR_SD, STEADY, Elasticity, Refusal, bounded
from pricing.panel import Matrix, Panel
from pricing.plans import PRICE, Labels, carried, is_flag, rivals
from pricing.pooling import pooled

RIVALS = 12  # as many get a coefficient each; more share one, on their mean price
CROSS_SD = 1.0
FEWEST_WEEKS = 12
Z80 = 1.2816


@dataclass(frozen=True)
class ProductElasticity:
    """Of one product: its own elasticity, and by rival (or "rivals" for their mean) the cross elasticity."""

    product: str
    own: Elasticity
    cross: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Elasticities:
    """Of every product, in order of its name, and by category what is believed of a product without sales."""

    products: list[ProductElasticity]
    categories: dict[str, Elasticity]


@dataclass(frozen=True)
class _Slope:
    """Coefficients of one product and their covariance; the first is its own price."""

    values: Matrix
    covariance: Matrix
    rivals: tuple[str, ...]
    rows: int
    refused: Refusal | None = None


def elasticities(
    panel: Panel, products: Labels, categories: Mapping[str, str] | None = None, prior: float = -2.0
) -> Elasticities:
    """Elasticities of every product and category, with 80 % intervals.

    Args:
        panel: units and `known` with a price; promotions among `known` are taken into account.
        products: for each series the product it sells.
        categories: category of each product; one for all by default.
        prior: what is believed of the mean of all products before any data.
    """
    names = sorted(set(products))
    slopes = [_slope(panel, products, name) for name in names]
    groups = [(categories or {}).get(name, "") for name in names]
    kinds = sorted(set(groups))
    nothing = [np.nan] * len(kinds)  # a product without sales for each category: it gets what is believed of all
    own = np.array([s.values[0] if s.refused is None else np.nan for s in slopes] + nothing)
    variances = np.array([s.covariance[0, 0] if s.refused is None else np.inf for s in slopes] + nothing)
    means, sds = pooled(own, variances, groups + kinds, prior, PRIOR_SD)
    rows = [slope.rows for slope in slopes]
    rows += [sum(n for n, group in zip(rows, groups, strict=True) if group == kind) for kind in kinds]
    refused = [slope.refused for slope in slopes] + [None] * len(kinds)
    made = [bounded(float(m), float(sd), n, why) for m, sd, n, why in zip(means, sds, rows, refused, strict=True)]
    return Elasticities(
        [ProductElasticity(name, one, _cross(slope)) for name, one, slope in zip(names, made, slopes, strict=False)],
        dict(zip(kinds, made[len(names) :], strict=True)),
    )


def _slope(panel: Panel, products: Labels, name: str) -> _Slope:
    """Least squares within places; coefficients of rivals drawn to none, all with errors clustered by week."""
    rows = np.flatnonzero(np.asarray(products) == name)
    weeks = panel.weeks
    units, price = panel.units[rows], panel.known.get(PRICE, np.full(panel.units.shape, np.nan))[:, :weeks]
    usable = (units > 0) & (price[rows] > 0)
    count = int(usable.sum())
    nothing = np.zeros((1, 1))
    if count < MINIMUM_ROWS or int(usable.any(axis=0).sum()) < FEWEST_WEEKS:
        return _Slope(nothing[0], nothing, (), count, "few_rows")
    logs = np.log(np.where(usable, price[rows], 1.0))
    if float(_within(logs[:, :, None], usable)[usable].std()) < STEADY:
        return _Slope(nothing[0], nothing, (), count, "steady_price")
    beside, labels = _shelf(panel, products, rows)
    flags = [
        carried(v[:, :weeks], weeks, weeks)[rows] for n, v in panel.known.items() if _is_promotion(n, v[:, :weeks])
    ]
    x = _within(np.stack([logs, *beside, *flags], axis=2), usable)
    y = _within(np.log(np.where(usable, units, 1.0))[:, :, None], usable)[:, :, 0]
    noise = max(float(y[usable].var()), 1e-6)
    precision = np.r_[1e-9, np.full(len(labels), noise / CROSS_SD**2), np.full(len(flags), 1e-9)]
    bread = np.linalg.inv(np.tensordot(x, x, axes=([0, 1], [0, 1])) + np.diag(precision) + 1e-9 * np.eye(x.shape[2]))
    values = bread @ np.tensordot(x, y, axes=([0, 1], [0, 1]))
    scores = np.einsum("ntk,nt->tk", x, y - x @ values)
    seen = int(usable.any(axis=0).sum())
    widened = seen / max(seen - x.shape[2], 1)  # few weeks understate it
    return _Slope(values, widened * bread @ (scores.T @ scores) @ bread, labels, count)


def _shelf(panel: Panel, products: Labels, rows: npt.NDArray[np.intp]) -> tuple[list[Matrix], tuple[str, ...]]:
    """Log prices of the rivals beside each of these series, by rival; their mean where there are many."""
    market = rivals(panel, products)
    if market is None:
        return [], ()
    weeks = panel.weeks
    logs = np.log(np.maximum(carried(panel.known[PRICE][:, :weeks], weeks, weeks), 1e-12))
    around = market[rows]
    others = sorted({products[other] for other in around[around >= 0]})
    if len(others) > RIVALS:
        there = (around >= 0)[:, :, None]
        return [np.where(there, logs[around], 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)], ("rivals",)
    named = np.asarray(products)
    columns = []
    for other in others:
        is_it = (named[around] == other) & (around >= 0)
        usual = np.median(logs[named == other], axis=0)  # where this shop does not sell it
        columns.append(np.where(is_it.any(axis=1)[:, None], (logs[around] * is_it[:, :, None]).sum(axis=1), usual))
    return columns, tuple(others)


def _within(values: npt.NDArray[np.float64], usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Values less the mean of their series over usable weeks, 0 in others."""
    there = usable[:, :, None]
    mean = np.where(there, values, 0.0).sum(axis=1) / np.maximum(usable.sum(axis=1), 1)[:, None]
    return np.where(there, values - mean[:, None, :], 0.0)


def _is_promotion(name: str, values: Matrix) -> bool:
    seen = values[~np.isnan(values)]
    return name != PRICE and seen.size > 0 and is_flag(seen) and bool(np.ptp(seen) > 0)


def _cross(slope: _Slope) -> dict[str, tuple[float, float, float]]:
    """Mean and 80 % interval by rival."""
    made = {}
    for place, rival in enumerate(slope.rivals, 1):
        mean, reach = float(slope.values[place]), Z80 * float(np.sqrt(slope.covariance[place, place]))
        made[rival] = (round(mean, 6), round(mean - reach, 6), round(mean + reach, 6))
    return made
