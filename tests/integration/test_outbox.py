"""The outbox: a dead channel loses nothing and nobody is told twice; on SQLite and on PostgreSQL."""

from __future__ import annotations

import msgspec

from alerts.routing import Parcel, Routes
from contracts.alerts import Alert, Severity
from contracts.policy import Alerting
from contracts.times import HOUR_MS, MINUTE_MS
from ledger.pages import AlertFilter, Position, alert_count, alerts
from ledger.store import Ledger

NOW = 1_764_000_000_000
LEASE = 15_000
ROUTES = Routes(Alerting(), ["chat", "hook"])


def alert(number: int, revision: int = 1, severity: Severity = "red", at: int = NOW) -> Alert:
    return Alert(
        alert_id=f"alert_{number}",
        revision=revision,
        status="opened" if revision == 1 else "updated",
        kind="price",
        severity=severity,
        competitor=f"shop{number % 7}",
        product_id=f"p{number}",
        opened_at=NOW,
        observed_at=at,
        event_id=f"move_{number}_{revision}",
        headline=f"shop cut Kettle {number}",
    )


def raised(ledger: Ledger, *found: Alert) -> None:
    ledger.record_alerts(found, [owed for one in found for owed in ROUTES.deliveries(one, NOW)])


def claim(ledger: Ledger, who: str = "me", at: int = NOW, merge_from: int = 0) -> list[Parcel]:
    return ledger.claim_parcels(who, "chat", at, LEASE, merge_from)


def test_one_worker_holds_what_another_does_not_get(ledger: Ledger) -> None:
    raised(ledger, alert(1))

    ((parcel,), none) = (claim(ledger), claim(ledger, "other", NOW + LEASE - 1))

    assert none == []
    assert ledger.renew_claims("me", "chat", NOW + LEASE - 1, NOW + 2 * LEASE)
    assert claim(ledger, "other", NOW + 2 * LEASE - 1) == []
    # Its holder dies: another worker sends the same parcel, by the same id.
    (again,) = claim(ledger, "other", NOW + 2 * LEASE)
    assert (again.parcel_id, again.alerts) == (parcel.parcel_id, parcel.alerts)
    assert not ledger.renew_claims("me", "chat", NOW + 2 * LEASE + 1, NOW + 9 * LEASE)
    ledger.parcel_accepted(again, NOW + 2 * LEASE)
    assert claim(ledger, at=NOW + HOUR_MS) == []
    assert [parcel.channel for parcel in ledger.claim_parcels("me", "hook", NOW, LEASE)] == ["hook"]


def test_a_dead_channel_loses_nothing_and_comes_back_with_one_message(ledger: Ledger) -> None:
    for number in range(7):
        raised(ledger, alert(number))
        for parcel in claim(ledger, merge_from=5):
            ledger.parcel_refused(parcel, "connection refused", NOW)
    raised(ledger, alert(3, revision=2))

    (parcel,) = claim(ledger, merge_from=5)

    assert {one.alert_id: one.revision for one in parcel.alerts} == {f"alert_{n}": 1 + (n == 3) for n in range(7)}
    assert len(parcel.deliveries) == 8
    assert parcel.attempts > 0


def test_where_nobody_said_whether_it_came_it_stays_the_same_message(ledger: Ledger) -> None:
    raised(ledger, *map(alert, range(6)))
    (first,) = claim(ledger, merge_from=5)
    ledger.parcel_refused(first, "no answer", NOW, perhaps_accepted=True)
    raised(ledger, *map(alert, range(6, 9)))

    again, *others = claim(ledger, merge_from=5)

    assert again.parcel_id == first.parcel_id
    assert [one.alert_id for one in again.alerts] == [one.alert_id for one in first.alerts]
    assert [len(one.alerts) for one in others] == [1, 1, 1]


def test_what_may_have_arrived_is_told_from_what_was_only_held(ledger: Ledger) -> None:
    raised(ledger, *map(alert, range(3)))
    sent, unanswered, _held = claim(ledger)
    assert ledger.parcel_begins("me", sent, NOW)
    assert ledger.parcel_begins("me", unanswered, NOW)
    ledger.parcel_refused(unanswered, "no answer", NOW + LEASE, perhaps_accepted=True)

    again = claim(ledger, "other", NOW + LEASE)  # "me" died while it sent
    assert {one.parcel_id: one.doubtful for one in again} == {
        sent.parcel_id: True,
        unanswered.parcel_id: True,
        _held.parcel_id: False,
    }
    assert not ledger.parcel_begins("me", _held, NOW + LEASE)  # it slept: another holds it now
    doubtful = next(one for one in again if one.parcel_id == sent.parcel_id)
    assert ledger.parcel_begins("other", doubtful, NOW + LEASE)
    ledger.parcel_refused(doubtful, "503", NOW + 2 * LEASE)  # this try surely failed, the first one may not have
    (still,) = [one for one in claim(ledger, "other", NOW + 2 * LEASE) if one.parcel_id == sent.parcel_id]
    assert still.doubtful
    ledger.parcel_given_up(still, NOW + 2 * LEASE)
    left = {one.parcel_id for one in claim(ledger, "third", NOW + HOUR_MS)}
    assert left == {unanswered.parcel_id, _held.parcel_id}


