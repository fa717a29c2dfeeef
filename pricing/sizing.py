"""How deep a markdown goes: the price of highest expected profit while demand and elasticity are not certain.

Each is known with an 80 % interval. The expectation over both is a sum over the lower end, the
middle and the upper end of each, weighted 30-40-30 (Swanson's rule, the usual one for a value
given by its 10, 50 and 90 % points): nine worlds, no chance, the same everywhere. Scalar code
that `pricing.batch` compiles as it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

WEIGHTS = (0.3, 0.4, 0.3)
GRID = 12  # prices looked at before the best of them is refined
GOLDEN = 0.6180339887498949
ROUNDS = 18


class Model(NamedTuple):
    """Units over the horizon, surplus and elasticity at the lower end, middle and upper end; amounts a unit."""

    current: float
    on_hand: float
    cost: float
    fees: float
    surplus_value: float
    units: tuple[float, float, float]
    surplus: tuple[float, float, float]
    slopes: tuple[float, float, float]


def best(m: Model, lowest: float) -> float:
    """The price in [lowest, current] of highest expected profit; of equals the highest price."""
    return best_of_one(m, lowest) if certain(m) else best_of_many(m, lowest)


def certain(m: Model) -> bool:
    """Whether neither demand nor elasticity has an interval."""
    return m.units[0] == m.units[2] and m.slopes[0] == m.slopes[2]


def units_at(price: float, m: Model, demand: int, slope: int) -> float:
    """Units expected at a price in one world: constant elasticity, never more than are on hand."""
    return min(m.units[demand] * math.pow(price / m.current, m.slopes[slope]), m.on_hand)


def profit_at(price: float, m: Model, demand: int, slope: int) -> float:
    """Profit over the horizon in one world; a unit of the surplus gives up only what it would fetch later."""
    return profit_of(price, units_at(price, m, demand, slope), m.surplus[demand], m)


def profit_of(price: float, sold: float, surplus: float, m: Model) -> float:
    """Profit of so many units at a price."""
    from_surplus = min(sold, surplus)
    return (price - m.fees) * sold - m.surplus_value * from_surplus - m.cost * (sold - from_surplus)


def expected(price: float, m: Model) -> float:
    """Expected profit over the horizon."""
    if certain(m):
        return profit_at(price, m, 1, 1)
    total = 0.0
    for slope in range(3):
        growth = math.pow(price / m.current, m.slopes[slope])
        for demand in range(3):
            sold = min(m.units[demand] * growth, m.on_hand)
            total += WEIGHTS[slope] * WEIGHTS[demand] * profit_of(price, sold, m.surplus[demand], m)
    return total


def units_expected(price: float, m: Model) -> float:
    """Expected units over the horizon."""
    if certain(m):
        return units_at(price, m, 1, 1)
    total = 0.0
    for slope in range(3):
        for demand in range(3):
            total += WEIGHTS[slope] * WEIGHTS[demand] * units_at(price, m, demand, slope)
    return total


def gain_range(price: float, m: Model) -> tuple[float, float, float]:
    """Expected gain of a price over the current one, and the ends of its 80 % interval.

    Demand and elasticity are taken to be wrong independently: what either end of each alone would
    change adds up by squares.
    """
    gain = expected(price, m) - expected(m.current, m)
    if certain(m):
        return gain, gain, gain
    middle = gain_at(price, m, 1, 1)
    less_slope, more_slope = off(middle, gain_at(price, m, 1, 0), gain_at(price, m, 1, 2))
    less_demand, more_demand = off(middle, gain_at(price, m, 0, 1), gain_at(price, m, 2, 1))
    down = math.sqrt(less_slope * less_slope + less_demand * less_demand)
    up = math.sqrt(more_slope * more_slope + more_demand * more_demand)
    return gain, gain - down, gain + up


def gain_at(price: float, m: Model, demand: int, slope: int) -> float:
    """Gain of a price over the current one in one world."""
    return profit_at(price, m, demand, slope) - profit_at(m.current, m, demand, slope)


def off(middle: float, one: float, other: float) -> tuple[float, float]:
    """How far the ends lie below and above the middle, at least 0."""
    return middle - min(middle, one, other), max(middle, one, other) - middle


def best_of_one(m: Model, lowest: float) -> float:
    """In one world profit has a closed form.

    Between the kinks (surplus sold out, shelf empty) it has at most one inner optimum,
    m * e / (1 + e) for marginal cost m, so a handful of candidates hold the maximum.
    """
    slope = m.slopes[1]
    ratio = slope / (1.0 + slope) if slope < -1.0 else 0.0
    at_surplus = price_selling(m.surplus[1], m)
    at_empty = price_selling(m.on_hand, m)
    price_found, most = m.current, profit_at(m.current, m, 1, 1)
    for price in ((m.surplus_value + m.fees) * ratio, (m.cost + m.fees) * ratio, at_surplus, at_empty, lowest):
        if lowest <= price < m.current:
            profit = profit_at(price, m, 1, 1)
            if profit > most or (profit == most and price > price_found):
                price_found, most = price, profit
    return price_found


def price_selling(wanted: float, m: Model) -> float:
    """The price at which just so many units are sold; -1 where there is none."""
    if wanted <= 0.0 or m.units[1] <= 0.0:
        return -1.0
    share = wanted / m.units[1]
    if not share > 0.0:
        return -1.0
    exponent = math.log(share) / m.slopes[1]
    return m.current * math.exp(exponent) if exponent < 1.0 else -1.0


def best_of_many(m: Model, lowest: float) -> float:
    """Over nine worlds: the best price of a grid, refined between its neighbours by golden section."""
    width = (m.current - lowest) / GRID
    if not width > 0.0:
        return m.current
    found, most = m.current, expected(m.current, m)
    for step in range(1, GRID + 1):
        price = lowest if step == GRID else m.current - step * width
        profit = expected(price, m)
        if profit > most:
            found, most = price, profit
    if found == lowest and expected(lowest + width / 16.0, m) <= most:
        return lowest  # still rising at the end: nothing to refine
    refined = _golden(max(lowest, found - width), min(m.current, found + width), m)
    return refined if expected(refined, m) > most else found


def _golden(low: float, high: float, m: Model) -> float:
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = expected(left, m), expected(right, m)
    for _ in range(ROUNDS):
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = expected(left, m)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = expected(right, m)
    return (low + high) / 2.0
