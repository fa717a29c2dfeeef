"""The decision itself, on plain numbers: screened inputs, then target, cap, rounding, floors.

Scalar Python over integers and floats, without objects. Amounts in minor units.
"""

from __future__ import annotations

import math

from pricing.reasons import CODE

NONE = -1  # an amount or a time that is not known


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up, exactly, for b > 0."""
    return -((-a) // b)


def cap_price(window_start: int, cap_bp: int) -> int:
    """The lowest price the cap allows: the price at the start of the window less the cap, rounded up."""
    return ceil_div(window_start * (10_000 - cap_bp), 10_000)


def round_up(price: int, step: int) -> int:
    """The next multiple of `step` at or above a price."""
    return ceil_div(price, step) * step


def hard_floor(cost: int, fees: int, margin_bp: int, map_minor: int, floor_minor: int) -> int:
    """The highest of cost with fees and minimum margin, MAP and the absolute floor; NONE counts as absent."""
    margin = ceil_div((cost + fees) * (10_000 + margin_bp), 10_000)
    return max(margin, map_minor, floor_minor)


def units_at(price: float, current: float, units: float, elasticity: float, on_hand: float) -> float:
    """Units expected at a price, constant elasticity, never more than are on hand."""
    return min(units * math.pow(price / current, elasticity), on_hand)


def profit_at(
    price: float, current: float, units: float, elasticity: float, on_hand: float,
    cost: float, fees: float, surplus: float, surplus_value: float,
) -> float:  # fmt: skip
    """Profit over the horizon; a unit of the surplus gives up only what it would fetch later."""
    sold = units_at(price, current, units, elasticity, on_hand)
    from_surplus = min(sold, surplus)
    return (price - fees) * sold - surplus_value * from_surplus - cost * (sold - from_surplus)


def best_price(
    current: float, lowest: float, units: float, elasticity: float, on_hand: float,
    cost: float, fees: float, surplus: float, surplus_value: float,
) -> float:  # fmt: skip
    """The price in [lowest, current] of highest expected profit; of equals the highest price.

    Between the kinks (surplus sold out, shelf empty) profit has at most one inner optimum,
    m * e / (1 + e) for marginal cost m, so a handful of candidates hold the maximum.
    """
    ratio = elasticity / (1.0 + elasticity) if elasticity < -1.0 else 0.0
    at_surplus = _price_selling(surplus, current, units, elasticity)
    at_empty = _price_selling(on_hand, current, units, elasticity)
    best, most = current, profit_at(current, current, units, elasticity, on_hand, cost, fees, surplus, surplus_value)
    for price in ((surplus_value + fees) * ratio, (cost + fees) * ratio, at_surplus, at_empty, lowest):
        if lowest <= price < current:
            profit = profit_at(price, current, units, elasticity, on_hand, cost, fees, surplus, surplus_value)
            if profit > most or (profit == most and price > best):
                best, most = price, profit
    return best


def sized(
    current: int, lowest: int, reach: int, step: int, floor: int, units: float, elasticity: float, on_hand: float,
    cost: float, fees: float, surplus: float, surplus_value: float,
) -> tuple[int, int, int, int]:  # fmt: skip
    """The price after target, cap, rounding and floors; at or above `current` means no markdown.

    `reach` is the lowest price the target looks at, `lowest` what the cap window allows.
    """
    model = (units, elasticity, on_hand, cost, fees, surplus, surplus_value)
    target = math.ceil(best_price(float(current), float(reach), *model))
    capped = target
    if target < lowest:
        capped = max(lowest, math.ceil(best_price(float(current), float(lowest), *model)))
    rounded = round_up(capped, step)
    return target, capped, rounded, max(rounded, round_up(floor, step))


def _price_selling(wanted: float, current: float, units: float, elasticity: float) -> float:
    """The price at which just so many units are sold; -1 where there is none."""
    if wanted <= 0.0 or units <= 0.0 or elasticity == 0.0:
        return -1.0
    exponent = math.log(wanted / units) / elasticity
    return current * math.exp(exponent) if exponent < 1.0 else -1.0


def screen(
    price: int, currency_known: bool, same_currency: bool, regular: bool, in_stock: bool, competitor_age: int,
    max_competitor_age: int, confidence: float, min_confidence: float, cost: int, on_hand: int, stock_age: int,
    max_stock_age: int, demand: float, own_promotion: bool, since_change: int, cooldown: int, reactions: int,
    max_reactions: int, skus: int, max_skus: int, target_cover: float, kill_switch: bool,
) -> int:  # fmt: skip
    """The code of the first input guard that holds a markdown back, 0 where none does."""
    checks = (
        (kill_switch, CODE_KILL_SWITCH),
        (not currency_known or price <= 0, CODE_UNKNOWN_ITEM),
        (not same_currency, CODE_CURRENCY),
        (not regular, CODE_NOT_REGULAR),
        (not in_stock, CODE_OUT_OF_STOCK),
        (competitor_age > max_competitor_age, CODE_COMPETITOR_STALE),
        (confidence < min_confidence, CODE_CONFIDENCE),
        (cost < 0, CODE_COST),
        (on_hand < 0, CODE_STOCK_UNKNOWN),
        (stock_age > max_stock_age, CODE_STOCK_STALE),
        (own_promotion, CODE_PROMOTION),
        (0 <= since_change < cooldown, CODE_COOLDOWN),
        (reactions >= max_reactions, CODE_WAR),
        (skus >= max_skus, CODE_SKUS),
        (not demand >= 0.0, CODE_DEMAND),
        (not on_hand > target_cover * demand, CODE_COVER),
    )
    for hit, code in checks:
        if hit:
            return code
    return 0


CODE_KILL_SWITCH = CODE["kill_switch"]
CODE_UNKNOWN_ITEM = CODE["unknown_item"]
CODE_CURRENCY = CODE["currency_mismatch"]
CODE_NOT_REGULAR = CODE["not_regular_price"]
CODE_OUT_OF_STOCK = CODE["competitor_out_of_stock"]
CODE_COMPETITOR_STALE = CODE["competitor_stale"]
CODE_CONFIDENCE = CODE["low_match_confidence"]
CODE_COST = CODE["missing_cost"]
CODE_STOCK_UNKNOWN = CODE["unknown_stock"]
CODE_STOCK_STALE = CODE["stale_stock"]
CODE_PROMOTION = CODE["own_promotion"]
CODE_COOLDOWN = CODE["cooldown"]
CODE_WAR = CODE["price_war"]
CODE_SKUS = CODE["sku_budget"]
CODE_DEMAND = CODE["unknown_demand"]
CODE_COVER = CODE["insufficient_cover"]
