"""What people do with alerts: look after them, hand them over, put them off, call them wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from contracts.errors import BadInputError, NotFoundError
from contracts.times import DAY_MS, to_iso
from ledger import audit
from ledger.models import AlertRow

LONGEST_SNOOZE_DAYS = 30
LONGEST_REASON = 2_000
ASKED_AT_ONCE = 500  # variables of one statement


class Care(msgspec.Struct, frozen=True, kw_only=True):
    """What people did with an alert; times in epoch ms UTC, None where nobody did."""

    acknowledged_by: str | None = None
    acknowledged_at: int | None = None
    assigned_to: str | None = None
    snoozed_until: int | None = None
    false_positive: str | None = None
    false_positive_by: str | None = None
    false_positive_at: int | None = None
    escalated_at: int | None = None


class Precision(msgspec.Struct, frozen=True):
    """Alerts people judged in a time: how many were right.

    `opened` counts alerts that opened then, `judged` those of them that were acknowledged or
    called wrong, `share` is right over judged, None where nobody judged any.
    """

    opened: int
    judged: int
    false_positives: int
    share: float | None


COLUMNS = [AlertRow.__table__.c[name] for name in Care.__struct_fields__]


def of(connection: Connection, alert_ids: Sequence[str]) -> dict[str, Care]:
    """What people did, by alert; ids that name nothing are left out."""
    found: dict[str, Care] = {}
    for at in range(0, len(alert_ids), ASKED_AT_ONCE):
        some = alert_ids[at : at + ASKED_AT_ONCE]
        query = select(AlertRow.__table__.c.alert_id, *COLUMNS).where(AlertRow.alert_id.in_(some))
        for row in connection.execute(query).mappings():
            found[row["alert_id"]] = Care(**{name: row[name] for name in Care.__struct_fields__})
    return found


def acknowledge(connection: Connection, alert_id: str, user: str, now_ms: int) -> None:
    """Note who looks after an alert; the first who says so stays. NotFoundError."""
    care = _known(connection, alert_id)
    if care.acknowledged_by is None:
        _set(connection, alert_id, acknowledged_by=user, acknowledged_at=now_ms)
        audit.record(connection, now_ms, user, "acknowledge", alert_id)


def assign(connection: Connection, alert_id: str, user: str, to: str, now_ms: int) -> None:
    """Hand an alert to a person, or to nobody (""); NotFoundError."""
    care = _known(connection, alert_id)
    if (care.assigned_to or "") != to:
        _set(connection, alert_id, assigned_to=to or None)
        audit.record(connection, now_ms, user, "assign", alert_id, to=to)


def snooze(connection: Connection, alert_id: str, user: str, until_ms: int, now_ms: int) -> None:
    """Send nothing of an alert until then; what happens meanwhile comes as one message. NotFoundError.

    BadInputError where the time is past or too far away; `until_ms` 0 ends a snooze.
    """
    _known(connection, alert_id)
    if until_ms and not now_ms < until_ms <= now_ms + LONGEST_SNOOZE_DAYS * DAY_MS:
        raise BadInputError(f"a snooze must end within {LONGEST_SNOOZE_DAYS} days from now, was {to_iso(until_ms)}")
    _set(connection, alert_id, snoozed_until=until_ms or None)
    audit.record(connection, now_ms, user, "snooze", alert_id, until=until_ms)


def false_positive(connection: Connection, alert_id: str, user: str, reason: str, now_ms: int) -> None:
    """Call an alert wrong, with a reason; it is not sent any more. A later judgement replaces it.

    NotFoundError; BadInputError without a reason.
    """
    _known(connection, alert_id)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInputError(
            f"a false positive needs a reason of at most {LONGEST_REASON} characters, was {len(reason)}"
        )
    _set(connection, alert_id, false_positive=reason, false_positive_by=user, false_positive_at=now_ms)
    audit.record(connection, now_ms, user, "false_positive", alert_id, reason=reason)


def precision(connection: Connection, since_ms: int, until_ms: int) -> Precision:
    """How many of the alerts that opened in [since, until) were right."""
    wrong = func.count(AlertRow.false_positive)
    right = func.count().filter(AlertRow.acknowledged_by.is_not(None), AlertRow.false_positive.is_(None))
    query = select(func.count(), right, wrong).where(AlertRow.opened_at >= since_ms, AlertRow.opened_at < until_ms)
    opened, acknowledged, false = connection.execute(query).one()
    judged = acknowledged + false
    return Precision(opened, judged, false, None if judged == 0 else (judged - false) / judged)


def _known(connection: Connection, alert_id: str) -> Care:
    found = of(connection, [alert_id])
    if not found:
        raise NotFoundError(f"no alert has the id {alert_id!r}")
    return found[alert_id]


def _set(connection: Connection, alert_id: str, **values: Any) -> None:
    connection.execute(update(AlertRow).where(AlertRow.alert_id == alert_id).values(**values))
