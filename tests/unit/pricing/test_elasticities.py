"""Elasticities on sales whose truth is known, and on the orange juice, whose published ones are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.daily import run as daily_figures
from benchmarks.forecast import orange_juice
from cli.forecast import forecast as command
from contracts.facts import UnitsSold
from contracts.policy import CategoryElasticity, Policy, Pricing
from contracts.times import DAY_MS
from pricing.agent import PricingAgent
from pricing.demand import SalesHistory
from pricing.elasticities import elasticities
from pricing.elasticity import MINIMUM_ROWS, assumed, estimate
from pricing.pooling import pooled
from pricing.rows import weeks_of
from pricing.signals import gather
from runtime.columns import columns_of
from runtime.sales_tables import sales_of
from tests.unit.pricing.samples import NOW, item, move, sales
from tests.unit.pricing.test_plans import BRANDS, STEEP, shelf


def test_own_and_cross_prices_are_told_apart() -> None:
    panel, _ = shelf()
    found = elasticities(panel, panel.groups["brand"]).products

    assert [one.product for one in found] == [str(brand) for brand in range(BRANDS)]
    for one, truth in zip(found, STEEP, strict=True):
        assert one.own.mean == pytest.approx(truth, abs=0.15)
        assert one.own.lower < one.own.mean < one.own.upper
        assert one.own.refused is None
        # The cheaper of two rivals takes 0.8: each is the cheaper one now and then.
        assert all(0.1 < mean < 0.8 for mean, _, _ in one.cross.values())


def test_thin_data_are_refused_and_take_what_their_category_says() -> None:
    panel, _ = shelf()
    units, price = panel.units.copy(), panel.known["price"].copy()
    brand = np.array(panel.groups["brand"])
    units[brand == "0", :-6] = np.nan
    price[brand == "1"] = 10.0
    thin = replace(panel, units=units, known={"price": price})
    found = elasticities(thin, panel.groups["brand"]).products

    assert [one.own.refused for one in found] == ["few_rows", "steady_price", None]
    assert found[0].own.upper - found[0].own.lower > 2 * (found[2].own.upper - found[2].own.lower)
    assert found[0].own.mean < -2.5  # drawn from the prior of -2 to the one product that says -4


def test_noisy_slopes_move_to_the_common_one_and_sure_ones_stay() -> None:
    slopes = np.array([-2.0, -2.2, -1.8, -6.0, -1.0])
    errors = np.array([0.01, 0.01, 0.01, 4.0, 0.0001])
    means, sds = pooled(slopes, errors, ["a"] * 5, -2.0, 0.8)

    assert means[3] > -3.0
    assert means[4] == pytest.approx(-1.0, abs=0.01)
    assert (sds[:3] < 0.11).all()


def test_categories_differ_and_a_product_without_data_takes_its_own_category() -> None:
    slopes = np.array([-1.0, -1.1, -0.9, np.nan, -4.0, -4.1, -3.9, np.nan])
    errors = np.where(np.isnan(slopes), np.inf, 0.01)
    means, sds = pooled(slopes, errors, ["a"] * 4 + ["b"] * 4, -2.0, 0.8)

    assert means[3] == pytest.approx(-1.0, abs=0.15)
    assert means[7] == pytest.approx(-4.0, abs=0.15)
    assert sds[3] > sds[0]


def test_pooling_comes_nearer_to_the_truth_than_each_alone() -> None:
    chance = np.random.default_rng(5)
    truth = chance.normal(-2.5, 0.4, 200)
    errors = chance.uniform(0.1, 2.0, 200)
    measured = truth + chance.normal(0, np.sqrt(errors))
    means, sds = pooled(measured, errors, ["a"] * 200, -2.0, 0.8)

    assert np.abs(means - truth).mean() < 0.5 * np.abs(measured - truth).mean()
    assert 0.7 < (np.abs(means - truth) < 1.2816 * sds).mean() < 0.9


@given(st.lists(st.tuples(st.none() | st.floats(-50, 50), st.floats(0, 1e6), st.sampled_from("ab")), max_size=8))
def test_any_slopes_give_finite_beliefs(rows: list[tuple[float | None, float, str]]) -> None:
    slopes = np.array([np.nan if value is None else value for value, _, _ in rows])
    means, sds = pooled(slopes, np.array([error for _, error, _ in rows]), [name for *_, name in rows], -2.0, 0.8)

    assert np.isfinite(means).all()
    assert (sds > 0).all()


def reports(seed: int, days: int = 84, truth: float = -2.5, steady: bool = False) -> SalesHistory:
    """Daily sales with a weekend, a trend that goes with the price, and its elasticity."""
    chance = np.random.default_rng(seed)
    price = np.where(chance.random(days) < 0.2, 8_000, 10_000) + 20 * np.arange(days)
    price = np.full(days, 10_000) if steady else price
    units = 50 * (price / 10_000) ** truth * (1 + 0.5 * (np.arange(days) % 7 > 4)) * np.exp(0.01 * np.arange(days))
    made = SalesHistory()
    for day, (one, sold) in enumerate(zip(price, units * chance.lognormal(0, 0.2, days), strict=True)):
        end = NOW - (days - 1 - day) * DAY_MS
        made.add(UnitsSold("A", end - DAY_MS, end, float(sold), int(one), "CNY"))
    return made


def test_the_agents_elasticity_is_not_fooled_by_weekends_and_trends() -> None:
    found = [reports(seed).elasticity(NOW, -2.0) for seed in range(12)]

    assert np.mean([one.mean for one in found]) == pytest.approx(-2.5, abs=0.25)
    assert sum(one.lower < -2.5 < one.upper for one in found) >= 8
    assert np.mean([estimate(reports(seed).reports(), -2.0).mean for seed in range(12)]) > -2.2


def test_the_agent_is_told_why_nothing_can_be_said() -> None:
    assert reports(1, steady=True).elasticity(NOW, -1.5) == assumed(-1.5, "steady_price")
    few = SalesHistory()
    for report in sales(days=MINIMUM_ROWS - 1):
        few.add(report)
    assert few.elasticity(NOW, -1.5) == assumed(-1.5, "few_rows")
    assert SalesHistory().elasticity(NOW, -1.5).refused == "few_rows"
    assert reports(1).elasticity(NOW, -1.5).refused is None


def test_the_command_writes_them_beside_the_forecast(tmp_path: Path) -> None:
    panel, _ = shelf()
    price = panel.known["price"]
    rows = "".join(
        f"{name},{panel.week(week)},{panel.units[row, week] if week < panel.weeks else ''},{price[row, week]}\n"
        for row, name in enumerate(panel.series)
        for week in range(price.shape[1])
    )
    (tmp_path / "sales.csv").write_text(f"series,week,units,price\n{rows}", encoding="utf-8")

    command(tmp_path / "sales.csv", tmp_path / "out.csv", elasticities=tmp_path / "slopes.csv")
    lines = (tmp_path / "slopes.csv").read_text().replace('"', "").splitlines()
    assert lines[0] == "category,product,rival,elasticity,lower,upper,rows,refused"
    pairs = [(own, rival) for own in "012" for rival in ("", *"012") if own != rival]
    assert lines[1].split(",")[:3] == ["", "", ""]
    assert [tuple(line.split(",")[1:3]) for line in lines[2:]] == pairs
    assert float(lines[8].split(",")[3]) == pytest.approx(STEEP[2], abs=0.15)


def test_the_agent_starts_from_what_the_policy_says_of_the_category() -> None:
    steep = CategoryElasticity("juice", -4.0, -4.5, -3.5)
    policy = Policy(pricing=Pricing(elasticities=(steep,)))
    agent = PricingAgent(policy)
    agent.on_item(item(category="juice"))
    state = agent.state.sku("A")

    made = gather("A", state, move(9_000), policy.pricing, 1.0, [], NOW)
    assert (made.elasticity, made.elasticity_lower, made.elasticity_upper) == (-4.0, -4.5, -3.5)
    other = gather("A", state, move(9_000), Policy().pricing, 1.0, [], NOW)
    assert other.elasticity == Policy().pricing.default_elasticity


def test_an_elasticity_outside_its_interval_is_no_policy() -> None:
    with pytest.raises(ValueError, match="lies inside its interval"):
        CategoryElasticity("juice", -4.0, -3.5, -3.0)


@pytest.mark.evaluation
def test_orange_juice_has_the_published_elasticities(evaluation_data: Path) -> None:
    panel = weeks_of(sales_of(columns_of(orange_juice(evaluation_data), "orange juice")))
    found = {one.product: one.own for one in elasticities(panel, panel.groups["name part 2"]).products}

    assert len(found) == 11
    for brand in ("1", "5", "10"):
        assert -2.8 <= found[brand].mean <= -2.2, (brand, found[brand])
    assert all(one.upper < -0.9 for one in found.values())


@pytest.mark.evaluation
def test_daily_demand_of_real_sales_is_forecast_as_well_as_written_down(
    evaluation_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICERADAR_EVALUATION_DATA", str(evaluation_data))
    figures = daily_figures()["blocks_of_56_days"]

    assert figures["weekly"] <= 0.39 < figures["weekly_mean_of_28_days"]
    assert 0.75 <= figures["days_inside_80_where_it_could_sell"] <= 0.93
