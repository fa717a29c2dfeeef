"""What plans say: rivals on the same shelf, promotions, and which method a panel gets."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from pricing.causal import best_grouping, causal
from pricing.choice import choose
from pricing.panel import Matrix, Panel, wmape
from pricing.plans import before, features, rivals, since
from pricing.seasonal import seasonal

FIRST = date(2024, 1, 1)
SHOPS, BRANDS, WEEKS = 8, 3, 60
STEEP = np.array([-1.5, -2.5, -4.0])


def shelf(seed: int = 5) -> tuple[Panel, Matrix]:
    """Eight shops with three brands each: own elasticity by brand, and what the cheapest rival takes away."""
    chance = np.random.default_rng(seed)
    log_price = np.log(np.where(chance.random((SHOPS, BRANDS, WEEKS + 8)) < 0.3, 7.5, 10.0))
    cheapest = np.stack([np.delete(log_price, b, axis=1).min(axis=1) for b in range(BRANDS)], axis=1)
    size = chance.lognormal(5, 0.5, (SHOPS, BRANDS, 1))
    units = size * np.exp(STEEP[None, :, None] * (log_price - 2.3) + 0.8 * (cheapest - 2.3))
    units *= chance.lognormal(0, 0.05, units.shape)
    flat = units.reshape(SHOPS * BRANDS, -1)
    groups = {
        "shop": tuple(str(s) for s in range(SHOPS) for _ in range(BRANDS)),
        "brand": tuple(str(b) for _ in range(SHOPS) for b in range(BRANDS)),
    }
    names = tuple(f"{s}-{b}" for s, b in zip(groups["shop"], groups["brand"], strict=True))
    known = {"price": np.exp(log_price).reshape(SHOPS * BRANDS, -1)}
    return Panel(names, FIRST, flat[:, :WEEKS], known, groups), flat[:, WEEKS:]


def test_brands_keep_their_own_elasticity_and_feel_their_rivals() -> None:
    panel, actual = shelf()

    assert best_grouping(panel) == panel.groups["brand"]
    assert wmape(causal(panel, 8), actual) < 0.07
    assert wmape(causal(panel, 8, ("",) * len(panel.series)), actual) > 0.12


def test_rivals_are_the_others_of_the_same_market() -> None:
    panel, _ = shelf()
    market = rivals(panel, panel.groups["brand"])

    assert market is not None
    assert market[0].tolist() == [1, 2]
    assert market[4].tolist() == [3, 5]
    assert rivals(panel, ("",) * len(panel.series)) is None


def test_a_column_that_repeats_a_price_of_the_shelf_adds_nothing() -> None:
    panel, _ = shelf()
    first = panel.known["price"].reshape(SHOPS, BRANDS, -1)[:, :1].repeat(BRANDS, axis=1)
    panel.known["price0"] = first.reshape(SHOPS * BRANDS, -1)
    plain, _ = shelf()

    brand = panel.groups["brand"]
    assert features(panel, 8, brand).shape == features(plain, 8, brand).shape
    assert np.allclose(causal(panel, 8, brand), causal(plain, 8, brand))


def test_the_pause_before_a_promotion_is_counted_and_capped() -> None:
    flag = np.array([[0.0, 1, 0, 0, 1, *([0] * 20)]])

    assert since(flag)[0, :6].tolist() == [0, 1, 0, 1, 2, 0]
    assert since(flag).max() == 12
    assert before(np.array([[1.0, 2, 3]]), 1).tolist() == [[1, 1, 2]]


def test_nothing_of_the_weeks_ahead_but_the_plan_is_looked_at() -> None:
    panel, _ = shelf()
    later = Panel(panel.series, FIRST, panel.units, dict(panel.known), panel.groups)
    later.known["price"] = np.hstack([panel.known["price"], np.full((SHOPS * BRANDS, 5), 99.0)])

    assert np.array_equal(causal(panel, 8), causal(later, 8))


@pytest.mark.parametrize("name", ["holiday", "temperature"])
def test_a_holiday_or_weather_column_does_not_cost_the_season(name: str) -> None:
    chance = np.random.default_rng(2)
    week = np.arange(104)
    season = 1 + 0.6 * np.sin(2 * np.pi * week / 52)
    units = chance.lognormal(4, 1, (30, 1)) * season * chance.lognormal(0, 0.05, (30, 104))
    holiday = np.repeat((week % 52 == 47).astype(float)[None, :], 30, axis=0)
    column = holiday if name == "holiday" else chance.normal(15, 3, (30, 104))

    assert choose(Panel(tuple(map(str, range(30))), FIRST, units[:, :96], {name: column})) is seasonal
