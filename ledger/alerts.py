"""Alerts and the notifications owed for them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from contracts.alerts import Alert, AlertKind, Delivery
from contracts.codec import decode, encode
from ledger.care import ASKED_AT_ONCE, Care
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
HELD = ("delivered_at", "claimed_by", "claimed_until", "batch", "sending_at")
KEPT = (*Care.__struct_fields__, "red_since")  # what people did, and what is counted below


def record(connection: Connection, alerts: Sequence[Alert], deliveries: Sequence[Delivery]) -> None:
    """Upsert alerts (the newest revision wins) and owe their deliveries, once each."""
    rows = [
        {
            **{name: getattr(alert, name) for name in COLUMNS},
            "body": encode(alert).decode(),
            **dict.fromkeys(KEPT),
        }
        for alert in alerts
    ]
    upsert(connection, AlertRow, rows, newer="revision", keep=KEPT)
    _note_red(connection, [alert.alert_id for alert in alerts])
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


def _note_red(connection: Connection, alert_ids: Sequence[str]) -> None:
    red, counted = AlertRow.severity == "red", AlertRow.red_since.is_not(None)
    for at in range(0, len(alert_ids), ASKED_AT_ONCE):
        these = AlertRow.alert_id.in_(alert_ids[at : at + ASKED_AT_ONCE])
        connection.execute(update(AlertRow).where(these, red, ~counted).values(red_since=AlertRow.observed_at))
        connection.execute(update(AlertRow).where(these, ~red, counted).values(red_since=None))


def find(
    connection: Connection,
    *,
    open_only: bool,
    severity: str | None,
    competitor: str | None,
    kind: AlertKind | None,
    since: int | None,
    before: int | None,
    limit: int,
) -> list[Alert]:
    """Alerts, the latest first, seen from `since` on (epoch ms); `before` continues where the last page ended."""
    query = select(AlertRow.body).order_by(AlertRow.observed_at.desc(), AlertRow.alert_id).limit(limit)
    if open_only:
        query = query.where(AlertRow.status.in_(("opened", "updated")))
    if severity is not None:
        query = query.where(AlertRow.severity == severity)
    if competitor is not None:
        query = query.where(AlertRow.competitor == competitor)
    if kind is not None:
        query = query.where(AlertRow.kind == kind)
    if since is not None:
        query = query.where(AlertRow.observed_at >= since)
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
