"""Order of the guards, each reason, and what no input may ever break: cap, floors, determinism."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import decode, encode
from contracts.errors import TamperedError
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Proposal, Signals
from contracts.times import HOUR_MS, MINUTE_MS
from pricing.explain import explain
from pricing.guards import propose
from pricing.inputs import Asked, Case
from pricing.reasons import REASONS
from pricing.verify import verify
from tests.unit.pricing.samples import NOW, signals


def decide(given_signals: Signals, policy: Policy = DEFAULT, currency: str = "CNY") -> Proposal:
    return propose(Case(given_signals, NOW, currency), policy, Asked("A", "e1"))


def test_a_cut_with_sufficient_stock_gives_the_cap_when_profit_asks_for_more() -> None:
    made = decide(signals())

    assert made.blocked_by is None
    assert made.proposed_minor == 9_700
    assert [step.guard for step in made.guards] == ["inputs", "target", "cap", "rounding", "floor", "worth", "risk"]


def test_the_cap_rounds_up_never_through() -> None:
    made = decide(signals(price_minor=9_999, window_start_minor=9_999))

    assert made.proposed_minor == 9_700  # 9,699.03 rounded up


def test_the_cap_counts_from_the_start_of_the_window() -> None:
    made = decide(signals(price_minor=9_800, window_start_minor=10_000))

    assert made.proposed_minor == 9_700
    assert made.guards[2].outcome == "changed"
    assert decide(signals(price_minor=9_700)).blocked_by == "cap"


def test_floors_come_last_and_hold() -> None:
    assert decide(signals(map_minor=9_850)).proposed_minor == 9_850
    assert decide(signals(floor_minor=9_900)).proposed_minor == 9_900
    assert decide(signals(cost_minor=9_300)).proposed_minor == 9_765  # 5 % on top of the cost
    assert decide(signals(cost_minor=9_600)).blocked_by in {"no_gain", "floor"}
    assert decide(signals(map_minor=10_000)).blocked_by == "floor"
    assert decide(signals(map_minor=12_000)).blocked_by == "floor"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kill_switch": True}, "kill_switch"),
        ({"price_minor": 0}, "unknown_item"),
        ({"window_start_minor": 0}, "unknown_item"),
        ({"competitor_currency": "USD"}, "currency_mismatch"),
        ({"competitor_price_type": "promotion"}, "not_regular_price"),
        ({"competitor_in_stock": False}, "competitor_out_of_stock"),
        ({"competitor_observed_at": NOW - HOUR_MS - 1}, "competitor_stale"),
        ({"match_confidence": 0.89}, "low_match_confidence"),
        ({"cost_minor": None}, "missing_cost"),
        ({"on_hand": None}, "unknown_stock"),
        ({"stock_as_of": None}, "unknown_stock"),
        ({"stock_as_of": NOW - 15 * MINUTE_MS - 1}, "stale_stock"),
        ({"own_promotion": True}, "own_promotion"),
        ({"last_change_at": NOW - 24 * HOUR_MS + 1}, "cooldown"),
        ({"competitor_reactions": 3}, "price_war"),
        ({"skus_changed_last_hour": 500}, "sku_budget"),
        ({"daily_demand": None}, "unknown_demand"),
        ({"on_hand": 420}, "insufficient_cover"),
        ({"elasticity": -0.5}, "no_gain"),
        ({"margin_spent_last_hour_minor": 50_000_000}, "margin_budget"),
    ],
)
def test_every_reason_holds_a_markdown_back(changes: dict[str, object], reason: str) -> None:
    made = decide(signals(**changes))

    assert made.blocked_by == reason
    assert made.proposed_minor == made.current_minor
    assert made.at_stake_minor == 0
    verify(made, DEFAULT)


def test_the_edges_still_pass() -> None:
    edge = signals(
        stock_as_of=NOW - 15 * MINUTE_MS,
        competitor_observed_at=NOW - HOUR_MS,
        last_change_at=NOW - 24 * HOUR_MS,
        match_confidence=0.9,
        on_hand=421,
        skus_changed_last_hour=499,
        competitor_reactions=2,
    )

    assert decide(edge).blocked_by in {None, "no_gain"}


def test_of_several_reasons_the_first_guard_speaks() -> None:
    broken = signals(cost_minor=None, stock_as_of=NOW - HOUR_MS, own_promotion=True)

    assert decide(broken).blocked_by == "missing_cost"


def test_a_restore_brings_the_price_back() -> None:
    made = decide(signals(price_minor=9_700, restore_minor=10_000))

    assert (made.kind, made.proposed_minor, made.blocked_by) == ("restore", 10_000, None)
    assert decide(signals(price_minor=9_700, restore_minor=10_000, own_promotion=True)).blocked_by == "own_promotion"


amounts = st.integers(1, 9 * 10**11)
any_signals = st.builds(
    Signals,
    competitor=st.just("rival"),
    competitor_price_minor=amounts,
    competitor_previous_minor=amounts,
    competitor_observed_at=st.integers(NOW - 2 * HOUR_MS, NOW),
    match_confidence=st.floats(0.8, 1),
    price_minor=amounts,
    window_start_minor=amounts,
    cost_minor=st.none() | amounts,
    fees_minor=st.integers(0, 10**6),
    map_minor=st.none() | amounts,
    floor_minor=st.none() | amounts,
    on_hand=st.none() | st.integers(0, 10**7),
    inbound=st.integers(0, 10**6),
    stock_as_of=st.none() | st.integers(NOW - HOUR_MS, NOW),
    daily_demand=st.none() | st.floats(0, 10**5),
    elasticity=st.none() | st.floats(-30, 5),
    restore_minor=st.none() | amounts,
)
# Amounts near one another, so that prices, caps and floors meet.
near = st.integers(900, 1_100)
close_signals = st.builds(
    signals,
    price_minor=near,
    window_start_minor=near,
    cost_minor=st.integers(400, 1_050),
    map_minor=st.none() | near,
    floor_minor=st.none() | near,
    on_hand=st.integers(0, 10_000),
    inbound=st.integers(0, 1_000),
    daily_demand=st.floats(0, 300),
    elasticity=st.floats(-10, -0.1),
    stock_as_of=st.integers(NOW - HOUR_MS, NOW),
)
policies = st.builds(
    Policy,
    pricing=st.builds(
        Pricing,
        cap_bp=st.integers(0, 300),
        rounding_minor=st.integers(1, 1000),
        minimum_margin_bp=st.integers(0, 5_000),
        target_cover_days=st.integers(1, 60),
        surplus_value_bp=st.integers(0, 10_000),
    ),
)


@given(any_signals | close_signals, policies, st.sampled_from(["CNY", "JPY", "KWD"]))
def test_no_input_breaks_cap_or_floor(given_signals: Signals, policy: Policy, currency: str) -> None:
    made = decide(given_signals, policy, currency)

    assert made.blocked_by is None or made.blocked_by in REASONS
    if made.blocked_by is not None:
        assert made.proposed_minor == made.current_minor
        return
    if made.kind == "restore":
        assert made.proposed_minor > made.current_minor
        return
    s, cap_bp = given_signals, policy.pricing.cap_bp
    assert made.proposed_minor < made.current_minor
    assert made.proposed_minor * 10_000 >= s.window_start_minor * (10_000 - cap_bp)
    assert made.proposed_minor * 10_000 >= made.current_minor * (10_000 - cap_bp)
    assert s.cost_minor is not None
    margin = (s.cost_minor + s.fees_minor) * (10_000 + policy.pricing.minimum_margin_bp)
    assert made.proposed_minor * 10_000 >= margin
    assert made.proposed_minor >= max(s.map_minor or 0, s.floor_minor or 0)
    assert made.proposed_minor % policy.pricing.rounding_minor == 0
    assert s.stock_as_of is not None
    assert NOW - s.stock_as_of <= policy.pricing.stock_max_age_minutes * MINUTE_MS


@given(any_signals | close_signals, policies)
def test_same_inputs_same_bytes_and_verified_after_the_wire(given_signals: Signals, policy: Policy) -> None:
    made = decide(given_signals, policy)

    assert encode(made) == encode(decide(given_signals, policy))
    verify(decode(encode(made), Proposal), policy)
    assert explain(made, "en") != explain(made, "zh")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("proposed_minor", 9_600),
        ("signals", signals(cost_minor=1)),
        ("at_stake_minor", 1),
        ("tier", "auto"),
        ("policy_version", "other@1"),
        ("record_hash", "0"),
        ("guards", ()),
    ],
)
def test_a_tampered_record_is_found(field: str, value: object) -> None:
    tampered = msgspec.structs.replace(decide(signals()), **{field: value})

    with pytest.raises(TamperedError):
        verify(tampered, DEFAULT)
