"""Promotions, shown or inferred, and products that come and go, against their slow reference."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import MarketEvent, ProductDelisted, ProductListed, PromotionEnded, PromotionStarted
from contracts.observations import Observation, Promotion
from contracts.policy import DEFAULT, Detection
from contracts.times import DAY_MS, HOUR_MS
from streams.engine import Engine
from tests.unit.streams.reference_shop import ShopReference, Told

detections = st.builds(
    Detection,
    quarantine=st.just(False),
    crawl_window_minutes=st.just(0),
    mass_minimum=st.just(0),
    move_bp=st.sampled_from([100, 500]),
    promotion_days=st.sampled_from([0, 5, 28]),
    delist_after_days=st.sampled_from([0, 3, 7]),
    novel_after_days=st.sampled_from([4, 20]),
)
rows = st.builds(
    Observation,
    competitor=st.sampled_from("ab"),
    product_id=st.sampled_from("xyz"),
    observed_at=st.integers(0, 40 * 4).map(lambda quarter: quarter * 6 * HOUR_MS),
    price_minor=st.sampled_from([1000, 1000, 1005, 940, 900, 1100, 0, None]),
    currency=st.just("EUR"),
    availability=st.sampled_from(["InStock", "InStock", "OutOfStock", "Unknown"]),
    list_price_minor=st.sampled_from([None, None, None, 950, 1200]),
    promotions=st.sampled_from([(), (), (Promotion("coupon"),), (Promotion("gift"), Promotion("coupon", "10 off"))]),
)
streams = st.lists(rows, max_size=60).map(
    lambda found: sorted(found[: len(found) * 3 // 4], key=lambda o: o.observed_at) + found[len(found) * 3 // 4 :]
)


def told(event: MarketEvent) -> Told | None:
    if isinstance(event, ProductListed | ProductDelisted):
        return type(event).__name__, event.product_id, event.observed_at, ""
    if isinstance(event, PromotionStarted):
        what = f"inferred at {event.price_minor}" if event.promotion == "inferred" else event.promotion
        return "PromotionStarted", event.product_id, event.observed_at, what + " novel" * event.novel
    if isinstance(event, PromotionEnded):
        return "PromotionEnded", event.product_id, event.observed_at, event.promotion
    return None


@settings(max_examples=200)
@given(streams, detections)
def test_promotions_and_listings_equal_the_slow_reference(stream: list[Observation], detection: Detection) -> None:
    referee = ShopReference(detection)
    expected = [what for row in stream for what in referee.observe(row)]

    assert [what for event in Engine(detection).observe(stream) if (what := told(event))] == expected


def test_another_currency_makes_no_new_product() -> None:
    stream = [
        Observation("s", "p", day * DAY_MS, 1000 if day < 4 else 25_000, "EUR" if day < 4 else "CZK")
        for day in range(8)
    ]

    events = Engine(DEFAULT.detection).observe(stream)

    assert [type(event).__name__ for event in events] == ["ObservationQuarantined"]
