"""Every guard of the kernel at its border: the last value that passes and the first that does not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from contracts.policy import DEFAULT
from pricing import kernel
from pricing.guards import reason_of
from pricing.inputs import Case, facts_of, limits_of
from pricing.kernel import LARGEST, NEVER, NONE, Decided, decide
from tests.unit.pricing.samples import NOW, signals

FACTS = facts_of(Case(signals(), NOW, "CNY"), DEFAULT.pricing)
LIMITS = limits_of(DEFAULT.pricing)
P, F = LIMITS, FACTS  # short where a border is worked out


def decided(limits: dict[str, Any] | None = None, **facts: Any) -> Decided:
    return decide(FACTS._replace(**facts), LIMITS._replace(**(limits or {})))


def reason(limits: dict[str, Any] | None = None, **facts: Any) -> str:
    return reason_of(decided(limits, **facts).code) or "goes out"


def test_the_facts_that_the_tables_change_go_out() -> None:
    made = decided()
    assert (reason(), made.stage, made.price, made.lowest) == ("goes out", kernel.DONE, 9_700, 9_700)
    assert made[3:8] == (9_700,) * 5
    assert made.gain > 0
    assert made.stake == math.ceil(300 * made.units)


BORDERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("kill_switch", {}, {"kill_switch": True}),
    ("unknown_item", {"price": 1}, {"price": 0}),
    ("unknown_item", {}, {"price": -1}),
    ("unknown_item", {"price": LARGEST}, {"price": LARGEST + 1}),
    ("unknown_item", {"window_start": 1}, {"window_start": 0}),
    ("unknown_item", {"window_start": LARGEST}, {"window_start": LARGEST + 1}),
    ("currency_mismatch", {}, {"same_currency": False}),
    ("not_regular_price", {}, {"regular": False}),
    ("competitor_out_of_stock", {}, {"in_stock": False}),
    ("competitor_stale", {"competitor_age": P.competitor_age}, {"competitor_age": P.competitor_age + 1}),
    ("competitor_dearer", {"competitor_price": 11_000}, {"competitor_price": 11_001}),
    ("low_match_confidence", {"confidence": P.confidence}, {"confidence": math.nextafter(P.confidence, 0)}),
    ("missing_cost", {"cost": 0}, {"cost": NONE}),
    ("missing_cost", {"fees": 0}, {"fees": -1}),
    ("missing_cost", {"fees": LARGEST - F.cost}, {"fees": LARGEST - F.cost + 1}),
    ("unknown_stock", {"on_hand": 0}, {"on_hand": NONE}),
    ("unknown_stock", {"stock_age": NEVER + 1}, {"stock_age": NEVER}),
    ("stale_stock", {"stock_age": P.stock_age}, {"stock_age": P.stock_age + 1}),
    ("own_promotion", {}, {"own_promotion": True}),
    ("cooldown", {"since_change": P.cooldown}, {"since_change": P.cooldown - 1}),
    ("cooldown", {"since_change": NONE}, {"since_change": 0}),
    ("price_war", {"reactions": P.reactions - 1}, {"reactions": P.reactions}),
    ("restless", {"changes": P.changes - 1}, {"changes": P.changes}),
    ("sku_budget", {"skus": P.skus - 1}, {"skus": P.skus}),
    ("unknown_demand", {"demand": 0.0}, {"demand": math.nan}),
    ("unknown_demand", {}, {"demand": -1.0}),
    ("insufficient_cover", {"on_hand": 421}, {"on_hand": 420}),  # 21 days of 20
    ("insufficient_cover", {"on_hand": 843, "cover_season": 2.0}, {"on_hand": 840, "cover_season": 2.0}),
]


@pytest.mark.parametrize(("guard", "passes", "held"), BORDERS, ids=lambda value: str(value)[:40])
def test_an_input_guard_holds_from_its_border_on(guard: str, passes: dict[str, Any], held: dict[str, Any]) -> None:
    assert reason(**passes) != guard
    assert reason(**held) == guard
    made = decided(**held)
    assert (made.stage, made.price) == (kernel.INPUTS, FACTS._replace(**held).price)
    assert made[9:] == (0.0, 0, 0, 0, 0)  # nothing is expected of what does not go out


def test_a_restore_to_nothing_is_no_price() -> None:
    assert decided(restore=0, cost=NONE).floored == 0


def test_the_kill_switch_of_the_policy_is_enough() -> None:
    assert reason({"kill_switch": True}) == "kill_switch"
    assert reason({"kill_switch": True}, restore=10_500) == "kill_switch"


@pytest.mark.parametrize("facts", [{"competitor_price": 20_000}, {"changes": 100}])
def test_the_first_rules_knew_neither_dearer_rivals_nor_restlessness(facts: dict[str, Any]) -> None:
    assert reason({"rules": 1}, **facts) == "goes out"
    assert reason({"rules": 2}, **facts) != "goes out"
    assert reason({"rules": 3}, **facts) != "goes out"


RESTORES: list[tuple[dict[str, Any], str, int]] = [
    ({}, "goes out", 10_500),
    ({"kill_switch": True}, "kill_switch", 10_000),
    ({"price": 0}, "unknown_item", 0),
    ({"price": -1}, "unknown_item", -1),
    ({"price": 1}, "goes out", 10_500),
    ({"price": LARGEST, "restore": LARGEST + 1}, "goes out", LARGEST + 1),
    ({"price": LARGEST + 1, "restore": LARGEST + 2}, "unknown_item", LARGEST + 1),
    ({"own_promotion": True}, "own_promotion", 10_000),
    ({"restore": 10_001}, "goes out", 10_001),
    ({"restore": 10_000}, "no_gain", 10_000),
    ({"restore": 9_000}, "no_gain", 10_000),
    ({"restore": 0}, "no_gain", 10_000),
    ({"restore": 0, "cost": NONE}, "no_gain", 10_000),
    ({"restore": 9_000, "map_minor": 10_100}, "goes out", 10_100),
    ({"map_minor": 10_600, "floor": 10_700}, "goes out", 10_700),
    ({"map_minor": 10_800, "floor": 10_700}, "goes out", 10_800),
    ({"cost": 10_000, "fees": 200}, "goes out", 10_710),  # with 5 % on top
    ({"cost": NONE, "map_minor": 10_800, "floor": 10_700}, "goes out", 10_800),
    ({"cost": NONE, "map_minor": 10_600, "floor": 10_700}, "goes out", 10_700),
    ({"cost": NONE, "fees": 20_000}, "goes out", 10_500),  # fees alone are no floor
    ({"stock_age": NEVER, "in_stock": False, "since_change": 0, "changes": 100}, "goes out", 10_500),
]


@pytest.mark.parametrize(("facts", "said", "price"), RESTORES, ids=lambda value: str(value)[:50])
def test_a_restore_goes_up_to_the_price_before_or_the_floor(facts: dict[str, Any], said: str, price: int) -> None:
    made = decided(**{"restore": 10_500, **facts})
    assert (reason_of(made.code) or "goes out", made.price) == (said, price)
    assert (made.lowest, made.stake) == (NONE, 0)  # nothing is at stake when a price goes back up
    wanted = facts.get("restore", 10_500)
    assert (made.target, made.capped, made.rounded, made.marketed) == (wanted,) * 4
    stage = {"goes out": kernel.DONE, "no_gain": kernel.TARGET}.get(said, kernel.INPUTS)
    assert made.stage == stage


@pytest.mark.parametrize("facts", [{"on_hand": 0}, {"on_hand": NONE}, {"demand": math.nan}, {"cost": NONE}])
def test_what_a_restore_brings_is_not_told_where_it_is_not_known(facts: dict[str, Any]) -> None:
    made = decided(restore=10_500, **facts)
    assert made[9:14] == (0.0, 0, 0, 0, 0)


def test_what_a_restore_brings_is_told_where_it_is_known() -> None:
    made = decided(restore=10_500, on_hand=1)
    assert made.units == 1.0
    assert (made.gain, made.gain_lower, made.gain_upper) == (500, 500, 500)  # the last unit, for 5 more


def test_the_target_is_the_best_price_rounded_up() -> None:
    # Marginal cost 5,850.50 and elasticity -2.5: 5,850.50 x 2.5 / 1.5 = 9,750.83.
    assert decided(cost=11_701, elasticity=-2.5).target == 9_751


def test_within_a_closer_cap_the_best_price_is_looked_for_again() -> None:
    """Two prices are worth it, 9,700 and today's; where the first is forbidden it is not the nearest one."""
    made = decided(
        window_start=10_250,
        cost=5_716,
        on_hand=708,
        demand=9.0,
        demand_lower=0.68,
        demand_upper=65.6,
        elasticity=-1.06,
        elasticity_lower=-4.9,
        elasticity_upper=-0.66,
    )
    assert (made.lowest, made.target, made.capped) == (9_943, 9_700, 10_000)
    assert (reason_of(made.code), made.stage) == ("cap", kernel.CAP)
    between = decided(
        window_start=10_200,
        cost=6_700,
        on_hand=540,
        demand=19.0,
        demand_lower=2.0,
        demand_upper=49.0,
        elasticity=-1.0,
        elasticity_lower=-7.7,
        elasticity_upper=-0.1,
    )
    assert (between.lowest, between.target, between.capped) == (9_894, 9_700, 9_925)  # 9,924.43 rounded up


