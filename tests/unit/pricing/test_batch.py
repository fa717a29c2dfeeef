"""A batch gives, row for row and to the last bit, what deciding one by one gives."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codec import decode, encode
from contracts.errors import BadInputError
from contracts.markets import MarketRule
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Proposal, Signals
from contracts.times import HOUR_MS
from pricing.batch import decide_all
from pricing.guards import propose
from pricing.inputs import RULES, Asked, Case
from pricing.reasons import REASONS
from pricing.verify import verify
from tests.unit.pricing.samples import NOW, signals

MARKETS = (MarketRule("EU", announced=True), MarketRule("CN", new_low="hold"))
amount = st.integers(1, 9 * 10**14) | st.integers(1, 2_000) | st.sampled_from([1, 9 * 10**14, 10**19, 10**30])
maybe = st.none() | amount
number = st.floats(0, 1e9, allow_subnormal=True) | st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 1e300])
slope = st.floats(-40, 5) | st.sampled_from([-1.0, -1.0 - 2**-52, 0.0, -0.01, -20.0, -1e300, 1e300])
moment = st.integers(NOW - 2 * HOUR_MS, NOW + HOUR_MS) | st.sampled_from([0, -(10**18), 10**18])
currency = st.sampled_from(["CNY", "EUR", "JPY", "KWD", "USD"])

wild = st.builds(
    Signals,
    competitor=st.just("rival"),
    competitor_price_minor=amount | st.integers(-10, 0),
    competitor_previous_minor=amount,
    competitor_observed_at=moment,
    competitor_in_stock=st.booleans(),
    match_confidence=st.floats(0.5, 1),
    price_minor=amount | st.integers(-10, 0),
    window_start_minor=amount,
    cost_minor=maybe,
    fees_minor=st.integers(-(10**18), 10**18) | st.integers(0, 100),
    map_minor=maybe,
    floor_minor=maybe,
    own_promotion=st.booleans(),
    on_hand=st.none() | st.integers(-5, 10**15),
    inbound=st.integers(-(10**19), 10**19),
    stock_as_of=st.none() | moment,
    daily_demand=st.none() | number,
    demand_lower=st.none() | number,
    demand_upper=st.none() | number,
    elasticity=st.none() | slope,
    elasticity_lower=st.none() | slope,
    elasticity_upper=st.none() | slope,
    season_factor=st.floats(0.1, 10),
    cover_season_factor=st.floats(0.1, 10),
    last_change_at=st.none() | moment,
    competitor_reactions=st.integers(0, 5),
    own_changes_28d=st.integers(0, 10),
    skus_changed_last_hour=st.integers(0, 600),
    margin_spent_last_hour_minor=st.integers(-5, 10**20),
    kill_switch=st.booleans(),
    competitor_currency=st.sampled_from(["", "USD"]),
    restore_minor=maybe,
    standing_from_minor=maybe,
    market=st.sampled_from(["", "EU"]),
    prior_low_minor=maybe,
)
near = st.integers(9_000, 11_000)
# Every guard of the inputs passes: prices, caps, floors and gains decide.
likely = st.builds(
    signals,
    competitor_price_minor=st.integers(6_000, 10_500),
    price_minor=near,
    window_start_minor=near,
    standing_from_minor=st.none() | near,
    cost_minor=st.integers(2_000, 9_800),
    fees_minor=st.integers(0, 300),
    map_minor=st.none() | near,
    market=st.sampled_from(["", "CN"]),
    prior_low_minor=st.none() | near,
    on_hand=st.integers(0, 20_000),
    inbound=st.integers(0, 5_000),
    daily_demand=st.floats(0, 300),
    demand_lower=st.none() | st.floats(0, 300),
    demand_upper=st.none() | st.floats(0, 900),
    elasticity=st.floats(-9, -0.3),
    elasticity_lower=st.none() | st.floats(-9, -0.3),
    elasticity_upper=st.none() | st.floats(-5, -0.1),
    season_factor=st.sampled_from([1.0, 0.4, 3.0]),
    restore_minor=st.none() | st.none() | st.none() | near,
)
policies = st.builds(
    Policy,
    pricing=st.builds(
        Pricing,
        cap_bp=st.integers(0, 300),
        standing_cap_bp=st.integers(0, 10_000),
        target_cover_days=st.integers(1, 60) | st.just(10**6),
        minimum_margin_bp=st.integers(0, 10_000),
        rounding_minor=st.integers(1, 100) | st.sampled_from([1, 10**18, 10**30]),
        surplus_value_bp=st.integers(0, 10_000),
        horizon_days=st.integers(1, 60) | st.just(10**6),
        max_margin_per_hour_minor=st.integers(1, 10**20),
        maximum_loss_bp=st.integers(0, 1_000_000),
        dearer_bp=st.integers(0, 10_000),
        max_changes_in_28_days=st.integers(1, 10) | st.just(10**30),
        stock_max_age_minutes=st.sampled_from([15, 10**30]),
        cooldown_hours=st.sampled_from([0, 24, 10**30]),
        kill_switch=st.sampled_from([False, False, False, True]),
        markets=st.sampled_from([(), MARKETS]),
    ),
)


def one_by_one(cases: list[Case], policy: Policy) -> list[Proposal]:
    return [propose(case, policy, Asked("A", "e")) for case in cases]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds(Case, wild | likely | likely, st.just(NOW), currency), min_size=1, max_size=12), policies)
def test_a_batch_is_what_one_by_one_gives(cases: list[Case], policy: Policy) -> None:
    decided = decide_all(cases, policy)

    alone = one_by_one(cases, policy)
    assert [decided.proposal(n, case, policy, Asked("A", "e")) for n, case in enumerate(cases)] == alone
    assert decided.tiers(policy) == [made.tier for made in alone]
    assert sum(decided.outcomes().values()) == len(cases)
    assert set(decided.outcomes()) <= {"proposed", *REASONS}


def test_a_batch_may_be_empty() -> None:
    assert len(decide_all([], DEFAULT).rows) == 0


@given(likely, policies)
def test_a_row_does_not_depend_on_its_neighbours(one: Signals, policy: Policy) -> None:
    case, other = Case(one, NOW, "CNY"), Case(signals(), NOW, "CNY")

    assert decide_all([other, case, other], policy).one(1) == decide_all([case], policy).one(0)


OLD = (Path(__file__).parent / "made_by_rules_1.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("number", range(len(OLD)))
def test_what_earlier_rules_made_is_still_verified_byte_for_byte(number: int) -> None:
    made: Proposal = decode(OLD[number], Proposal)

    assert made.rules == 1
    assert encode(made) == OLD[number]
    verify(made, DEFAULT)


def test_what_later_rules_made_is_left_to_a_later_release() -> None:
    (made,) = one_by_one([Case(signals(), NOW, "CNY")], DEFAULT)

    with pytest.raises(BadInputError, match="rules 1 to 2, was 3"):
        verify(msgspec.structs.replace(made, rules=RULES + 1), DEFAULT)
