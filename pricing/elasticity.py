"""Own-price elasticity of a SKU, shrunk towards what is assumed without data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from contracts.facts import UnitsSold
from contracts.times import DAY_MS

PRIOR_SD = 0.8
MINIMUM_ROWS = 8
STEEPEST, FLATTEST = -8.0, -0.1
Z80 = 1.2816


class Elasticity(msgspec.Struct, frozen=True):
    """Percent of units for one percent of price, with an 80 % interval; `rows` it rests on."""

    mean: float
    lower: float
    upper: float
    rows: int = 0


def assumed(prior: float) -> Elasticity:
    """What is believed without data: the prior and its spread."""
    return _bounded(prior, PRIOR_SD, 0)


def estimate(reports: Sequence[UnitsSold], prior: float) -> Elasticity:
    """Regression of log units a day on log price, combined with the prior by precision.

    Reports during our own promotions are left out, as are those without a price or without
    sales. Thin data or a price that hardly varied leave the prior as it is.
    """
    rows = [
        (math.log(s.price_minor), math.log(s.units * DAY_MS / (s.interval_end - s.interval_start)))
        for s in reports
        if s.price_minor and s.price_minor > 0 and s.units > 0 and not s.on_promotion
    ]
    n = len(rows)
    if n < MINIMUM_ROWS:
        return assumed(prior)
    mean_x = math.fsum(x for x, _ in rows) / n
    mean_y = math.fsum(y for _, y in rows) / n
    sxx = math.fsum((x - mean_x) ** 2 for x, _ in rows)
    if sxx < 1e-6 * n:
        return assumed(prior)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in rows) / sxx
    residual = math.fsum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in rows) / (n - 2)
    precision, prior_precision = sxx / max(residual, 1e-4), 1 / PRIOR_SD**2
    total = precision + prior_precision
    return _bounded((precision * slope + prior_precision * prior) / total, math.sqrt(1 / total), n)


def _bounded(mean: float, sd: float, rows: int) -> Elasticity:
    inside = [min(max(value, STEEPEST), FLATTEST) for value in (mean, mean - Z80 * sd, mean + Z80 * sd)]
    return Elasticity(round(inside[0], 6), round(inside[1], 6), round(inside[2], 6), rows)
