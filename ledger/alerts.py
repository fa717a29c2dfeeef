"""Alerts and the notifications owed for them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from contracts.alerts import Alert, Delivery
from contracts.codec import decode, encode
from ledger.care import Care
from ledger.database import insert_new, upsert
from ledger.models import AlertRow, DeliveryRow

COLUMNS = (
    "alert_id",
    "revision",
    "status",
    "kind",
    "severity",
    "competitor",
    "product_id",
    "sku",
    "opened_at",
    "observed_at",
)
HELD = ("delivered_at", "claimed_by", "claimed_until", "batch")
PEOPLE = Care.__struct_fields__


def record(connection: Connection, alerts: Sequence[Alert], deliveries: Sequence[Delivery]) -> None:
    """Upsert alerts (the newest revision wins) and owe their deliveries, once each."""
    rows = [
        {
            **{name: getattr(alert, name) for name in COLUMNS},
            "body": encode(alert).decode(),
            **dict.fromkeys(PEOPLE),
        }
        for alert in alerts
    ]
    upsert(connection, AlertRow, rows, newer="revision", keep=PEOPLE)
    owed = [
        {
            "delivery_id": delivery.delivery_id,
            "alert_id": delivery.alert_id,
            "revision": delivery.revision,
            "channel": delivery.channel,
            "due_at": delivery.due_at,
            "attempts": delivery.attempts,
            "last_error": delivery.last_error,
            **dict.fromkeys(HELD),
        }
        for delivery in deliveries
    ]
    insert_new(connection, DeliveryRow, owed)


def find(
    connection: Connection,
    *,
    open_only: bool,
    severity: str | None,
    competitor: str | None,
    before: int | None,
    limit: int,
) -> list[Alert]:
    """Alerts, the latest first; `before` (epoch ms) continues where the last page ended."""
    query = select(AlertRow.body).order_by(AlertRow.observed_at.desc(), AlertRow.alert_id).limit(limit)
    if open_only:
        query = query.where(AlertRow.status.in_(("opened", "updated")))
    if severity is not None:
        query = query.where(AlertRow.severity == severity)
    if competitor is not None:
        query = query.where(AlertRow.competitor == competitor)
    if before is not None:
        query = query.where(AlertRow.observed_at < before)
    return [decode(body.encode(), Alert) for body in connection.scalars(query)]


def get(connection: Connection, alert_id: str) -> tuple[Alert, str | None] | None:
    """An alert and who looks after it."""
    query = select(AlertRow.body, AlertRow.acknowledged_by).where(AlertRow.alert_id == alert_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (decode(row.body.encode(), Alert), row.acknowledged_by)


def counts(connection: Connection) -> dict[str, int]:
    """Number of open alerts by severity."""
    query = (
        select(AlertRow.severity, func.count())
        .where(AlertRow.status.in_(("opened", "updated")))
        .group_by(AlertRow.severity)
    )
    return dict(connection.execute(query).all())


def due(connection: Connection, now_ms: int, limit: int) -> list[tuple[Delivery, Alert]]:
    """Deliveries whose time has come and their alerts at the newest revision, the oldest first."""
    query = (
        select(DeliveryRow.__table__, AlertRow.body)
        .join(AlertRow, AlertRow.alert_id == DeliveryRow.alert_id)
        .where(DeliveryRow.delivered_at.is_(None), DeliveryRow.due_at <= now_ms)
        .order_by(DeliveryRow.due_at)
        .limit(limit)
    )
    found = []
    for row in connection.execute(query).mappings():
        fields = {name: row[name] for name in Delivery.__struct_fields__}
        found.append((Delivery(**fields), decode(row["body"].encode(), Alert)))
    return found


def delivered(connection: Connection, delivery_id: str, now_ms: int) -> None:
    """Note that a channel accepted a delivery."""
    connection.execute(
        update(DeliveryRow).where(DeliveryRow.delivery_id == delivery_id).values(delivered_at=now_ms, last_error="")
    )


def failed(connection: Connection, delivery_id: str, error: str, retry_at_ms: int) -> None:
    """Note that a channel refused a delivery, and when to try again."""
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.delivery_id == delivery_id)
        .values(attempts=DeliveryRow.attempts + 1, last_error=error[:1000], due_at=retry_at_ms)
    )
