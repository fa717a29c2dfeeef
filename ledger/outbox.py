"""Notifications owed to channels: held by one worker at a time, sent again as they were after a crash.

Before a parcel is sent that is noted. One whose sending had begun and of which nobody knows whether
it arrived comes again as doubtful; one that was only held comes again as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from alerts.routing import ESCALATION, Parcel, parcels, together
from contracts.alerts import Alert, Delivery
from contracts.codec import decode
from contracts.times import DAY_MS
from ledger.care import ASKED_AT_ONCE
from ledger.database import DELIVERY_LOCK, insert_new, lock
from ledger.models import AlertRow, DeliveryRow

ESCALATED_WITHIN_DAYS = 7  # older alerts nobody acknowledged are history
ESCALATED_AT_ONCE = 500
SINGLY_AT_ONCE = 500  # sent one after another they must not be held for hours
MERGED_AT_ONCE = 20_000  # all that a night left is one message in the morning


def waiting(connection: Connection, channel: str, now_ms: int) -> bool:
    """Whether anything may be due on a channel."""
    query = select(DeliveryRow.delivery_id).join(AlertRow, AlertRow.alert_id == DeliveryRow.alert_id)
    return connection.scalar(query.where(*_due(channel, now_ms), _awake(now_ms)).limit(1)) is not None


def claim(
    connection: Connection, holder: str, channel: str, now_ms: int, lease_ms: int, merge_from: int
) -> list[Parcel]:
    """Parcels due on a channel, from now on held by `holder` until the lease ends or is renewed.

    What was on its way when its holder died comes again as the same parcel. Alerts that are
    snoozed wait; those called wrong are no longer told, nor an escalation that somebody answered.
    """
    lock(connection, DELIVERY_LOCK)
    _forget_settled(connection, channel, now_ms)
    most = MERGED_AT_ONCE if merge_from else SINGLY_AT_ONCE
    on_their_way: dict[str, list[tuple[Delivery, Alert]]] = {}
    begun: set[str] = set()
    fresh = []
    for parcel_id, sending_at, delivery, alert in _owed(connection, channel, now_ms, most):
        if parcel_id is None:
            fresh.append((delivery, alert))
            continue
        on_their_way.setdefault(parcel_id, []).append((delivery, alert))
        if sending_at is not None:
            begun.add(parcel_id)
    found = [together(parcel_id, group, parcel_id in begun) for parcel_id, group in on_their_way.items()]
    found += parcels(fresh, merge_from)
    for parcel in found:
        _set(connection, parcel, batch=parcel.parcel_id, claimed_by=holder, claimed_until=now_ms + lease_ms)
    return found


def renew(connection: Connection, holder: str, channel: str, now_ms: int, until_ms: int) -> bool:
    """Hold on to what this holder is sending on a channel; False where the lease ended meanwhile."""
    held = and_(
        DeliveryRow.channel == channel,
        DeliveryRow.delivered_at.is_(None),
        DeliveryRow.claimed_by == holder,
        DeliveryRow.claimed_until > now_ms,
    )
    return connection.execute(update(DeliveryRow).where(held).values(claimed_until=until_ms)).rowcount > 0


def begins(connection: Connection, holder: str, parcel: Parcel, now_ms: int) -> bool:
    """Note that this holder is about to send a parcel; False where its lease ended and another has it."""
    ids = [delivery.delivery_id for delivery in parcel.deliveries]
    held = and_(DeliveryRow.claimed_by == holder, DeliveryRow.delivered_at.is_(None))
    noted = 0
    for at in range(0, len(ids), ASKED_AT_ONCE):
        some = DeliveryRow.delivery_id.in_(ids[at : at + ASKED_AT_ONCE])
        noted += connection.execute(update(DeliveryRow).where(some, held).values(sending_at=now_ms)).rowcount
    return noted > 0


def given_up(connection: Connection, parcel: Parcel, now_ms: int) -> None:
    """What may have arrived is not sent again: the channel was told at most once."""
    word = "nobody said whether it arrived, and it is not repeated"
    _set(connection, parcel, delivered_at=now_ms, last_error=word, claimed_by=None, claimed_until=None)


def accepted(connection: Connection, parcel: Parcel, now_ms: int) -> None:
    """A channel took a parcel."""
    _set(connection, parcel, delivered_at=now_ms, last_error="", claimed_by=None, claimed_until=None)


def refused(connection: Connection, parcel: Parcel, error: str, retry_at_ms: int, perhaps_accepted: bool) -> None:
    """A channel did not take a parcel. Where that is not sure it stays the same parcel, else it may be merged.

    It is not sure either where an earlier try may have arrived.
    """
    again: dict[str, Any] = {"batch": None, "sending_at": None}
    if perhaps_accepted or parcel.doubtful:
        again = {"sending_at": func.coalesce(DeliveryRow.sending_at, retry_at_ms)}
    _set(
        connection,
        parcel,
        attempts=DeliveryRow.attempts + 1,
        last_error=error[:1000],
        due_at=retry_at_ms,
        claimed_by=None,
        claimed_until=None,
        **again,
    )


def unacknowledged(connection: Connection, now_ms: int, after_ms: int) -> list[Alert]:
    """Alerts that have been red for `after_ms` and that nobody looks after, not escalated yet."""
    query = select(AlertRow.body).where(
        AlertRow.severity == "red",
        AlertRow.status.in_(("opened", "updated")),
        AlertRow.red_since <= now_ms - after_ms,
        AlertRow.red_since > now_ms - ESCALATED_WITHIN_DAYS * DAY_MS,
        *(AlertRow.__table__.c[name].is_(None) for name in ("acknowledged_by", "false_positive", "escalated_at")),
        _awake(now_ms),
    )
    return [decode(body.encode(), Alert) for body in connection.scalars(query.limit(ESCALATED_AT_ONCE))]


def escalate(connection: Connection, alert_id: str, deliveries: Sequence[Delivery], now_ms: int) -> None:
    """Owe an escalation, once: both in one transaction."""
    unheard = and_(AlertRow.alert_id == alert_id, AlertRow.escalated_at.is_(None))
    if connection.execute(update(AlertRow).where(unheard).values(escalated_at=now_ms)).rowcount:
        insert_new(connection, DeliveryRow, [_row(delivery) for delivery in deliveries])


def _due(channel: str, now_ms: int) -> tuple[ColumnElement[bool], ...]:
    free: ColumnElement[bool] = or_(DeliveryRow.claimed_until.is_(None), DeliveryRow.claimed_until <= now_ms)
    return DeliveryRow.channel == channel, DeliveryRow.delivered_at.is_(None), DeliveryRow.due_at <= now_ms, free


def _awake(now_ms: int) -> ColumnElement[bool]:
    return or_(AlertRow.snoozed_until.is_(None), AlertRow.snoozed_until <= now_ms)


def _forget_settled(connection: Connection, channel: str, now_ms: int) -> None:
    wrong = select(AlertRow.alert_id).where(AlertRow.false_positive.is_not(None))
    answered = select(AlertRow.alert_id).where(AlertRow.acknowledged_by.is_not(None))
    escalation = DeliveryRow.delivery_id.startswith(f"{ESCALATION}_", autoescape=True)
    settled = {
        "called a false positive": DeliveryRow.alert_id.in_(wrong),
        "acknowledged before it was sent": and_(escalation, DeliveryRow.alert_id.in_(answered)),
    }
    for word, condition in settled.items():
        forgotten = and_(*_due(channel, now_ms), condition)
        connection.execute(update(DeliveryRow).where(forgotten).values(delivered_at=now_ms, last_error=word))


def _owed(
    connection: Connection, channel: str, now_ms: int, most: int
) -> list[tuple[str | None, int | None, Delivery, Alert]]:
    query = (
        select(DeliveryRow.__table__, AlertRow.body)
        .join(AlertRow, AlertRow.alert_id == DeliveryRow.alert_id)
        .where(*_due(channel, now_ms), _awake(now_ms))
        .order_by(DeliveryRow.due_at, DeliveryRow.delivery_id)
        .limit(most)
    )
    found = []
    for row in connection.execute(query).mappings():
        fields = {name: row[name] for name in Delivery.__struct_fields__}
        found.append((row["batch"], row["sending_at"], Delivery(**fields), decode(row["body"].encode(), Alert)))
    return found


def _row(delivery: Delivery) -> dict[str, Any]:
    columns = {column.name: None for column in DeliveryRow.__table__.columns}
    return {**columns, **{name: getattr(delivery, name) for name in Delivery.__struct_fields__}}


def _set(connection: Connection, parcel: Parcel, **values: Any) -> None:
    ids = [delivery.delivery_id for delivery in parcel.deliveries]
    for at in range(0, len(ids), ASKED_AT_ONCE):
        some = DeliveryRow.delivery_id.in_(ids[at : at + ASKED_AT_ONCE])
        connection.execute(update(DeliveryRow).where(some).values(**values))