PRICES: list[tuple[dict[str, Any], dict[str, Any], str, int]] = [
    # limits, facts, where it ends, the price after the last guard that ran
    ({"surplus_bp": 10_000}, {"elasticity": -1.5}, "no_gain", 10_000),
    ({}, {"window_start": 10_309}, "cap", 10_000),  # 9,999.73 rounded up
    ({}, {"window_start": 10_308}, "goes out", 9_999),
    ({}, {"window_start": 12_000}, "cap", 11_640),
    ({}, {"standing_from": 10_638}, "cap", 10_000),  # 6 % of what came before
    ({}, {"standing_from": 10_637}, "goes out", 9_999),
    ({}, {"standing_from": 0}, "goes out", 9_700),
    ({}, {"standing_from": 1}, "goes out", 9_700),
    ({"step": 1_000}, {}, "rounding", 10_000),
    ({"step": 1_000}, {"price": 10_001, "window_start": 10_001}, "goes out", 10_000),
    ({"step": 99}, {}, "goes out", 9_702),
    ({}, {"hold": True, "prior_low": 9_900}, "goes out", 9_900),
    ({}, {"hold": True, "prior_low": 9_999}, "goes out", 9_999),
    ({}, {"hold": True, "prior_low": 10_000}, "market_rule", 10_000),
    ({}, {"hold": True, "prior_low": NONE}, "goes out", 9_700),
    ({}, {"hold": False, "prior_low": 9_900}, "goes out", 9_700),
    ({"step": 100}, {"hold": True, "prior_low": 9_801}, "goes out", 9_900),
    ({}, {"announced": True, "prior_low": 9_701}, "goes out", 9_700),
    ({}, {"announced": True, "prior_low": 9_700}, "market_rule", 9_700),
    ({}, {"announced": True, "prior_low": NONE}, "goes out", 9_700),
    ({}, {"announced": False, "prior_low": 9_700}, "goes out", 9_700),
    ({}, {"floor": 9_999}, "goes out", 9_999),
    ({}, {"floor": 10_000}, "floor", 10_000),
    ({}, {"floor": 9_700, "map_minor": 9_800}, "goes out", 9_800),
    ({}, {"floor": 9_800, "map_minor": 9_700}, "goes out", 9_800),
    ({"step": 100}, {"floor": 9_701}, "goes out", 9_800),
    ({"surplus_bp": 0}, {"cost": 9_500, "fees": 0}, "goes out", 9_975),  # 5 % on top
    ({"surplus_bp": 0}, {"cost": 9_300, "fees": 200}, "goes out", 9_975),
]


