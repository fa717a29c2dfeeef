"""Size under uncertainty, against a slow reference that sums over a fine grid of demands and elasticities."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Proposal, Signals
from pricing.guards import propose
from pricing.inputs import Asked, Case, facts_of, limits_of
from pricing.kernel import model_of
from pricing.sizing import GRID, Model, best, best_of_many, best_of_one, expected, gain_range, profit_of
from tests.unit.pricing.samples import NOW, signals

Z80 = 1.2815515655446004
MANY = 60
QUANTILES = [NormalDist().inv_cdf((number + 0.5) / MANY) / Z80 for number in range(MANY)]


def model(given_signals: Signals, pricing: Pricing = DEFAULT.pricing) -> Model:
    return model_of(facts_of(Case(given_signals, NOW, "CNY"), pricing), limits_of(pricing))


def slow_expected(price: float, known: Signals, pricing: Pricing = DEFAULT.pricing) -> float:
    """Expected profit over a fine grid of normally distributed demands and elasticities."""
    assert known.daily_demand is not None
    assert known.elasticity is not None
    m, total = model(known, pricing), 0.0
    half_d = ((known.demand_upper or 0.0) - (known.demand_lower or 0.0)) / 2
    half_e = ((known.elasticity_upper or 0.0) - (known.elasticity_lower or 0.0)) / 2
    for z in QUANTILES:
        daily = max(0.0, known.daily_demand + z * half_d)
        surplus = max(0.0, (known.on_hand or 0) + known.inbound - pricing.target_cover_days * daily)
        for other in QUANTILES:
            slope = min(known.elasticity + other * half_e, -0.01)
            sold = min(daily * pricing.horizon_days * math.pow(price / m.current, slope), m.on_hand)
            total += profit_of(price, sold, surplus, m)
    return total / MANY**2


def uncertain(daily: float, spread: float, slope: float, width: float, on_hand: int, cost: int) -> Signals:
    return signals(
        daily_demand=daily,
        demand_lower=daily * (1 - spread),
        demand_upper=daily * (1 + spread),
        elasticity=slope,
        elasticity_lower=slope - width,
        elasticity_upper=slope + width,
        on_hand=on_hand,
        cost_minor=cost,
    )


@pytest.mark.parametrize(
    "known",
    [
        uncertain(20, 0.2, -2.5, 0.8, 5_000, 6_000),
        uncertain(20, 0.5, -2.0, 1.0, 450, 6_000),
        uncertain(20, 0.3, -4.0, 0.5, 140, 7_500),
        uncertain(150, 0.4, -1.5, 0.6, 4_000, 3_000),
    ],
)
def test_nine_worlds_come_near_to_all_of_them(known: Signals) -> None:
    m = model(known)
    for price in (9_700.0, 9_850.0, 10_000.0):
        assert expected(price, m) == pytest.approx(
            slow_expected(price, known), rel=0.03
        )  # at the kinks; else within 1 %


sizes = st.builds(
    uncertain,
    st.floats(0.5, 300),
    st.floats(0.01, 0.9),
    st.floats(-8, -1.2),
    st.floats(0.05, 1),
    st.integers(1, 20_000),
    st.integers(1_000, 9_500),
)


@given(sizes, st.floats(9_400, 9_990))
def test_no_price_of_a_fine_grid_is_clearly_better(known: Signals, lowest: float) -> None:
    m = model(known)
    found = best(m, lowest)

    assert lowest <= found <= m.current
    finest = max(expected(lowest + (m.current - lowest) * n / 1_500, m) for n in range(1_501))
    assert expected(found, m) >= finest - abs(finest) * 1e-6


@given(sizes, st.floats(9_400, 9_990))
def test_without_an_interval_the_closed_form_agrees_with_the_search(known: Signals, lowest: float) -> None:
    sure = model(signals(daily_demand=known.daily_demand, elasticity=known.elasticity, on_hand=known.on_hand))

    closed = expected(best_of_one(sure, lowest), sure)
    assert closed >= expected(best_of_many(sure, lowest), sure) - abs(closed) * 1e-9
    assert GRID >= 8


@given(sizes, st.floats(9_700, 10_000))
def test_the_gain_lies_within_its_interval(known: Signals, price: float) -> None:
    gain, lower, upper = gain_range(price, model(known))
    assert lower <= gain <= upper


def made(known: Signals, **limits: int) -> Proposal:
    policy = Policy(pricing=Pricing(**limits))  # type: ignore[arg-type]
    return propose(Case(known, NOW, "CNY"), policy, Asked("A", "e"))


def test_the_less_is_known_the_sooner_it_is_refused() -> None:
    sure = uncertain(20, 0.05, -2.0, 0.05, 5_000, 6_000)
    vague = uncertain(20, 0.5, -2.0, 1.2, 5_000, 6_000)

    assert made(sure, maximum_loss_bp=0).blocked_by is None
    assert made(vague, maximum_loss_bp=0).blocked_by == "uncertain_gain"
    lax = made(vague, maximum_loss_bp=1_000_000)
    assert lax.blocked_by is None
    assert lax.profit_lower_minor is not None
    assert lax.profit_upper_minor is not None
    assert lax.profit_lower_minor < 0 < lax.expected_profit_change_minor < lax.profit_upper_minor


def test_stock_that_may_not_be_a_surplus_is_not_sold_off() -> None:
    """22 days of cover may be 17 or 31: a unit that we need costs what it costs."""
    known = uncertain(20, 0.3, -2.2, 0.3, 440, 7_000)

    assert made(known).blocked_by == "no_gain"
    assert made(uncertain(20, 0.3, -2.2, 0.3, 5_000, 7_000)).blocked_by is None
