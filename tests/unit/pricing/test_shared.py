"""Products sold in many places: what moves all of them, how much each follows, and weeks that are alike."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.causal import Recipe, best_recipe, causal
from pricing.forecast import forecast
from pricing.panel import Matrix, Panel, wmape
from pricing.plans import advertised, is_flag, medians
from pricing.process import movements, product_plans
from pricing.shared import by_product, decompose

FIRST = date(2024, 1, 1)
SHOPS, BRANDS, WEEKS, AHEAD = 10, 3, 80, 8


def chain(seed: int = 4, shock: float = 0.2) -> tuple[Panel, Matrix, Matrix]:
    """Three brands in ten shops that follow a promotion to different degrees; a deep cut does more."""
    chance = np.random.default_rng(seed)
    weeks = WEEKS + AHEAD
    cut = (chance.random((BRANDS, weeks)) < 0.35) * chance.choice([0.05, 0.1, 0.2, 0.3], (BRANDS, weeks))
    feature = ((chance.random((BRANDS, weeks)) < 0.5) & (cut > 0)).astype(float)
    movement = (
        np.array([[1.0], [2.5], [4.0]]) * cut
        + 5.0 * feature * np.maximum(cut - 0.15, 0)
        + chance.normal(0, shock, (BRANDS, weeks))
    )
    follows = chance.uniform(0.4, 1.6, SHOPS * BRANDS)
    shop, brand = np.repeat(np.arange(SHOPS), BRANDS), np.tile(np.arange(BRANDS), SHOPS)
    logs = chance.normal(5, 0.7, SHOPS * BRANDS)[:, None] + follows[:, None] * movement[brand]
    units = np.exp(logs + chance.normal(0, 0.1, logs.shape))
    known = {"price": 10 * np.exp(-cut)[brand], "feature": feature[brand]}
    groups = {"shop": tuple(map(str, shop)), "brand": tuple(map(str, brand))}
    names = tuple(f"{s}-{b}" for s, b in zip(shop, brand, strict=True))
    return Panel(names, FIRST, units[:, :WEEKS], known, groups), units[:, WEEKS:], follows


def test_a_shop_that_follows_more_is_told_from_one_that_follows_less() -> None:
    panel, _, truth = chain()
    parts = decompose(panel, AHEAD, panel.groups["brand"])

    assert np.corrcoef(parts.follows, truth)[0, 1] > 0.8
    made = parts.level[:, None] + parts.own[:, :WEEKS] + parts.follows[:, None] * parts.movement[parts.codes]
    assert np.abs(made - np.log(panel.units)).mean() < 0.15


def test_movements_go_there_and_back() -> None:
    panel, _, _ = chain()
    parts = decompose(panel, AHEAD, panel.groups["brand"])
    ahead = np.random.default_rng(1).normal(0, 1, (BRANDS, AHEAD))

    assert np.allclose(parts.movement_of(parts.logs(ahead)), ahead)


def test_the_recipe_is_found_and_beats_a_regression_alone() -> None:
    drawn = [chain(seed)[:2] for seed in (1, 2)]
    recipe = best_recipe(drawn[0][0])
    alone = [wmape(causal(panel, AHEAD, panel.groups["brand"]), actual) for panel, actual in drawn]

    assert recipe == Recipe(drawn[0][0].groups["brand"], shared=True)
    assert sum(wmape(causal(panel, AHEAD, recipe=recipe), actual) for panel, actual in drawn) < 0.98 * sum(alone)


def test_a_deeper_cut_than_any_before_sells_more_than_the_deepest_before() -> None:
    weeks = 60
    price = np.full((1, weeks + 2), 10.0)
    price[0, 5:weeks:10] = 8.0
    price[0, weeks:] = [8.0, 6.5]
    panel = Panel(("a",), FIRST, np.ones((1, weeks)), {"price": price})
    movement = np.where(price[:, :weeks] < 10, 0.6, 0.0)

    made = movements(movement, product_plans(panel, 2, np.zeros(1, np.intp), 1), 2)[0]
    assert made[0] == pytest.approx(0.6, abs=0.1)
    assert made[1] > made[0] + 0.1


def test_what_happens_after_the_origin_changes_nothing() -> None:
    panel, _, _ = chain()
    recipe = Recipe(panel.groups["brand"], shared=True)
    later = {name: np.hstack([values, np.full((len(values), 3), 0.5)]) for name, values in panel.known.items()}

    changed = Panel(panel.series, FIRST, panel.units, later, panel.groups)
    assert np.array_equal(causal(panel, AHEAD, recipe=recipe), causal(changed, AHEAD, recipe=recipe))
    past = panel.until(60)
    assert np.array_equal(causal(past, AHEAD, recipe=recipe), causal(panel.until(60), AHEAD, recipe=recipe))


def test_a_price_below_one_is_no_flag() -> None:
    assert is_flag(np.array([0.0, 1.0, 0.4]))
    assert not is_flag(np.array([0.02, 0.07]))
    assert not is_flag(np.array([0.0, 2.0]))


def test_a_holiday_is_not_taken_for_the_feature() -> None:
    panel, actual, _ = chain(shock=0.05)
    recipe = Recipe(panel.groups["brand"], shared=True)
    holiday = np.repeat((np.arange(WEEKS + AHEAD) % 26 == 3).astype(float)[None, :], len(panel.series), axis=0)
    festive = Panel(panel.series, FIRST, panel.units, panel.known | {"holiday": holiday}, panel.groups)

    assert advertised([holiday, panel.known["feature"]]) is panel.known["feature"]
    plain = wmape(causal(panel, AHEAD, recipe=recipe), actual)
    assert wmape(causal(festive, AHEAD, recipe=recipe), actual) < 1.05 * plain


def test_means_by_product_and_medians_of_rows_with_gaps() -> None:
    values = np.array([[1.0, 3.0], [3.0, 5.0], [7.0, 7.0]])

    assert by_product(values, np.array([0, 0, 1]), 2).tolist() == [[2, 4], [7, 7]]
    assert medians(np.array([[1.0, np.nan, 3.0], [np.nan] * 3, [5.0, 1.0, 2.0]])).tolist()[::2] == [2, 2]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.9), st.integers(1, 8), st.booleans())
def test_any_panel_gives_a_finite_forecast(seed: int, gaps: float, horizon: int, flat: bool) -> None:
    panel, _, _ = chain(seed)
    chance = np.random.default_rng(seed)
    units = np.where(chance.random(panel.units.shape) < gaps, chance.choice([0.0, np.nan]), panel.units)[:, :30]
    units[:3] = np.nan
    units[3, 0] = 5.0
    known = {name: np.full_like(values, 0.0 if name != "price" else 9.0) for name, values in panel.known.items()}
    odd = Panel(panel.series, FIRST, units, known if flat else panel.known, panel.groups)

    made = causal(odd, horizon, recipe=Recipe(odd.groups["brand"], shared=True))
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert np.isfinite(forecast(odd, horizon).upper).all()
