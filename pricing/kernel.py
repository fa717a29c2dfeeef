"""The decision itself, on plain numbers: screened inputs, then target, cap, rounding, market, floors, worth.

Scalar Python over integers and floats. `pricing.guards` calls it for one product, `pricing.batch`
compiles the same functions and walks columns of many: every rule is written here, once. Amounts
in minor units; ages in ms; int64 holds every product of an amount and basis points.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from contracts.money import LARGEST_MINOR
from pricing.reasons import CODE
from pricing.sizing import Model, best, gain_range, units_expected

NONE = -1  # an amount or a time that is not known
NEVER = -(1 << 61)  # the age of a stock figure that says no time
LARGEST = LARGEST_MINOR
FLATTEST, STEEPEST = -0.01, -20.0
MOST = 9e17  # money that still fits int64 after rounding

INPUTS, TARGET, CAP, ROUNDING, MARKET, FLOOR, WORTH, DONE = range(8)  # where a decision ended


class Facts(NamedTuple):
    """What is known of one product. NONE and nan where it is not; see `contracts.proposals.Signals`."""

    price: int
    window_start: int
    standing_from: int
    cost: int
    fees: int
    map_minor: int
    floor: int
    prior_low: int
    restore: int
    competitor_price: int
    same_currency: bool
    regular: bool
    in_stock: bool
    competitor_age: int
    confidence: float
    on_hand: int
    inbound: int
    stock_age: int
    demand: float
    demand_lower: float
    demand_upper: float
    elasticity: float
    elasticity_lower: float
    elasticity_upper: float
    season: float
    cover_season: float
    own_promotion: bool
    since_change: int
    reactions: int
    changes: int
    skus: int
    margin_spent: int
    kill_switch: bool
    announced: bool
    hold: bool


class Limits(NamedTuple):
    """What the policy allows, and the number of the rules (`Proposal.rules`)."""

    rules: int
    cap_bp: int
    standing_cap_bp: int
    target_cover: float
    margin_bp: int
    step: int
    stock_age: int
    competitor_age: int
    confidence: float
    cooldown: int
    reactions: int
    changes: int
    skus: int
    margin_spent: int
    elasticity: float
    horizon: float
    surplus_bp: int
    dearer_bp: int
    maximum_loss_bp: int
    kill_switch: bool


class Decided(NamedTuple):
    """Where a decision ended and why, the price after each guard, and what it is expected to bring."""

    code: int
    stage: int
    lowest: int
    target: int
    capped: int
    rounded: int
    marketed: int
    floored: int
    price: int
    units: float
    gain: int
    gain_lower: int
    gain_upper: int
    stake: int


def decide(f: Facts, p: Limits) -> Decided:
    """The whole decision of one product: a restore where `restore` is set, else a markdown."""
    if f.restore != NONE:
        return _restored(f, p)
    code = screened(f, p)
    if code != 0:
        return _held(f, code, INPUTS, f.price, f.price, f.price, f.price, f.price, f.price)
    model = model_of(f, p)
    floor = hard_floor(f.cost, f.fees, p.margin_bp, f.map_minor, f.floor)
    lowest = lowest_allowed(f, p)
    target = math.ceil(best(model, float(cap_price(f.price, p.cap_bp))))
    capped = target if target >= lowest else max(lowest, math.ceil(best(model, float(lowest))))
    rounded = round_up(capped, p.step)
    marketed = max(rounded, round_up(f.prior_low, p.step)) if f.hold else rounded
    floored = max(marketed, round_up(floor, p.step))
    stage, code = DONE, 0
    if target >= f.price:
        stage, code = TARGET, CODE_NO_GAIN
    elif capped >= f.price:
        stage, code = CAP, CODE_CAP
    elif rounded >= f.price:
        stage, code = ROUNDING, CODE_ROUNDING
    elif marketed >= f.price or (f.announced and f.prior_low != NONE and floored >= f.prior_low):
        stage, code = MARKET, CODE_MARKET
    elif floored >= f.price:
        stage, code = FLOOR, CODE_FLOOR
    if code != 0:
        return _held(f, code, stage, lowest, target, capped, rounded, marketed, floored)
    units, gain, lower, upper, stake = _worth(f, model, floored)
    code = _worth_code(f, p, gain, lower, stake)
    if code != 0:
        return _held(f, code, WORTH, lowest, target, capped, rounded, marketed, floored)
    return Decided(
        0, DONE, lowest, target, capped, rounded, marketed, floored, floored, units, gain, lower, upper, stake
    )


def _held(
    f: Facts, code: int, stage: int, lowest: int, target: int, capped: int, rounded: int, marketed: int, floored: int
) -> Decided:
    return Decided(code, stage, lowest, target, capped, rounded, marketed, floored, f.price, 0.0, 0, 0, 0, 0)


def _restored(f: Facts, p: Limits) -> Decided:
    """The price before our markdown again, or the floor where that has risen above it."""
    code, stage = 0, INPUTS
    if p.kill_switch or f.kill_switch:
        code = CODE_KILL_SWITCH
    elif f.price <= 0 or f.price > LARGEST:
        code = CODE_UNKNOWN_ITEM
    elif f.own_promotion:
        code = CODE_PROMOTION
    floor = (
        max(f.map_minor, f.floor) if f.cost == NONE else hard_floor(f.cost, f.fees, p.margin_bp, f.map_minor, f.floor)
    )
    price = max(f.restore, floor, 0)
    if code == 0 and price <= f.price:
        code, stage = CODE_NO_GAIN, TARGET
    if code != 0:
        return _held(f, code, stage, NONE, f.restore, f.restore, f.restore, f.restore, price)
    units, gain, lower, upper = 0.0, 0, 0, 0
    if not math.isnan(f.demand) and f.cost != NONE and f.on_hand > 0:
        units, gain, lower, upper, _stake = _worth(f, model_of(f, p), price)
    return Decided(
        0, DONE, NONE, f.restore, f.restore, f.restore, f.restore, price, price, units, gain, lower, upper, 0
    )


def screened(f: Facts, p: Limits) -> int:
    """The code of the first input guard that holds a markdown back, 0 where none does."""
    checks = (
        (p.kill_switch or f.kill_switch, CODE_KILL_SWITCH),
        (f.price <= 0 or f.window_start <= 0, CODE_UNKNOWN_ITEM),
        (f.price > LARGEST or f.window_start > LARGEST, CODE_UNKNOWN_ITEM),
        (not f.same_currency, CODE_CURRENCY),
        (not f.regular, CODE_NOT_REGULAR),
        (not f.in_stock, CODE_OUT_OF_STOCK),
        (f.competitor_age > p.competitor_age, CODE_COMPETITOR_STALE),
        (p.rules > 1 and clearly_dearer(f, p), CODE_DEARER),
        (f.confidence < p.confidence, CODE_CONFIDENCE),
        (f.cost < 0 or f.fees < 0 or f.fees > LARGEST - f.cost, CODE_COST),
        (f.on_hand < 0 or f.stock_age == NEVER, CODE_STOCK_UNKNOWN),
        (f.stock_age > p.stock_age, CODE_STOCK_STALE),
        (f.own_promotion, CODE_PROMOTION),
        (0 <= f.since_change < p.cooldown, CODE_COOLDOWN),
        (f.reactions >= p.reactions, CODE_WAR),
        (p.rules > 1 and f.changes >= p.changes, CODE_RESTLESS),
        (f.skus >= p.skus, CODE_SKUS),
        (not f.demand >= 0.0, CODE_DEMAND),
        (not ample(f, p), CODE_COVER),
    )
    for hit, code in checks:
        if hit:
            return code
    return 0


def ample(f: Facts, p: Limits) -> bool:
    """Whether the stock lasts for longer than the target cover."""
    return f.on_hand > p.target_cover * f.demand * f.cover_season


def clearly_dearer(f: Facts, p: Limits) -> bool:
    """Whether the competitor asks so much more than we do, after its cut, that it is no threat."""
    return (f.competitor_price - f.price) * 10_000 > f.price * p.dearer_bp


def lowest_allowed(f: Facts, p: Limits) -> int:
    """What the cap of the window allows, and that of all markdowns that follow one another."""
    lowest = cap_price(f.window_start, p.cap_bp)
    return lowest if f.standing_from <= 0 else max(lowest, cap_price(f.standing_from, p.standing_cap_bp))


def model_of(f: Facts, p: Limits) -> Model:
    """Demand and elasticity with their ends, and what a unit costs and is worth later."""
    slope = clamped(known(f.elasticity, p.elasticity))
    demand, flat, steep, low, high = f.demand, slope, slope, f.demand, f.demand
    if p.rules > 1:
        steep = clamped(min(slope, known(f.elasticity_lower, slope)))
        flat = clamped(max(slope, known(f.elasticity_upper, slope)))
        low = max(0.0, min(demand, known(f.demand_lower, demand)))
        high = max(demand, known(f.demand_upper, demand))
    return Model(
        float(f.price),
        float(f.on_hand),
        float(f.cost),
        float(f.fees),
        float(f.cost * p.surplus_bp) / 10_000.0,
        (low * f.season * p.horizon, demand * f.season * p.horizon, high * f.season * p.horizon),
        (surplus_of(f, p, low), surplus_of(f, p, demand), surplus_of(f, p, high)),
        (steep, slope, flat),
    )


def known(value: float, otherwise: float) -> float:
    """A value, or another one where it is nan."""
    return otherwise if math.isnan(value) else value


def clamped(slope: float) -> float:
    """An elasticity that a demand curve can have."""
    return min(max(slope, STEEPEST), FLATTEST)


def surplus_of(f: Facts, p: Limits, demand: float) -> float:
    """Units beyond the target cover at a daily demand."""
    return max(0.0, f.on_hand + f.inbound - p.target_cover * demand * f.cover_season)


def _worth(f: Facts, model: Model, price: int) -> tuple[float, int, int, int, int]:
    """Units expected at a price (to a thousandth), the gain on staying with its ends, and the amount at stake."""
    units = math.floor(units_expected(float(price), model) * 1_000.0 + 0.5) / 1_000.0
    gain, lower, upper = gain_range(float(price), model)
    stake = math.ceil(min(max(0, f.price - price) * units, MOST))
    return units, money(gain), money(lower), money(upper), stake


def _worth_code(f: Facts, p: Limits, gain: int, lower: int, stake: int) -> int:
    if gain <= 0:
        return CODE_NO_GAIN
    if p.rules > 1 and -float(lower) * 10_000.0 > float(gain) * p.maximum_loss_bp:
        return CODE_UNCERTAIN
    if f.margin_spent + stake > p.margin_spent:
        return CODE_MARGIN
    return 0


def money(amount: float) -> int:
    """To the nearest minor unit, halves up."""
    return math.floor(min(max(amount, -MOST), MOST) + 0.5)


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up, exactly, for b > 0."""
    return -((-a) // b)


def cap_price(start: int, cap_bp: int) -> int:
    """The lowest price a cap allows: the price it counts from less the cap, rounded up."""
    return ceil_div(start * (10_000 - cap_bp), 10_000)


def round_up(price: int, step: int) -> int:
    """The next multiple of `step` at or above a price."""
    return ceil_div(price, step) * step


def hard_floor(cost: int, fees: int, margin_bp: int, map_minor: int, floor_minor: int) -> int:
    """The highest of cost with fees and minimum margin, MAP and the absolute floor; NONE counts as absent."""
    spent = max(-LARGEST, min(cost + fees, LARGEST))
    return max(spent + ceil_div(spent * margin_bp, 10_000), map_minor, floor_minor)


CODE_KILL_SWITCH = CODE["kill_switch"]
CODE_UNKNOWN_ITEM = CODE["unknown_item"]
CODE_CURRENCY = CODE["currency_mismatch"]
CODE_NOT_REGULAR = CODE["not_regular_price"]
CODE_OUT_OF_STOCK = CODE["competitor_out_of_stock"]
CODE_COMPETITOR_STALE = CODE["competitor_stale"]
CODE_DEARER = CODE["competitor_dearer"]
CODE_CONFIDENCE = CODE["low_match_confidence"]
CODE_COST = CODE["missing_cost"]
CODE_STOCK_UNKNOWN = CODE["unknown_stock"]
CODE_STOCK_STALE = CODE["stale_stock"]
CODE_PROMOTION = CODE["own_promotion"]
CODE_COOLDOWN = CODE["cooldown"]
CODE_WAR = CODE["price_war"]
CODE_RESTLESS = CODE["restless"]
CODE_SKUS = CODE["sku_budget"]
CODE_DEMAND = CODE["unknown_demand"]
CODE_COVER = CODE["insufficient_cover"]
CODE_NO_GAIN = CODE["no_gain"]
CODE_CAP = CODE["cap"]
CODE_ROUNDING = CODE["rounding"]
CODE_MARKET = CODE["market_rule"]
CODE_FLOOR = CODE["floor"]
CODE_UNCERTAIN = CODE["uncertain_gain"]
CODE_MARGIN = CODE["margin_budget"]
