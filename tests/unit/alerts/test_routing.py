"""Who is told what and when: routes, quiet hours that merge and never drop, escalation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.routing import Parcel, Routes, is_escalation, parcels
from contracts.alerts import Alert
from contracts.errors import BadPolicyError
from contracts.policy import Alerting, Route
from contracts.times import DAY_MS, from_iso

EVENING = from_iso("2026-11-24T22:30:00+08:00")
MORNING = from_iso("2026-11-25T08:00:00+08:00")
QUIET = Alerting(quiet_from="22:00", quiet_until="08:00", timezone="Asia/Shanghai")


def alert(number: int = 0, **fields: Any) -> Alert:
    known = {
        "alert_id": f"alert_{number}", "revision": 1, "status": "opened", "kind": "price", "severity": "yellow",
        "competitor": "shop", "product_id": f"p{number}", "opened_at": EVENING, "observed_at": EVENING,
        "event_id": f"e{number}", "headline": "cut", "category": "kettles",
    }  # fmt: skip
    return Alert(**{**known, **fields})


def told(alerting: Alerting, found: Alert, at: int = EVENING) -> dict[str, int]:
    return {owed.channel: owed.due_at for owed in Routes(alerting, ["chat", "mail"]).deliveries(found, at)}


def test_without_routes_everything_from_yellow_on_goes_everywhere_once() -> None:
    assert told(Alerting(), alert(severity="green")) == {}
    assert told(Alerting(), alert()) == {"chat": EVENING, "mail": EVENING}
    routes = Routes(Alerting(), ["chat"])
    assert routes.deliveries(alert(), 1)[0].delivery_id == routes.deliveries(alert(), 2)[0].delivery_id


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (Route(channels=("chat",)), {"chat"}),
        (Route(severity="red"), set()),
        (Route(categories=("kettles",)), {"chat", "mail"}),
        (Route(categories=("shoes",)), set()),
        (Route(competitors=("shop",), kinds=("price",)), {"chat", "mail"}),
        (Route(kinds=("stock",)), set()),
        (Route(escalation=True), set()),
    ],
)
def test_a_route_takes_what_it_names(route: Route, expected: set[str]) -> None:
    assert told(Alerting(routes=(route,)), alert()).keys() == expected


def test_a_product_that_comes_and_goes_is_told_when_it_has_done_so_twice_as_often() -> None:
    alerting = Alerting(routes=(Route(severity="green", kinds=("stock",)),))
    times = [count for count in range(20) if told(alerting, alert(kind="stock", status="updated", count=count))]

    assert times == [0, 1, 2, 4, 8, 16]


def test_a_route_to_nowhere_is_refused() -> None:
    with pytest.raises(BadPolicyError, match="names the channel 'pager'"):
        Routes(Alerting(routes=(Route(name="night", channels=("pager",)),)), ["chat"])


def test_quiet_hours_keep_back_until_their_end_but_not_what_is_red() -> None:
    assert told(QUIET, alert())["chat"] == MORNING
    assert told(QUIET, alert(severity="red"))["chat"] == EVENING
    assert told(QUIET, alert(), MORNING)["chat"] == MORNING
    own = Alerting(routes=(Route(quiet_from="22:15", quiet_until="22:45"),), timezone="Asia/Shanghai")
    assert told(own, alert())["chat"] == EVENING + 15 * 60_000


@given(st.integers(0, 2 * DAY_MS))
def test_quiet_hours_never_drop_and_never_last_longer_than_they_are(after: int) -> None:
    at = EVENING + after
    due = told(QUIET, alert(), at)["chat"]

    assert at <= due <= at + 10 * 60 * 60_000
    assert told(QUIET, alert(), due)["chat"] == due


def test_what_is_part_of_a_campaign_or_a_growing_digest_is_not_sent() -> None:
    assert told(Alerting(), alert(status="closed", campaign="alert_9")) == {}
    assert told(Alerting(), alert(kind="mass_move", status="updated", severity="red")) == {}
    assert told(Alerting(), alert(status="closed")).keys() == {"chat", "mail"}


def test_an_escalation_goes_to_its_own_route_and_ignores_quiet_hours() -> None:
    routes = Routes(
        Alerting(routes=(Route(channels=("chat",)), Route(channels=("mail",), escalation=True))), ["chat", "mail"]
    )
    (owed,) = routes.escalations(alert(severity="red"), EVENING)

    assert (owed.channel, owed.due_at, is_escalation(owed)) == ("mail", EVENING, True)
    parcel = Parcel(owed.delivery_id, "mail", (owed,), (alert(),))
    assert parcel.escalated
    assert routes.not_before(parcel, EVENING) == EVENING


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=30, unique=True), st.integers(2, 6))
def test_merging_loses_nothing_and_tells_nothing_twice(owed: list[tuple[int, int]], merge_from: int) -> None:
    routes = Routes(Alerting(), ["chat"])
    due = [(routes.deliveries(alert(n, revision=r), EVENING)[0], alert(n, revision=4)) for n, r in owed]

    found = parcels(due, merge_from)

    ids = [delivery.delivery_id for parcel in found for delivery in parcel.deliveries]
    assert sorted(ids) == sorted(delivery.delivery_id for delivery, _ in due)
    shown = [a.alert_id for parcel in found for a in parcel.alerts]
    assert sorted(shown) == sorted({f"alert_{n}" for n, _ in owed})
    assert len(found) < merge_from


def test_what_the_night_kept_back_is_one_message_from_two_on() -> None:
    routes = Routes(QUIET, ["chat"])
    night = [(routes.deliveries(a, EVENING)[0], a) for a in (alert(1), alert(2), alert(3))]
    morning = alert(4, observed_at=MORNING)
    owed = [*night, (routes.deliveries(morning, MORNING)[0], morning)]

    found = parcels(owed, 5)

    assert sorted(sorted(a.alert_id for a in parcel.alerts) for parcel in found) == [
        ["alert_1", "alert_2", "alert_3"],
        ["alert_4"],
    ]
    assert [len(parcel.alerts) for parcel in parcels(owed, 0)] == [1, 1, 1, 1]


def test_quiet_hours_that_keep_red_back_keep_its_escalation_back_too() -> None:
    strict = Alerting(quiet_from="22:00", quiet_until="08:00", timezone="Asia/Shanghai", red_breaks_quiet=False)
    (owed,) = Routes(strict, ["chat"]).escalations(alert(severity="red"), EVENING)

    assert owed.due_at == MORNING
    parcel = Parcel(owed.delivery_id, "chat", (owed,), (alert(severity="red"),))
    assert Routes(strict, ["chat"]).not_before(parcel, EVENING) == MORNING


def test_many_escalations_are_one_message_apart_from_the_rest() -> None:
    routes = Routes(Alerting(), ["chat"])
    red = [alert(n, severity="red") for n in range(6)]
    owed = [(d, a) for a in red for d in (*routes.escalations(a, EVENING), *routes.deliveries(a, EVENING))]

    found = parcels(owed, 5)

    assert sorted((parcel.escalated, len(parcel.alerts)) for parcel in found) == [(False, 6), (True, 6)]
