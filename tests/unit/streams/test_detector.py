"""The detector against its slow reference, and the sentences of the rule book as cases."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codec import decode_observations, encode
from contracts.events import MarketEvent, MassMove, ObservationQuarantined, PriceMoved, PromotionEnded, PromotionStarted
from contracts.observations import Observation, Promotion
from contracts.policy import DEFAULT, STEPS, Detection, Threshold
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from streams.engine import Engine
from streams.state import MarketState
from tests.unit.streams import strategies
from tests.unit.streams.reference import Reference


def told(event: MarketEvent) -> tuple[str, int, int]:
    if isinstance(event, PriceMoved):
        return event.basis, event.observed_at, event.price_minor
    if isinstance(event, ObservationQuarantined):
        return "quarantined", event.observed_at, event.price_minor
    names = {"OutOfStock": "OutOfStock", "BackInStock": "InStock"}
    return names[type(event).__name__], event.observed_at, 0


def seen(*prices: int | None, start: int = 0, **fields: Any) -> list[Observation]:
    return [
        Observation("shop", "p1", (start + i) * HOUR_MS, price, fields.pop("currency", "EUR"), **fields)
        for i, price in enumerate(prices)
    ]


def moves(events: list[MarketEvent]) -> list[tuple[str, int]]:
    return [(e.basis, e.price_minor) for e in events if isinstance(e, PriceMoved)]


@settings(max_examples=300, deadline=None)
@given(strategies.observations(), strategies.detections)
def test_equals_the_slow_reference(rows: list[Observation], detection: Detection) -> None:
    referee = Reference(detection)
    # "???" is no currency: the reference never sees those prices, only their availability.
    expected = [what for row in rows for what in referee.observe(row if row.currency != "???" else _without_price(row))]

    assert expected == [told(event) for event in Engine(detection).observe(rows)]


def _without_price(row: Observation) -> Observation:
    return Observation(
        row.competitor, row.product_id, row.observed_at, None, row.currency, row.availability, row.price_type
    )


@settings(max_examples=200, deadline=None)
@given(strategies.observations(), strategies.detections, st.data())
def test_events_do_not_depend_on_how_the_stream_is_cut(
    rows: list[Observation], detection: Detection, data: st.DataObject
) -> None:
    whole = Engine(detection)
    expected = [encode(event) for event in whole.observe(rows)]

    engine, actual = Engine(detection), []
    while rows:
        cut = data.draw(st.integers(1, len(rows)))
        actual += [encode(event) for event in engine.observe(rows[:cut])]
        rows = rows[cut:]
        # A checkpoint between any two batches changes nothing either.
        counted, restored = engine._counts, MarketState.from_bytes(engine.state.to_bytes(), detection)
        engine = Engine(detection, restored)
        engine._counts = counted

    assert expected == actual
    assert whole.counts == engine.counts
    assert whole.state.to_bytes() == engine.state.to_bytes()


@settings(max_examples=100, deadline=None)
@given(strategies.observations(), strategies.detections)
def test_seeing_everything_twice_tells_nothing_new(rows: list[Observation], detection: Detection) -> None:
    engine = Engine(detection)
    engine.observe(rows)
    moved = engine.counts["step"] + engine.counts["drift"]
    latest = [row for row in rows if row.observed_at == max(o.observed_at for o in rows)]

    assert engine.observe(latest) == []
    assert engine.counts["step"] + engine.counts["drift"] == moved


def test_exactly_five_percent_is_no_move_and_one_unit_more_is() -> None:
    assert moves(Engine(DEFAULT.detection).observe(seen(10_000, 9_500))) == []
    assert moves(Engine(DEFAULT.detection).observe(seen(10_000, 9_499))) == [("step", 9_499)]
    assert moves(Engine(DEFAULT.detection).observe(seen(10_000, 10_501))) == [("step", 10_501)]


def test_ten_small_cuts_are_seen_as_drift_and_no_level_twice() -> None:
    prices = [100_000]
    for _ in range(10):
        prices.append(prices[-1] * 951 // 1000)

    found = moves(Engine(DEFAULT.detection).observe(seen(*prices)))

    assert [basis for basis, _ in found] == ["drift"] * 5
    assert len({price for _, price in found}) == 5
    assert moves(Engine(STEPS.detection).observe(seen(*prices))) == []


def test_a_price_a_hundredfold_is_held_once_and_raises_no_move() -> None:
    events = Engine(DEFAULT.detection).observe(seen(1000, 1000, 100_000, 1000, 1010))

    assert [type(event).__name__ for event in events] == ["ObservationQuarantined"]


def test_a_strange_price_is_believed_when_a_later_fetch_agrees_within_one_percent() -> None:
    events = Engine(DEFAULT.detection).observe(seen(1000, 1000, 200, 202, 203))

    assert [type(event).__name__ for event in events] == ["ObservationQuarantined", "PriceMoved"]
    assert isinstance(events[1], PriceMoved)
    assert (events[1].previous_minor, events[1].price_minor) == (1000, 202)


def test_a_change_of_currency_is_held_and_never_compared() -> None:
    rows = seen(1000, 1000) + seen(25_000, 25_000, start=2, currency="CZK")

    events = Engine(DEFAULT.detection).observe(rows)

    assert [getattr(event, "reason", "") for event in events] == ["currency_changed"]


def test_unknown_is_never_out_of_stock_and_one_page_is_not_enough() -> None:
    def stock(*states: Any) -> list[str]:
        rows = [Observation("s", "p", i * HOUR_MS, 1000, "EUR", state) for i, state in enumerate(states)]
        return [type(event).__name__ for event in Engine(DEFAULT.detection).observe(rows)]

    assert stock("InStock", "Unknown", "Unknown", "Unknown") == []
    assert stock("InStock", "OutOfStock", "InStock", "OutOfStock") == []
    assert stock("InStock", "OutOfStock", "OutOfStock", "InStock", "InStock") == ["OutOfStock", "BackInStock"]


def test_promotions_start_and_end_once_and_only_the_first_of_a_kind_is_novel() -> None:
    reduced = {"list_price_minor": 2000, "promotions": (Promotion("coupon", "满300减50"),)}
    rows = seen(1000) + seen(1000, 1000, start=1, **reduced) + seen(1000, start=3) + seen(1000, start=4, **reduced)

    events = Engine(DEFAULT.detection).observe(rows)

    started = [(e.promotion, e.novel, e.was_minor) for e in events if isinstance(e, PromotionStarted)]
    assert started == [
        ("was_now", True, 2000),
        ("coupon", True, 2000),
        ("was_now", False, 2000),
        ("coupon", False, 2000),
    ]
    assert [e.promotion for e in events if isinstance(e, PromotionEnded)] == ["was_now", "coupon"]
    assert len({e.event_id for e in events}) == len(events)


def test_a_kind_is_novel_half_a_year_after_it_was_last_shown_not_after_it_began() -> None:
    def shown(day: int, product: str) -> Observation:
        return at(day * 1440, 1000, product, promotions=(Promotion("gift"),))

    running = [shown(day, "p1") for day in range(0, 300, 10)]
    rows = [*running, shown(300, "p2"), at(301 * 1440, 1000, "p1"), at(301 * 1440, 1000, "p2"), shown(481, "p1")]
    again = [at(482 * 1440, 1000, "p1"), shown(663, "p1")]

    events = Engine(Detection(delist_after_days=0)).observe([*rows, *again])

    started = [(e.observed_at // DAY_MS, e.novel) for e in events if isinstance(e, PromotionStarted)]
    assert started == [(0, True), (300, False), (481, True), (663, True)]


def test_a_threshold_holds_for_its_category_and_competitor() -> None:
    detection = Detection(
        thresholds=(
            Threshold(200, category="tv"),
            Threshold(300, competitor="shop"),
            Threshold(1000, category="tv", competitor="shop"),
        )
    )

    def moved(competitor: str, category: str, price: int) -> bool:
        rows = [
            Observation(competitor, "p", n * HOUR_MS, p, "EUR", category=category) for n, p in enumerate((1000, price))
        ]
        return bool(moves(Engine(detection).observe(rows)))

    assert moved("store", "tv", 1021)
    assert not moved("store", "tv", 1020)
    assert moved("shop", "phone", 1031)
    assert not moved("shop", "phone", 1030)
    assert moved("shop", "tv", 1101)
    assert not moved("shop", "tv", 1100)
    assert not moved("store", "phone", 1050)


def test_sellers_and_price_types_are_series_of_their_own_and_only_some_types_raise_moves() -> None:
    offers = [{"seller": "a"}, {"seller": "b"}, {"price_type": "member"}, {"price_type": "promotion"}]
    levels = (1000, 1500, 2000, 2500)  # never compared with one another
    rows = [
        Observation("shop", "p", hour * HOUR_MS, price * (2 - hour) // 2, "EUR", **offer)
        for hour in (0, 1)
        for price, offer in zip(levels, offers, strict=True)
    ]

    found = [e for e in Engine(DEFAULT.detection).observe(rows) if isinstance(e, PriceMoved)]

    assert [(e.seller, e.price_type, e.previous_minor) for e in found] == [
        ("a", "regular", 1000),
        ("b", "regular", 1500),
        ("", "promotion", 2500),
    ]


def test_bad_rows_are_named_and_the_others_taken() -> None:
    engine = Engine(DEFAULT.detection)
    rows = [*seen(1000), *seen(0, -1, start=1), *seen(1000, start=3, currency="ZZZ"), *seen(1100, start=4)]

    assert moves(engine.observe(rows)) == [("step", 1100)]
    assert engine.rejected == [1, 2, 3]
    assert engine.counts["invalid"] == 3


def test_numbers_beyond_int64_are_invalid_and_the_others_taken() -> None:
    engine = Engine(DEFAULT.detection)
    rows = [*seen(1000), *seen(10**30, start=1), Observation("shop", "p2", 10**30, 5, "EUR"), *seen(1100, start=2)]

    assert moves(engine.observe(rows)) == [("step", 1100)]
    assert engine.rejected == [1, 2]


def test_a_stated_default_makes_the_same_bytes_as_one_left_out() -> None:
    stated = decode_observations(
        b'[{"competitor":"a","product_id":"b","observed_at":1,"price_minor":100,"currency":"EUR","match_confidence":1.0},'
        b'{"competitor":"a","product_id":"b","observed_at":2,"price_minor":200,"currency":"EUR","match_confidence":1.0}]'
    )
    silent = [Observation("a", "b", 1, 100, "EUR"), Observation("a", "b", 2, 200, "EUR")]

    assert encode(Engine(DEFAULT.detection).observe(stated)) == encode(Engine(DEFAULT.detection).observe(silent))


@pytest.mark.parametrize(("restored_bp", "expected"), [(500, 0), (100, 1)])
def test_a_restored_state_follows_the_policy_of_today(restored_bp: int, expected: int) -> None:
    engine = Engine(Detection())
    engine.observe(seen(1000))
    detection = Detection(move_bp=restored_bp)

    later = Engine(detection, MarketState.from_bytes(engine.state.to_bytes(), detection))

    assert len(moves(later.observe(seen(1030, start=1)))) == expected


def at(minute: float, price: int, product: str = "p1", **fields: Any) -> Observation:
    return Observation("shop", product, int(minute * MINUTE_MS), price, "EUR", **fields)


def test_two_offers_a_minute_apart_are_one_price_the_lowest() -> None:
    rows = []
    for crawl in range(30):
        low, high = (crawl * 720, 1000), (crawl * 720 + 1.2, 1100)
        if crawl > 1 and crawl % 2:
            low, high = (crawl * 720 + 1.2, 1000), (crawl * 720, 1100)
        rows += [at(minute, price) for minute, price in sorted([low, high])]

    assert moves(Engine(DEFAULT.detection).observe(rows)) == []


def test_a_rise_that_stays_is_told_with_the_next_window_and_a_cut_at_once() -> None:
    rise = [at(0, 1000), at(1, 1100), at(5.5, 1100)]
    cut = [at(0, 1000), at(1, 900)]

    assert moves(Engine(DEFAULT.detection).observe(rise)) == [("step", 1100)]
    assert moves(Engine(DEFAULT.detection).observe(cut)) == [("step", 900)]


def test_a_rise_that_waited_is_told_with_the_time_it_was_seen() -> None:
    two_offers = [at(0, 1000), at(1, 1100), at(60, 1000)]
    rows = [*two_offers, at(120, 1200), at(180, 1200)]

    (event,) = Engine(DEFAULT.detection).observe(rows)

    assert isinstance(event, PriceMoved)
    assert (event.price_minor, event.observed_at) == (1200, 120 * MINUTE_MS)


def test_a_cut_that_returns_was_a_promotion_and_one_that_stays_was_not() -> None:
    def inferred(*prices: int) -> list[tuple[str, int, int | None]]:
        events = Engine(DEFAULT.detection).observe([at(day * 1440, p) for day, p in enumerate(prices)])
        found = [e for e in events if isinstance(e, PromotionStarted | PromotionEnded)]
        return [(type(e).__name__, e.observed_at // DAY_MS, e.price_minor) for e in found]

    assert inferred(1000, 900, 850, 1005) == [("PromotionStarted", 1, 850), ("PromotionEnded", 3, 1005)]
    assert inferred(1000, 900, *[900] * 30, 1000) == []
    assert inferred(1000, 900, 950) == []


def test_products_are_gone_after_a_week_unseen_and_listed_when_they_come_back() -> None:
    def crawl(day: int, *products: str) -> list[Observation]:
        return [at(day * 1440 + n, 1000, product) for n, product in enumerate(products)]

    rows = crawl(0, "a", "b")
    for day in range(1, 12):
        rows += crawl(day, "a", "c") if day > 2 else crawl(day, "a")
    rows += crawl(12, "a", "b")

    events = Engine(DEFAULT.detection).observe(rows)

    assert [(type(e).__name__, e.product_id, e.observed_at // DAY_MS) for e in events] == [
        ("ProductListed", "c", 3),
        ("ProductDelisted", "b", 8),
        ("ProductListed", "b", 12),
    ]


def test_a_shop_that_was_not_seen_itself_loses_no_product() -> None:
    rows = [at(0, 1000, "a"), at(1, 1000, "b"), at(30 * 1440, 1000, "a"), at(31 * 1440, 1000, "b")]

    assert Engine(DEFAULT.detection).observe(rows) == []


def shop_crawls(*factors: float, products: int = 60) -> list[Observation]:
    base = [1000 + 37 * number for number in range(products)]
    return [
        at(crawl * 1440 + number / 100, round(price * factor), f"p{number}")
        for crawl, factor in enumerate(factors)
        for number, price in enumerate(base)
    ]


@pytest.mark.parametrize(
    ("factor", "verdict", "reason"),
    [
        (0.8, "campaign", "cut by the same share"),
        (1.3, "broken_page", "same factor"),
        (1 / 1.19, "broken_page", "same factor"),  # without tax
        (100, "broken_page", "belief"),
    ],
)
def test_a_shop_most_of_whose_products_jump_is_one_mass_move(factor: float, verdict: str, reason: str) -> None:
    events = Engine(DEFAULT.detection).observe(shop_crawls(1, 1, factor))

    (found,) = [event for event in events if isinstance(event, MassMove)]
    assert (found.verdict, found.products_moved) == (verdict, 30)
    assert reason in found.reason


def test_a_shop_whose_currency_changed_is_a_broken_page() -> None:
    other = [
        msgspec.structs.replace(row, currency="USD", observed_at=row.observed_at + DAY_MS) for row in shop_crawls(1)
    ]

    events = Engine(DEFAULT.detection).observe([*shop_crawls(1), *other])

    (found,) = [e for e in events if isinstance(e, MassMove)]
    assert (found.verdict, found.reason) == ("broken_page", "the currency changed")
    assert not moves(events)


def test_a_campaign_in_which_each_product_has_its_own_price_is_one() -> None:
    sale = [
        msgspec.structs.replace(row, observed_at=row.observed_at + DAY_MS, price_minor=row.price_minor * cut // 100)
        for row, cut in zip(shop_crawls(1), [70, 80, 85, 90] * 15, strict=True)
        if row.price_minor is not None
    ]

    (found,) = [e for e in Engine(DEFAULT.detection).observe([*shop_crawls(1), *sale]) if isinstance(e, MassMove)]

    assert (found.verdict, found.reason) == ("campaign", "many products moved, each by its own amount")
    assert -2100 <= found.median_change_bp <= -1500


def test_a_shop_whose_prices_are_gone_is_a_broken_page() -> None:
    rows = shop_crawls(1, 1) + [at(2 * 1440 + n / 100, 0, f"p{n}") for n in range(60)]

    (found,) = [e for e in Engine(DEFAULT.detection).observe(rows) if isinstance(e, MassMove)]

    assert (found.verdict, found.reason) == ("broken_page", "prices are gone")


def test_a_few_products_that_move_are_no_mass_move() -> None:
    rows = shop_crawls(1) + [at(1440 + n / 100, 500, f"p{n}") for n in range(20)]

    assert not any(isinstance(e, MassMove) for e in Engine(DEFAULT.detection).observe(rows))


@settings(max_examples=50, deadline=None)
@given(strategies.observations(120), st.integers(1, 40))
def test_full_rules_do_not_depend_on_how_the_stream_is_cut(rows: list[Observation], size: int) -> None:
    detection = Detection(mass_minimum=3, delist_after_days=1, promotion_days=10, crawl_window_minutes=5)
    spread = [msgspec.structs.replace(row, observed_at=row.observed_at * 200) for row in rows]
    whole, engine = Engine(detection), Engine(detection)
    expected = [encode(event) for event in whole.observe(spread)]
    actual = [encode(e) for start in range(0, len(spread), size) for e in engine.observe(spread[start : start + size])]

    assert expected == actual
    assert whole.counts == engine.counts


def test_a_deep_cut_right_after_the_first_price_is_a_move_once_confirmed() -> None:
    rows = [
        Observation("shop", "p", hour * HOUR_MS, price, "EUR") for hour, price in enumerate((100_000, 30_000, 30_000))
    ]

    events = Engine(DEFAULT.detection).observe(rows)

    assert [type(event).__name__ for event in events] == ["ObservationQuarantined", "PriceMoved"]
    assert isinstance(events[1], PriceMoved)
    assert (events[1].previous_minor, events[1].price_minor) == (100_000, 30_000)
