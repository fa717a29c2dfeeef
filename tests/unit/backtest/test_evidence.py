"""The evidence on a market whose truth is known: the referee finds it, and each policy does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.evidence_markets import Market
from benchmarks.evidence_model import fit, score
from benchmarks.evidence_policies import events_of, fixed, hold, match_lowest, ours, policy_for
from contracts.times import DAY_MS, HOUR_MS

ELASTICITY = -2.0
START = 1_400_000_000_000 // DAY_MS * DAY_MS
DAYS, ROWS = 120, 6


@pytest.fixture(scope="module")
def market() -> Market:
    """Six products by day; a rival of each cuts by 10 % on day 80 and returns on day 100."""
    random = np.random.default_rng(3)
    blocks = random.choice([9_000, 9_500, 10_000, 10_500], (ROWS, DAYS // 10))
    price = np.repeat(blocks, 10, axis=1).astype(float)
    price[:, 70:] = 10_000  # our list price stays while the rival moves
    noise = random.normal(0, 0.05, price.shape)
    units = np.round(200 * np.exp(ELASTICITY * np.log(price / 10_000) + noise))
    rival = np.full(price.shape, 10_000.0)
    rival[:, 80:100] = 9_000
    rows = [
        (START + day * DAY_MS + 8 * HOUR_MS, "shop", f"p{row}", int(rival[row, day]))
        for day in range(DAYS)
        for row in range(ROWS)
    ]
    return Market(
        name="known",
        currency="USD",
        period_ms=DAY_MS,
        start_ms=START,
        price=price,
        units=units,
        paid=price,
        cost=np.full(price.shape, 6_000.0),
        promoted=np.zeros(price.shape, bool),
        rival=rival,
        observations=pl.DataFrame(
            rows, schema=["observed_at", "competitor", "product_id", "price_minor"], orient="row"
        ),
        matches=[("shop", f"p{row}", row) for row in range(ROWS)],
        groups=["all"] * ROWS,
    )


def test_the_referee_finds_the_elasticity_and_its_interval_holds_it(market: Market) -> None:
    referee = fit(market)
    low, high = np.percentile(referee.draws[:, 0], (2.5, 97.5))
    assert low < ELASTICITY < high
    assert high - low < 0.3
    assert referee.mean[0] == pytest.approx(ELASTICITY, abs=0.1)


def test_three_percent_off_brings_what_the_elasticity_says(market: Market) -> None:
    found = score(market, fit(market), market.price * 0.97, 60)
    units = 100 * (0.97**ELASTICITY - 1)
    assert found["units"][0] == pytest.approx(units, abs=0.4)
    assert found["units"][1] < units < found["units"][2]
    assert found["mean_change_percent_where_touched"] == -3.0
    assert found["margin_points"][0] < 0
    nothing = score(market, fit(market), hold(market), 60)
    assert (nothing["units"], nothing["margin"], nothing["share_of_periods_touched"]) == ([0, 0, 0], [0, 0, 0], 0)


def test_each_policy_answers_the_cut_in_its_own_way(market: Market) -> None:
    events = events_of(market)
    assert (match_lowest(market)[:, 80:100] == 9_000).all()
    assert (match_lowest(market) <= market.price).all()
    three = fixed(market, events)
    assert (three[:, 81:100] == 9_700).all()
    assert (three[:, 101:] == 10_000).all()
    path, outcomes = ours(market, events, 60, policy_for(market))
    assert outcomes["markdown"] > 0
    assert ((path[:, 80:100] >= 9_700) & (path[:, 80:100] < 10_000)).any()
    assert (path >= np.ceil(market.price * 0.97)).all()
    assert (path[:, 103:] == 10_000).all()  # and back up when the cut is gone


def test_with_little_stock_or_no_margin_the_agent_leaves_the_price_alone(market: Market) -> None:
    events = events_of(market)
    short, outcomes = ours(market, events, 10, policy_for(market))
    assert (short == market.price).all()
    assert set(outcomes) == {"insufficient_cover"}
    dear = replace(market, cost=np.full(market.price.shape, 9_900.0))
    path, outcomes = ours(dear, events, 60, policy_for(market))
    assert (path == market.price).all()
    assert "markdown" not in outcomes