def test_snoozed_it_waits_and_called_wrong_it_is_never_told(ledger: Ledger) -> None:
    raised(ledger, alert(1), alert(2))
    ledger.snooze("alert_1", "mei", NOW + HOUR_MS, NOW)
    ledger.false_positive("alert_2", "mei", "another size", NOW)
    raised(ledger, alert(1, revision=2))

    assert claim(ledger) == []
    (parcel,) = claim(ledger, at=NOW + HOUR_MS)
    assert [(one.alert_id, one.revision) for one in parcel.alerts] == [("alert_1", 2)]


def test_red_that_nobody_acknowledged_escalates_once(ledger: Ledger) -> None:
    raised(ledger, *map(alert, range(3)), alert(3, severity="yellow"))
    ledger.acknowledge("alert_1", "mei", NOW)
    ledger.snooze("alert_2", "mei", NOW + 2 * HOUR_MS, NOW)

    assert ledger.unacknowledged(NOW + MINUTE_MS, HOUR_MS) == []
    late = ledger.unacknowledged(NOW + HOUR_MS, HOUR_MS)
    assert [one.alert_id for one in late] == ["alert_0"]
    for _ in range(2):
        ledger.escalate("alert_0", ROUTES.escalations(late[0], NOW + HOUR_MS), NOW + HOUR_MS)
    assert ledger.unacknowledged(NOW + HOUR_MS, HOUR_MS) == []
    escalated = [parcel for parcel in claim(ledger, at=NOW + HOUR_MS) if parcel.escalated]
    assert [one.alerts[0].alert_id for one in escalated] == ["alert_0"]


def test_an_alert_has_its_time_from_when_it_became_red(ledger: Ledger) -> None:
    raised(ledger, alert(1, severity="yellow"))
    raised(ledger, alert(1, revision=2, at=NOW + 2 * HOUR_MS))
    raised(ledger, alert(1, revision=3, at=NOW + 2 * HOUR_MS + 5))

    assert ledger.unacknowledged(NOW + 3 * HOUR_MS - 1, HOUR_MS) == []
    assert len(ledger.unacknowledged(NOW + 3 * HOUR_MS, HOUR_MS)) == 1
    raised(ledger, alert(1, revision=4, severity="yellow", at=NOW + 3 * HOUR_MS))
    assert ledger.unacknowledged(NOW + 9 * HOUR_MS, HOUR_MS) == []


def test_an_escalation_somebody_answered_in_time_is_not_sent(ledger: Ledger) -> None:
    ledger.record_alerts([alert(1)])
    ledger.escalate("alert_1", ROUTES.escalations(alert(1), NOW), NOW)
    ledger.acknowledge("alert_1", "mei", NOW)

    assert claim(ledger) == []


def test_ten_thousand_open_alerts_are_one_message_and_whole_lists(ledger: Ledger) -> None:
    many = [alert(number, at=NOW + number // 3) for number in range(10_000)]
    raised(ledger, *many)

    (parcel,) = claim(ledger, merge_from=5)
    assert len(parcel.alerts) == 10_000
    ledger.parcel_accepted(parcel, NOW)
    assert claim(ledger) == []

    place, seen = None, 0
    with ledger.reading() as connection:
        while found := alerts(connection, AlertFilter(), place, 500):
            place = Position(found[-1].observed_at, found[-1].alert_id)
            seen += len(found)
        assert seen == alert_count(connection, AlertFilter()) == 10_000
        assert alert_count(connection, AlertFilter(competitor="shop3", severity="red", text="Kettle 31")) > 0
    assert len(ledger.care([one.alert_id for one in many])) == 10_000


def test_what_people_did_outlives_what_a_worker_records(ledger: Ledger) -> None:
    raised(ledger, alert(1))
    ledger.escalate("alert_1", [], NOW)
    raised(ledger, alert(1, revision=2))

    assert ledger.care(["alert_1"])["alert_1"].escalated_at == NOW
    assert ledger.alert("alert_1") == msgspec.structs.replace(alert(1, revision=2))
