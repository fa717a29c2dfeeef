"""The ledger's promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from alerts.routing import Parcel
from contracts.alerts import Delivery
from contracts.approvals import Signer
from contracts.errors import BadInputError, NotAllowedError, NotFoundError, TamperedError
from contracts.facts import Match, StockLevel
from contracts.observations import PricePoint
from contracts.times import HOUR_MS
from ledger.database import connect
from ledger.occasion import Occasion
from ledger.store import Ledger
from tests.samples import NOW, alert, item, proposal

MEI = Signer("mei", "marketing_director")


def test_alerts_are_upserts_and_an_older_revision_never_wins(ledger: Ledger) -> None:
    ledger.record_alerts([alert(1), alert(2)])
    ledger.record_alerts([alert(1)])

    assert ledger.alert("alert_1") == alert(2)
    assert ledger.alerts(open_only=True) == [alert(2)]
    assert ledger.open_alert_counts() == {"red": 1}
    ledger.record_alerts([alert(3, status="closed")])
    assert ledger.alerts(open_only=True) == []


def test_acknowledging_stays_through_later_revisions_and_the_first_person_stays(ledger: Ledger) -> None:
    ledger.record_alerts([alert(1)])
    ledger.acknowledge("alert_1", "mei", NOW)
    ledger.acknowledge("alert_1", "li", NOW)
    ledger.record_alerts([alert(2)])

    assert ledger.acknowledged_by("alert_1") == "mei"
    with pytest.raises(NotFoundError, match="no alert has the id 'alert_9'"):
        ledger.acknowledge("alert_9", "mei", NOW)


def test_a_delivery_is_owed_once_until_it_is_accepted(ledger: Ledger) -> None:
    owed = Delivery(delivery_id="d1", alert_id="alert_1", revision=1, channel="webhook", due_at=NOW)
    ledger.record_alerts([alert(1)], [owed])
    ledger.record_alerts([alert(1)], [owed])

    def claimed(at: int) -> list[Parcel]:
        return ledger.claim_parcels("me", "webhook", at, lease_ms=1)

    (parcel,) = claimed(NOW)
    assert [delivery.delivery_id for delivery in parcel.deliveries] == ["d1"]
    ledger.parcel_refused(parcel, "refused", NOW + 60_000)
    assert claimed(NOW + 59_999) == []
    (again,) = claimed(NOW + 60_000)
    assert [(owed.attempts, owed.last_error) for owed in again.deliveries] == [(1, "refused")]
    ledger.parcel_accepted(again, NOW + 61_000)
    ledger.record_alerts([alert(1)], [owed])
    assert claimed(NOW + 10**9) == []


def test_one_signature_is_enough_for_a_small_amount_and_the_decision_waits_for_kafka(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])

    assert ledger.sign("markdown_1", Occasion(MEI, NOW + 1), "approve") == "approved"
    (decision,) = ledger.unpublished_decisions(10)
    assert (decision.price_minor, decision.approved_by) == (9_800, ("mei",))
    ledger.decisions_published([decision.decision_id], NOW + 2)
    assert ledger.unpublished_decisions(10) == []
    assert ledger.proposal_counts() == {"published": 1}
    ledger.record_proposals([proposal()])
    assert ledger.proposal_with_status("markdown_1") == (proposal(), "published")


def test_a_large_amount_needs_two_people_with_two_roles(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal(tier="finance_director")])

    assert ledger.sign("markdown_1", Occasion(MEI, NOW), "approve") == "pending"
    for user, role in (("mei", "finance_director"), ("li", "marketing_director"), ("wu", "pricing")):
        with pytest.raises(NotAllowedError):
            ledger.sign("markdown_1", Occasion(Signer(user, role), NOW), "approve")
    assert ledger.sign("markdown_1", Occasion(Signer("li", "finance_director"), NOW), "approve") == "approved"
    with pytest.raises(NotAllowedError, match="it is approved"):
        ledger.sign("markdown_1", Occasion(Signer("zhao", "finance_director"), NOW), "approve")


def test_the_agent_never_signs_and_a_rejection_needs_a_reason(ledger: Ledger) -> None:
    ledger.record_proposals([proposal()])

    with pytest.raises(NotAllowedError, match="a proposer never approves"):
        ledger.sign("markdown_1", Occasion(Signer("agent", "marketing_director"), NOW), "approve")
    with pytest.raises(BadInputError, match="needs a reason"):
        ledger.sign("markdown_1", Occasion(MEI, NOW), "reject", "  ")
    assert ledger.sign("markdown_1", Occasion(MEI, NOW), "reject", "wrong season") == "rejected"
    assert [signed.reason for signed in ledger.signatures("markdown_1")] == ["wrong season"]
    with pytest.raises(NotFoundError):
        ledger.sign("markdown_2", Occasion(MEI, NOW), "approve")


@pytest.mark.parametrize(
    ("fresh", "later", "status"),
    [
        ({"cost_minor": 9_700}, 1, "blocked"),
        ({"cost_minor": None}, 1, "blocked"),
        ({"price_minor": 9_900}, 1, "blocked"),
        ({}, 200 * HOUR_MS, "expired"),
    ],
)
def test_floors_are_looked_at_again_when_it_is_signed(
    ledger: Ledger, fresh: dict[str, int], later: int, status: str
) -> None:
    ledger.record_proposals([proposal()])
    ledger.record_items([item(**fresh)])

    assert ledger.sign("markdown_1", Occasion(MEI, NOW + later), "approve") == status
    assert ledger.unpublished_decisions(10) == []


def test_facts_keep_the_newest(ledger: Ledger) -> None:
    ledger.record_items([item(as_of=NOW + 5, price_minor=1), item(as_of=NOW)])
    ledger.record_stock([StockLevel("sku1", 5, NOW)])
    ledger.record_matches([Match("shop", "p1", "sku1", NOW)])

    assert ledger.item("sku1") == item(as_of=NOW + 5, price_minor=1)
    assert ledger.stock("sku1") == StockLevel("sku1", 5, NOW)
    assert ledger.stock("sku2") is None
    assert ledger.matches("sku1") == [Match("shop", "p1", "sku1", NOW)]


def test_price_history_is_in_order_and_without_repeats(ledger: Ledger) -> None:
    points = [PricePoint("shop", "p1", NOW + i, 100 + i, "CNY", sku="sku1") for i in range(3)]
    ledger.record_price_points(points[::-1])
    ledger.record_price_points(points)

    assert ledger.price_points("shop", "p1") == points
    assert ledger.price_points_of_sku("sku1", since=NOW + 1) == points[1:]


def test_the_audit_chain_names_a_row_that_was_changed_or_removed(ledger: Ledger) -> None:
    ledger.record_alerts([alert(1)])
    ledger.acknowledge("alert_1", "mei", NOW)
    ledger.add_user("mei", "pricing", "correct horse", NOW)
    ledger.add_user("li", "viewer", "battery staple", NOW)
    assert ledger.verify_audit() == 3

    with ledger.writing() as connection:
        connection.execute(text("UPDATE audit SET actor = 'li' WHERE number = 1"))
    with pytest.raises(TamperedError, match="audit row 1"):
        ledger.verify_audit()
    with ledger.writing() as connection:
        connection.execute(text("UPDATE audit SET actor = 'mei' WHERE number = 1"))
        connection.execute(text("DELETE FROM audit WHERE number = 2"))
    with pytest.raises(TamperedError, match="audit row 2"):
        ledger.verify_audit()


def test_passwords_are_checked_and_bad_users_refused(ledger: Ledger) -> None:
    ledger.add_user("mei", "marketing_director", "correct horse", NOW)

    assert ledger.sign_in("mei", "correct horse") == "marketing_director"
    assert ledger.sign_in("mei", "wrong horse") is None
    assert ledger.sign_in("nobody", "correct horse") is None
    for name, role, password in (
        ("mei", "viewer", "long enough"),
        ("li", "king", "long enough"),
        ("li", "viewer", "short"),
    ):
        with pytest.raises(BadInputError):
            ledger.add_user(name, role, password, NOW)


def test_processes_that_open_and_write_at_once_wait_for_one_another(url: str) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            mine = Ledger.open(url)
            for step in range(10):
                mine.record_alerts([alert(1, alert_id=f"alert_{number}_{step}")])
                mine.acknowledge(f"alert_{number}_{step}", f"user{number}", NOW)
            mine.close()
        except Exception as error:  # noqa: BLE001 judged below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    ledger = Ledger.open(url)
    assert len(ledger.alerts(limit=1000)) == 40
    assert ledger.verify_audit() == 40
    ledger.close()


def test_a_new_file_opened_at_once_by_many_is_opened_by_all(tmp_path: Path) -> None:
    def opened(url: str) -> str:
        engine = connect(url)
        try:
            with engine.connect() as connection:
                return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
        finally:
            engine.dispose()

    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            assert set(pool.map(opened, [f"sqlite:///{tmp_path}/{number}.sqlite"] * 8)) == {"wal"}


def test_a_url_that_is_no_ledger_is_one_clear_line(tmp_path: Path) -> None:
    for url in ("mysql://x/y", "nonsense"):
        with pytest.raises(BadInputError, match="ledger"):
            Ledger.open(url)
