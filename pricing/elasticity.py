"""Own-price elasticity of a SKU, shrunk towards what is assumed without data.

What other modules rely on: an `Elasticity` has a mean, an 80 % interval (`lower`, `upper`),
the `rows` it rests on and, where data were too thin to say anything, in `refused` why; it
is then the prior with all its spread, never a guess from too little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from contracts.facts import UnitsSold
from contracts.times import DAY_MS

Refusal = Literal["few_rows", "steady_price"]

PRIOR_SD = 0.8
MINIMUM_ROWS = 8
STEADY = 1e-3  # standard deviation of log prices below which nothing can be said
STEEPEST, FLATTEST = -8.0, -0.1
Z80 = 1.2816


class Elasticity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Percent of units for one percent of price, with an 80 % interval; `rows` it rests on.

    `refused`: few_rows (under MINIMUM_ROWS with a price and sales), steady_price (it hardly
    varied): mean and interval are then those believed without data.
    """

    mean: float
    lower: float
    upper: float
    rows: int = 0
    refused: Refusal | None = None


def assumed(prior: float, refused: Refusal | None = None, sd: float = PRIOR_SD) -> Elasticity:
    """What is believed without data: the prior and its spread."""
    return bounded(prior, sd, 0, refused)


def combined(mean: float, variance: float, prior: float, rows: int, sd: float = PRIOR_SD) -> Elasticity:
    """A slope as measured and the prior, weighed by how sure each is."""
    precision, prior_precision = 1.0 / max(variance, 1e-9), 1.0 / sd**2
    total = precision + prior_precision
    return bounded((precision * mean + prior_precision * prior) / total, math.sqrt(1 / total), rows)


def estimate(reports: Sequence[UnitsSold], prior: float, sd: float = PRIOR_SD) -> Elasticity:
    """Regression of log units a day on log price, combined with the prior by precision.

    Reports during our own promotions and outages are left out, as are those without a price or
    without sales. Thin data or a price that hardly varied leave the prior as it is, and say so.
    """
    rows = [
        (math.log(s.price_minor), math.log(s.units * DAY_MS / (s.interval_end - s.interval_start)))
        for s in reports
        if s.price_minor and s.price_minor > 0 and s.units > 0 and not (s.on_promotion or s.out_of_stock)
    ]
    n = len(rows)
    if n < MINIMUM_ROWS:
        return assumed(prior, "few_rows", sd)
    mean_x = math.fsum(x for x, _ in rows) / n
    mean_y = math.fsum(y for _, y in rows) / n
    sxx = math.fsum((x - mean_x) ** 2 for x, _ in rows)
    if sxx < STEADY**2 * n:
        return assumed(prior, "steady_price", sd)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in rows) / sxx
    residual = math.fsum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in rows) / (n - 2)
    return combined(slope, max(residual, 1e-4) / sxx, prior, n, sd)


def bounded(mean: float, sd: float, rows: int, refused: Refusal | None = None) -> Elasticity:
    """An elasticity within what is believable; more units at a higher price are not."""
    inside = [min(max(value, STEEPEST), FLATTEST) for value in (mean, mean - Z80 * sd, mean + Z80 * sd)]
    return Elasticity(round(inside[0], 6), round(inside[1], 6), round(inside[2], 6), rows, refused)
