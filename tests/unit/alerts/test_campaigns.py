"""A shop that moves everything at once is told once, whatever its products do meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.book import AlertBook
from contracts.alerts import Alert
from contracts.events import (
    MarketEvent,
    MassMove,
    ObservationQuarantined,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionEnded,
    PromotionStarted,
)
from contracts.policy import Alerting
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS

START = 1_764_000_000_000


def cut(product: int, at: int, previous: int = 10_000, price: int = 8_000, shop: str = "shop") -> PriceMoved:
    return PriceMoved(
        event_id=f"move_{shop}_{product}_{at}",
        competitor=shop,
        product_id=f"p{product}",
        observed_at=START + at,
        sku=f"SKU-{product}",
        basis="step",
        previous_minor=previous,
        anchor_minor=previous,
        price_minor=price,
        currency="CNY",
    )


def mass(at: int, moved: int = 30, median_bp: int = -2000, verdict: Any = "campaign") -> MassMove:
    return MassMove(
        event_id=f"mass_{at}_{verdict}",
        competitor="shop",
        product_id="",
        observed_at=START + at,
        verdict=verdict,
        reason="everything was cut by the same share",
        products_moved=moved,
        products_seen=50,
        median_change_bp=median_bp,
    )


def run(book: AlertBook, *events: MarketEvent) -> list[Alert]:
    return [alert for event in events for alert in book.on_event(event)]


def test_what_came_before_is_merged_and_what_follows_is_not_told() -> None:
    book = AlertBook(Alerting())
    before = run(book, *(cut(product, product) for product in range(3)))

    *members, campaign = run(book, mass(10))
    after = run(book, *(cut(product, 20 + product) for product in range(100, 1_100)))

    assert after == []
    assert (campaign.kind, campaign.severity, campaign.count, campaign.subject) == (
        "mass_move",
        "red",
        30,
        "campaign_down",
    )
    assert {alert.alert_id for alert in members} == {alert.alert_id for alert in before}
    assert {(alert.status, alert.campaign) for alert in members} == {("closed", campaign.alert_id)}
    assert any("meets 3 of our products" in reason for reason in campaign.reasons)
    assert book.open_alerts() == [campaign]


def test_a_campaign_is_told_once_a_day_however_often_it_is_seen() -> None:
    book = AlertBook(Alerting())
    told = run(book, *(mass(hour * HOUR_MS, moved=1) for hour in range(24)))
    again = run(book, mass(DAY_MS + 1))

    assert [alert.status for alert in told].count("opened") == 1
    assert len(told) <= 6  # the first, and each time it doubled
    assert [alert.status for alert in again] == ["closed", "opened"]


def test_another_shop_the_other_direction_and_other_days_are_told() -> None:
    book = AlertBook(Alerting())
    run(book, mass(0))

    assert len(run(book, cut(1, 5, shop="other"))) == 1
    assert len(run(book, cut(2, 5, 10_000, 12_000))) == 1
    assert len(run(book, cut(3, 7 * HOUR_MS))) == 1
    assert run(book, cut(4, 5 * HOUR_MS)) == []


def test_a_member_is_told_when_it_goes_on_after_the_campaign_and_silent_when_it_returns() -> None:
    book = AlertBook(Alerting())
    run(book, mass(0), cut(1, 1), cut(2, 1))

    (deeper,) = run(book, cut(1, 2 * DAY_MS, 8_000, 6_000))
    returned = run(book, cut(2, 2 * DAY_MS, 8_000, 10_000))

    assert (deeper.status, deeper.from_minor, deeper.to_minor) == ("opened", 10_000, 6_000)
    assert returned == []


def test_a_known_alert_goes_on_unheard_and_its_end_is_told() -> None:
    book = AlertBook(Alerting())
    (first,) = run(book, cut(1, 0))

    run(book, mass(DAY_MS))
    assert run(book, cut(1, DAY_MS + 1, 8_000, 7_000)) == []
    (over,) = run(book, cut(1, 2 * DAY_MS, 7_000, 10_000))

    assert (over.alert_id, over.status) == (first.alert_id, "closed")


def test_a_broken_page_swallows_what_it_shows() -> None:
    book = AlertBook(Alerting())
    held = ObservationQuarantined(
        event_id="q", competitor="shop", product_id="p1", observed_at=START, price_minor=1, median_minor=100,
        currency="CNY", reason="below_median",
    )  # fmt: skip
    assert len(run(book, held)) == 1

    *members, campaign = run(book, mass(5, median_bp=0, verdict="broken_page"))

    assert [alert.kind for alert in members] == ["quarantine"]
    assert (campaign.severity, campaign.subject) == ("yellow", "broken_page")
    assert run(book, cut(1, 6), cut(2, 6, 10_000, 12_000)) == []


def test_after_a_restart_the_same_is_told_and_the_campaign_goes_on() -> None:
    book = AlertBook(Alerting())
    ledger = {alert.alert_id: alert for alert in run(book, *(cut(product, product) for product in range(3)))}
    told = run(book, mass(10))
    ledger.update({alert.alert_id: alert for alert in told})

    restarted = AlertBook(Alerting())
    restarted.restore(ledger.values())

    assert sorted(restarted.on_event(mass(10)), key=str) == sorted(told, key=str)
    assert run(restarted, cut(1, 20, 8_000, 7_000), cut(50, 20)) == []
    (deeper,) = run(restarted, cut(1, 2 * DAY_MS, 7_000, 6_000))
    assert (deeper.status, deeper.from_minor) == ("opened", 10_000)


def test_a_worker_that_sees_only_products_learns_of_the_campaign() -> None:
    first, second = AlertBook(Alerting()), AlertBook(Alerting())
    (mine,) = run(second, cut(1, 0))
    (campaign,) = run(first, mass(10))

    (closing,) = second.learn(campaign)

    assert (closing.alert_id, closing.status, closing.campaign) == (mine.alert_id, "closed", campaign.alert_id)
    assert second.learn(campaign) == []
    assert run(second, cut(2, 20)) == []


def test_a_promotion_inferred_afterwards_is_no_alert() -> None:
    common: Any = {"competitor": "shop", "product_id": "p1", "currency": "CNY", "promotion": "inferred"}

    assert run(
        AlertBook(Alerting()),
        PromotionStarted(event_id="a", observed_at=START, **common),
        PromotionEnded(event_id="b", observed_at=START + 1, **common),
    ) == []  # fmt: skip


@pytest.mark.parametrize("kind", [ProductListed, ProductDelisted])
def test_a_thousand_listings_are_one_alert_and_a_few_updates(kind: type[MarketEvent]) -> None:
    book = AlertBook(Alerting())
    told = run(
        book,
        *(
            kind(event_id=f"e{n}", competitor="shop", product_id=f"p{n}", observed_at=START + n, name=f"Pan {n}")
            for n in range(1_000)
        ),
    )

    assert [alert.status for alert in told] == ["opened", *["updated"] * 9]
    assert len({alert.alert_id for alert in told}) == 1
    assert {alert.severity for alert in told} == {"green"}
    assert (told[-1].count, told[-1].product_id, told[-1].name) == (512, "", "")
    next_day = kind(event_id="n", competitor="shop", product_id="p", observed_at=START + DAY_MS)
    assert [alert.status for alert in run(book, next_day)] == ["closed", "opened"]


def test_promotions_of_a_sale_are_part_of_it_but_a_new_kind_is_told() -> None:
    common: Any = {"competitor": "shop", "currency": "CNY", "promotion": "coupon"}
    book = AlertBook(Alerting())
    run(book, mass(0))

    usual = PromotionStarted(event_id="a", product_id="p1", observed_at=START + MINUTE_MS, **common)
    novel = PromotionStarted(event_id="b", product_id="p2", observed_at=START + MINUTE_MS, novel=True, **common)

    assert run(book, usual) == []
    assert [alert.severity for alert in run(book, novel)] == ["yellow"]
