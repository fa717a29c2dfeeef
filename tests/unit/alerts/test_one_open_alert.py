"""Whatever a series does, at most one of its alerts is open, in the book and in the ledger."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.book import STALE_DAYS, AlertBook
from contracts.alerts import Alert
from contracts.events import (
    BackInStock,
    MarketEvent,
    MassMove,
    ObservationQuarantined,
    OutOfStock,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionEnded,
    PromotionStarted,
)
from contracts.policy import Alerting
from contracts.times import DAY_MS

QUARANTINE = {"price_minor": 100, "median_minor": 900, "currency": "CNY", "reason": "below_median"}
MASS = {"verdict": "campaign", "reason": "sale", "products_moved": 40, "products_seen": 50, "median_change_bp": -900}
MAKERS: list[tuple[type[MarketEvent], dict[str, Any]]] = [
    (OutOfStock, {}),
    (BackInStock, {}),
    (ProductListed, {}),
    (ProductDelisted, {}),
    (PromotionStarted, {"promotion": "coupon"}),
    (PromotionEnded, {"promotion": "coupon"}),
    (ObservationQuarantined, QUARANTINE),
    (MassMove, MASS),
]


def event(which: int, at: int) -> MarketEvent:
    kind, fields = MAKERS[which]
    return kind(event_id=f"e{at}", competitor="shop", product_id="p1", observed_at=at, **fields)


def cut(at: int) -> PriceMoved:
    return PriceMoved(
        event_id=f"e{at}",
        competitor="shop",
        product_id="p1",
        observed_at=at,
        basis="step",
        previous_minor=10_000,
        anchor_minor=10_000,
        price_minor=9_000,
        currency="CNY",
    )


def open_alerts(ledger: dict[str, Alert]) -> list[tuple[str, str]]:
    return sorted((alert.kind, alert.subject) for alert in ledger.values() if alert.status != "closed")


@given(st.lists(st.tuples(st.integers(0, len(MAKERS) - 1), st.sampled_from([1, DAY_MS, 40 * DAY_MS])), max_size=30))
def test_the_ledger_never_holds_two_open_alerts_of_a_kind_for_one_product(course: list[tuple[int, int]]) -> None:
    book, ledger, at = AlertBook(Alerting()), dict[str, Alert](), 0
    for which, pause in course:
        at += pause
        first = book.on_event(event(which, at))
        assert book.on_event(event(which, at)) in ([], first)
        ledger.update({alert.alert_id: alert for alert in first})
        assert len(open_alerts(ledger)) == len(set(open_alerts(ledger)))
        restarted = AlertBook(Alerting())
        restarted.restore(ledger.values())
        assert {alert.alert_id for alert in restarted.open_alerts()} == {a.alert_id for a in book.open_alerts()}


@pytest.mark.parametrize("which", [0, 4, 6])
def test_what_is_still_so_is_counted_not_told_anew(which: int) -> None:
    book = AlertBook(Alerting())
    (first,), (second,) = book.on_event(event(which, 1)), book.on_event(event(which, 2))

    assert (second.alert_id, second.revision, second.status) == (first.alert_id, 2, "updated")


def test_a_price_nobody_returned_to_is_closed_before_the_next_cut_opens() -> None:
    book = AlertBook(Alerting())
    (first,) = book.on_event(cut(1))
    closed, opened = book.on_event(cut((STALE_DAYS + 1) * DAY_MS))

    assert (closed.alert_id, closed.status, opened.status) == (first.alert_id, "closed", "opened")
