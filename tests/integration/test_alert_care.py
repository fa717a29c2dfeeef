"""Acknowledge, assign, snooze and false positives, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from contracts.errors import BadInputError, NotFoundError
from contracts.times import DAY_MS, HOUR_MS
from ledger.care import Care, Precision
from ledger.store import Ledger
from tests.samples import NOW, alert


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """The shared fixture's ledger with four alerts."""
    ledger.record_alerts([alert(alert_id=f"alert_{n}", product_id=f"p{n}", observed_at=NOW) for n in range(4)])
    return ledger


def test_what_people_do_stays_through_later_revisions_and_is_audited(ledger: Ledger) -> None:
    ledger.acknowledge("alert_0", "mei", NOW + 1)
    ledger.assign("alert_0", "mei", "li", NOW + 2)
    ledger.snooze("alert_0", "li", NOW + HOUR_MS, NOW + 3)
    ledger.false_positive("alert_0", "li", " wrong product ", NOW + 4)
    ledger.record_alerts([alert(2, alert_id="alert_0", product_id="p0")])

    assert ledger.care(["alert_0", "alert_9"]) == {
        "alert_0": Care(
            acknowledged_by="mei",
            acknowledged_at=NOW + 1,
            assigned_to="li",
            snoozed_until=NOW + HOUR_MS,
            false_positive="wrong product",
            false_positive_by="li",
            false_positive_at=NOW + 4,
        )
    }
    acts = [(row.actor, row.action) for row in ledger.audit_rows()]
    assert acts == [("li", "false_positive"), ("li", "snooze"), ("mei", "assign"), ("mei", "acknowledge")]
    assert ledger.verify_audit() == 4


def test_a_snooze_ends_and_an_assignment_is_taken_back(ledger: Ledger) -> None:
    ledger.assign("alert_0", "mei", "li", NOW)
    ledger.assign("alert_0", "mei", "li", NOW)
    ledger.assign("alert_0", "mei", "", NOW)
    ledger.snooze("alert_0", "mei", NOW + 1, NOW)
    ledger.snooze("alert_0", "mei", 0, NOW)

    assert ledger.care(["alert_0"]) == {"alert_0": Care()}
    assert len(ledger.audit_rows()) == 4


def test_what_makes_no_sense_is_refused(ledger: Ledger) -> None:
    for until in (NOW, NOW - 1, NOW + 31 * DAY_MS):
        with pytest.raises(BadInputError, match="snooze must end"):
            ledger.snooze("alert_0", "mei", until, NOW)
    for reason in ("", "  ", "x" * 2_001):
        with pytest.raises(BadInputError, match="needs a reason"):
            ledger.false_positive("alert_0", "mei", reason, NOW)
    with pytest.raises(NotFoundError, match="no alert has the id 'alert_9'"):
        ledger.assign("alert_9", "mei", "li", NOW)
    assert ledger.audit_rows() == []


def test_precision_counts_what_people_judged(ledger: Ledger) -> None:
    assert ledger.precision(NOW, NOW + 1) == Precision(4, 0, 0, None)
    ledger.acknowledge("alert_0", "mei", NOW)
    ledger.acknowledge("alert_1", "mei", NOW)
    ledger.false_positive("alert_1", "mei", "another size", NOW)
    ledger.acknowledge("alert_2", "mei", NOW)

    assert ledger.precision(NOW, NOW + 1) == Precision(4, 3, 1, 2 / 3)
    assert ledger.precision(NOW + 1, NOW + 2) == Precision(0, 0, 0, None)