@pytest.mark.parametrize(("limits", "facts", "said", "price"), PRICES, ids=lambda value: str(value)[:50])
def test_a_price_goes_from_guard_to_guard(limits: dict[str, Any], facts: dict[str, Any], said: str, price: int) -> None:
    made = decided(limits, **facts)
    ended = {"no_gain": "TARGET", "cap": "CAP", "rounding": "ROUNDING", "market_rule": "MARKET", "floor": "FLOOR"}
    assert reason_of(made.code) == (None if said == "goes out" else said)
    assert made.stage == getattr(kernel, ended.get(said, "DONE"))
    after = {"no_gain": made.target, "cap": made.capped, "rounding": made.rounded, "market_rule": made.floored}
    assert after.get(said, made.floored) == price
    assert made.price == (price if said == "goes out" else FACTS._replace(**facts).price)
    assert (made.stake > 0) == (said == "goes out")


UNSURE = {"demand_lower": 5.0, "demand_upper": 60.0, "elasticity_lower": -5.0, "elasticity_upper": -1.0}


def test_what_may_be_lost_is_bounded_by_what_is_expected() -> None:
    made = decided(**UNSURE)
    assert made.gain_lower < 0 < made.gain < made.gain_upper
    border = math.ceil(-made.gain_lower * 10_000 / made.gain)
    assert reason({"maximum_loss_bp": border}, **UNSURE) == "goes out"
    assert reason({"maximum_loss_bp": border - 1}, **UNSURE) == "uncertain_gain"
    assert reason({"maximum_loss_bp": 0, "rules": 1}, **UNSURE) == "goes out"  # the first rules looked at no interval
    all_of_it = LIMITS._replace(maximum_loss_bp=10_000)
    codes = [kernel._worth_code(FACTS, all_of_it, 100, lower, 0) for lower in (-100, -101)]
    assert [reason_of(code) for code in codes] == [None, "uncertain_gain"]


def test_a_gain_that_rounds_to_nothing_is_none() -> None:
    made = decided(demand=0.0001)
    assert (made.target, made.stage, reason_of(made.code)) == (9_700, kernel.WORTH, "no_gain")
    assert [kernel._worth_code(FACTS, LIMITS, gain, gain, 0) for gain in (-1, 0, 1)] == [kernel.CODE_NO_GAIN] * 2 + [0]


