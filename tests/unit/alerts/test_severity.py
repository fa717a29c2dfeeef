"""Loudness follows the size of a move, what of ours it exposes, and where our own price stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.phrases import PHRASES, in_chinese, say
from alerts.severity import LEVELS, Exposure, exposure_of, of_move
from contracts.facts import CatalogItem, StockLevel
from contracts.policy import Alerting

A = Alerting()
CUT = -1000  # yellow by its size


def level(change_bp: int, exposure: Exposure | None = None, price: int | None = None, confidence: float = 1.0) -> str:
    return of_move(change_bp, A, exposure, confidence, True, price, "CNY")[0]


@pytest.mark.parametrize(
    ("exposure", "expected"),
    [
        (None, "yellow"),
        (Exposure(), "yellow"),
        (Exposure(days_of_cover=46), "red"),
        (Exposure(days_of_cover=45), "yellow"),
        (Exposure(margin_bp=999), "red"),
        (Exposure(margin_bp=1000), "yellow"),
        (Exposure(daily_sales=100, price_minor=10_000, currency="CNY"), "red"),
        (Exposure(daily_sales=99.9, price_minor=10_000, currency="CNY"), "yellow"),
        (Exposure(days_of_cover=90, margin_bp=1, daily_sales=10**6, price_minor=100, currency="CNY"), "red"),
    ],
)
def test_what_is_exposed_raises_by_one(exposure: Exposure | None, expected: str) -> None:
    assert level(CUT, exposure) == expected


def test_a_competitor_who_is_still_dearer_is_no_threat_and_one_who_is_cheaper_is_told_as_such() -> None:
    ours = Exposure(days_of_cover=90, price_minor=10_000, currency="CNY")

    assert level(CUT, ours, 10_501) == "green"
    assert level(CUT, ours, 10_500) == "red"
    assert of_move(CUT, A, ours, 1.0, True, 9_000, "CNY")[1][1] == "10.0 % below our price of CN¥100.00"
    assert level(CUT, ours, 20_000, 1.0) == "green"
    assert of_move(CUT, A, ours, 1.0, True, 20_000, "EUR")[0] == "red"  # other currencies are never compared


def test_exposure_comes_from_the_catalogue_stock_and_forecast() -> None:
    item = CatalogItem("A", 10_000, "CNY", 1, cost_minor=8_000, fees_minor=500)

    assert exposure_of(None, StockLevel("A", 5, 1), 1.0) is None
    assert exposure_of(item, None, None) == Exposure(None, 1500, None, 10_000, "CNY")
    assert exposure_of(item, StockLevel("A", 90, 1), 2.0) == Exposure(45.0, 1500, 2.0, 10_000, "CNY")
    assert exposure_of(item, StockLevel("A", 90, 1), 0.0) == Exposure(None, 1500, 0.0, 10_000, "CNY")


@given(
    st.integers(-9_999, 50_000),
    st.floats(0, 1),
    st.builds(
        Exposure,
        st.none() | st.floats(0, 1e6),
        st.none() | st.integers(-10_000, 10_000),
        st.none() | st.floats(0, 1e6),
        st.none() | st.integers(1, 10**9),
        st.just("CNY"),
    ),
)
def test_exposure_never_moves_an_alert_by_more_than_one_and_never_beyond_certainty(
    change_bp: int, confidence: float, exposure: Exposure
) -> None:
    plain, found = level(change_bp), level(change_bp, exposure, 9_000, confidence)

    assert LEVELS.index(found) <= LEVELS.index(plain) + 1
    assert confidence >= 0.8 or found != "red"


@pytest.mark.parametrize("name", PHRASES)
def test_every_reason_is_told_in_chinese_with_the_same_values(name: str) -> None:
    values = ("12.5", "CN¥1,234.50", "-3.0", "x.y")
    english = say(name, *values)
    chinese = in_chinese(english)

    assert chinese != english
    assert all((value in chinese) == (value in english) for value in values)


def test_words_that_are_not_ours_stay_as_they_are() -> None:
    assert in_chinese("满减 {0}") == "满减 {0}"
