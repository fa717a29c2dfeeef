"""Episodes: one drop is one alert, and nothing that is seen twice is told twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.book import AlertBook
from alerts.routing import retry_at
from alerts.severity import Exposure
from alerts.text import headline
from contracts.alerts import Alert
from contracts.events import (
    BackInStock,
    MarketEvent,
    ObservationQuarantined,
    OutOfStock,
    PriceMoved,
    PromotionEnded,
    PromotionStarted,
)
from contracts.observations import Observation
from contracts.policy import DEFAULT, Alerting, Detection
from contracts.times import DAY_MS
from streams.engine import Engine

MINUTE = 60_000


def move(minute: int, previous: int, price: int, **fields: Any) -> PriceMoved:
    known = {
        "event_id": f"move_{minute}",
        "competitor": "shop",
        "product_id": "p1",
        "observed_at": minute * MINUTE,
        "name": "Kettle",
        "basis": "step",
        "previous_minor": previous,
        "anchor_minor": previous,
        "price_minor": price,
        "currency": "CNY",
    }
    return PriceMoved(**{**known, **fields})


def told(*events: MarketEvent, book: AlertBook | None = None) -> list[tuple[str, int, str]]:
    book = book or AlertBook(Alerting())
    return [(a.alert_id[-4:], a.revision, a.status) for event in events for a in book.on_event(event)]


def test_a_drop_is_opened_updated_by_a_deeper_step_and_closed_by_the_return() -> None:
    found = told(move(0, 10_000, 9_000), move(1, 9_000, 8_000), move(2, 8_000, 9_950))

    assert [(revision, status) for _, revision, status in found] == [(1, "opened"), (2, "updated"), (3, "closed")]
    assert len({name for name, _, _ in found}) == 1


def test_after_the_return_the_next_drop_is_a_new_alert() -> None:
    found = told(move(0, 10_000, 9_000), move(1, 9_000, 10_000), move(2, 10_000, 9_000))

    assert [status for _, _, status in found] == ["opened", "closed", "opened"]
    assert found[0][0] != found[2][0]


def test_crossing_the_threshold_twenty_times_in_an_hour_is_never_two_open_alerts() -> None:
    book = AlertBook(Alerting())
    for crossing in range(20):
        low = crossing % 2 == 0
        book.on_event(move(crossing * 3, 10_000 if low else 9_000, 9_000 if low else 10_000))
        assert len(book.open_alerts()) == low


def test_a_reversal_through_the_start_closes_the_drop_and_opens_a_rise() -> None:
    book = AlertBook(Alerting())
    book.on_event(move(0, 10_000, 9_000))

    closed, opened = book.on_event(move(1, 9_000, 11_000))

    assert (closed.status, opened.status, opened.from_minor, opened.to_minor) == ("closed", "opened", 10_000, 11_000)
    assert opened.change_bp == 1000


def test_a_cut_to_below_where_a_rise_began_counts_from_the_price_that_people_see() -> None:
    book = AlertBook(Alerting())
    book.on_event(move(0, 249, 329))

    closed, opened = book.on_event(move(1, 329, 199))

    assert (closed.status, closed.from_minor, closed.to_minor) == ("closed", 249, 199)
    assert (opened.from_minor, opened.to_minor, opened.change_bp, opened.severity) == (329, 199, -3952, "red")
    (over,) = book.on_event(move(2, 199, 329))
    assert (over.status, over.alert_id) == ("closed", opened.alert_id)


def test_a_return_that_stops_a_little_past_the_start_closes_the_alert_and_opens_none() -> None:
    book = AlertBook(Alerting())
    book.on_event(move(0, 10_000, 9_000))

    (closed,) = book.on_event(move(1, 9_000, 10_500))
    (opened,) = book.on_event(move(2, 10_500, 11_100))

    assert (closed.status, closed.from_minor, closed.to_minor) == ("closed", 10_000, 10_500)
    assert (opened.status, opened.from_minor, opened.to_minor) == ("opened", 10_500, 11_100)
    assert opened.alert_id != closed.alert_id


def test_how_far_past_the_start_is_news_is_what_the_policy_calls_a_move() -> None:
    book = AlertBook(Alerting(), Detection(move_bp=300))
    book.on_event(move(0, 10_000, 9_000))

    assert [alert.status for alert in book.on_event(move(1, 9_000, 10_400))] == ["closed", "opened"]


@given(st.lists(st.tuples(st.integers(5_000, 15_000), st.integers(0, 3)), max_size=40))
def test_any_course_of_prices_gives_one_open_alert_at_most_and_repeats_nothing(course: list[tuple[int, int]]) -> None:
    rows = [Observation("shop", f"p{p}", i * MINUTE, price, "CNY") for i, (price, p) in enumerate(course)]
    events = Engine(DEFAULT.detection).observe(rows)
    book, restarted = AlertBook(Alerting()), AlertBook(Alerting())
    ledger: dict[str, Alert] = {}

    for event in events:
        first = book.on_event(event)
        restarted = AlertBook(Alerting())
        restarted.restore(ledger.values())
        assert restarted.on_event(event) == first
        again = book.on_event(event)
        assert again in ([], first)
        ledger.update({alert.alert_id: alert for alert in first})
        series = [(a.competitor, a.product_id, a.seller, a.price_type) for a in book.open_alerts() if a.kind == "price"]
        assert len(series) == len(set(series))

    restarted.restore(ledger.values())
    for event in events:
        assert {a.alert_id for a in restarted.on_event(event)} <= ledger.keys()


def test_loudness_follows_size_exposure_and_certainty() -> None:
    def severity(price: int, exposure: Exposure | None = None, **fields: Any) -> str:
        (alert,) = AlertBook(Alerting()).on_event(move(0, 10_000, price, **fields), exposure)
        return alert.severity

    assert [severity(p) for p in (9_400, 9_100, 8_400)] == ["green", "yellow", "red"]
    assert severity(9_100, Exposure(days_of_cover=90)) == "red"
    assert severity(8_400, match_confidence=0.5) == "yellow"
    assert severity(8_400, in_stock=False) == "yellow"
    assert severity(11_600) == "yellow"


def test_promotions_and_stock_open_and_close() -> None:
    common = {"competitor": "shop", "product_id": "p1", "currency": "CNY"}
    book = AlertBook(Alerting())
    (started,) = book.on_event(
        PromotionStarted(event_id="a", observed_at=1, promotion="coupon", text="<b>满300减50</b>", novel=True, **common)
    )
    assert (started.kind, started.severity) == ("promotion", "yellow")
    (ended,) = book.on_event(PromotionEnded(event_id="b", observed_at=2, promotion="coupon", **common))
    assert (ended.alert_id, ended.status) == (started.alert_id, "closed")
    common.pop("currency")
    assert told(BackInStock(event_id="c", observed_at=3, **common), book=book) == []
    assert [s for _, _, s in told(OutOfStock(event_id="d", observed_at=4, **common), book=book)] == ["opened"]
    assert [s for _, _, s in told(BackInStock(event_id="e", observed_at=5, **common), book=book)] == ["closed"]


def came_and_went(*days: float) -> list[MarketEvent]:
    """Out of stock, back, out of stock again ... on these days."""
    return [
        (BackInStock if number % 2 else OutOfStock)(
            event_id=f"e{number}", competitor="shop", product_id="p1", observed_at=int(day * DAY_MS), name="Kettle"
        )
        for number, day in enumerate(days)
    ]


def test_a_product_that_comes_and_goes_is_one_alert_that_counts() -> None:
    book, found = AlertBook(Alerting()), []
    for event in came_and_went(0, 1, 3, 4, 9, 12):
        found += book.on_event(event)
        again = AlertBook(Alerting())
        again.restore(found)
        assert again.open_alerts() == book.open_alerts()

    assert len({alert.alert_id for alert in found}) == 1
    assert [alert.status for alert in found] == ["opened", "closed", "updated", "closed", "updated", "closed"]
    assert [alert.count for alert in found] == [0, 0, 2, 2, 3, 3]
    assert found[4].headline == "shop is out of stock again, 3 times in 9 days: Kettle"
    assert headline(found[4], "zh") == "shop 缺货（第 3 次）：Kettle"


@pytest.mark.parametrize(("alerting", "day"), [(Alerting(), 8.01), (Alerting(flap_days=0), 1.01)])
def test_what_was_back_for_long_and_goes_again_is_a_new_alert(alerting: Alerting, day: float) -> None:
    book = AlertBook(alerting)
    first, _, second = [alert for event in came_and_went(0, 1, day) for alert in book.on_event(event)]

    assert (second.status, second.count) == ("opened", 0)
    assert second.alert_id != first.alert_id


def test_a_price_held_back_is_told_as_such() -> None:
    (alert,) = AlertBook(Alerting()).on_event(
        ObservationQuarantined(
            event_id="q",
            competitor="shop",
            product_id="p1",
            observed_at=1,
            price_minor=100,
            median_minor=10_000,
            currency="CNY",
            reason="below_median",
        )
    )

    assert alert.kind == "quarantine"
    assert "held back" in alert.headline


def test_refused_deliveries_are_tried_again_ever_later_but_never_too_late() -> None:
    pauses = [retry_at(0, attempts) for attempts in range(30)]

    assert pauses[:3] == [5_000, 10_000, 20_000]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15 * MINUTE