def test_no_amount_at_stake_is_too_large_to_be_written_down() -> None:
    huge = {"price": LARGEST, "window_start": LARGEST, "cost": 1, "on_hand": 10**15, "demand": 1e13}
    made = decided({"margin_spent": 1 << 60}, **huge)
    assert (reason_of(made.code), made.stake) == (None, MOST)


def test_the_margin_of_an_hour_is_spent_to_the_last_unit_and_no_further() -> None:
    spent = P.margin_spent - decided().stake
    assert reason(margin_spent=spent) == "goes out"
    assert reason(margin_spent=spent + 1) == "margin_budget"


def test_a_price_that_brings_nothing_is_not_worth_it() -> None:
    """9,700 would pay, and so would today's price; 9,859, to which the minimum lifts it, does not."""
    made = decided(
        cost=6_800,
        on_hand=480,
        demand=14.0,
        demand_lower=2.0,
        demand_upper=40.0,
        elasticity=-1.0,
        elasticity_lower=-5.9,
        elasticity_upper=-0.3,
        map_minor=9_859,
    )
    assert (made.target, made.floored, made.price, made.gain, made.stake) == (9_700, 9_859, 10_000, 0, 0)
    assert (reason_of(made.code), made.stage) == ("no_gain", kernel.WORTH)


def test_small_sums_are_exact() -> None:
    assert [kernel.ceil_div(a, 3) for a in (-4, -3, -1, 0, 1, 3, 4)] == [-1, -1, 0, 0, 1, 1, 2]
    assert [kernel.round_up(price, 5) for price in (0, 1, 5, 6)] == [0, 5, 5, 10]
    assert [kernel.cap_price(start, 300) for start in (10_000, 10_001, 1, 0)] == [9_700, 9_701, 1, 0]
    assert [kernel.money(amount) for amount in (0.4, 0.5, -0.5, -0.6, 1e300, -1e300)] == [0, 1, 0, -1, MOST, -MOST]
    assert kernel.hard_floor(100, 20, 500, NONE, NONE) == 126
    assert kernel.hard_floor(100, 21, 500, NONE, NONE) == 128  # 127.05 rounded up
    assert kernel.hard_floor(100, 20, 500, 127, NONE) == kernel.hard_floor(100, 20, 500, NONE, 127) == 127
    assert kernel.hard_floor(LARGEST, LARGEST, 0, NONE, NONE) == LARGEST
    assert kernel.hard_floor(0, -LARGEST * 2, 0, -LARGEST * 2, -LARGEST * 2) == -LARGEST
    assert kernel.hard_floor(0, -LARGEST * 2, 0, NONE, NONE) == NONE
    assert [kernel.clamped(slope) for slope in (-1e300, -20.0, -3.0, 0.0, 5.0)] == [-20.0, -20.0, -3.0, -0.01, -0.01]
    assert (kernel.known(math.nan, 2.0), kernel.known(1.0, 2.0)) == (2.0, 1.0)


MOST = 900_000_000_000_000_000


def test_surplus_is_what_lies_beyond_the_target_cover() -> None:
    at = FACTS._replace(on_hand=500, inbound=20, cover_season=2.0)
    assert kernel.surplus_of(at, LIMITS, 10.0) == 520 - 21 * 10 * 2
    assert kernel.surplus_of(at, LIMITS, 100.0) == 0.0


def test_the_model_takes_intervals_in_order_and_only_under_rules_that_have_them() -> None:
    told = FACTS._replace(fees=40, **UNSURE)
    model = kernel.model_of(told, LIMITS)
    assert (model.current, model.on_hand, model.cost, model.fees) == (10_000.0, 5_000.0, 6_000.0, 40.0)
    assert model.surplus_value == 3_000.0
    assert model.units == (35.0, 140.0, 420.0)
    assert model.surplus == (5_000 - 105, 5_000 - 420, 5_000 - 1_260)
    assert model.slopes == (-5.0, -3.0, -1.0)
    season = kernel.model_of(told._replace(season=2.0), LIMITS)
    assert season.units == (70.0, 280.0, 840.0)
    first = kernel.model_of(told, LIMITS._replace(rules=1))
    assert (first.units, first.slopes) == ((140.0,) * 3, (-3.0,) * 3)
    wrong = FACTS._replace(demand_lower=30.0, demand_upper=10.0, elasticity_lower=-1.0, elasticity_upper=-5.0)
    inside = kernel.model_of(wrong, LIMITS)  # ends on the wrong side of the middle say nothing
    assert (inside.units, inside.slopes) == ((140.0,) * 3, (-3.0,) * 3)
    assert kernel.model_of(FACTS._replace(demand_lower=-5.0), LIMITS).units[0] == 0.0
    unknown = FACTS._replace(elasticity=math.nan, elasticity_lower=math.nan, elasticity_upper=math.nan)
    assert kernel.model_of(unknown, LIMITS).slopes == (-2.0,) * 3
