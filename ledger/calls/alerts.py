"""Alerts, what people do with them, and what is owed to channels."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.routing import Parcel
from contracts.alerts import Alert, AlertKind, Delivery
from ledger import alerts, care, outbox
from ledger.calls.transactions import Transactions
from ledger.care import Care, Precision


class AlertCalls(Transactions):
    """Each is one transaction."""

    def record_alerts(self, found: Sequence[Alert], deliveries: Sequence[Delivery] = ()) -> None:
        """Upsert alerts and owe their deliveries, in one transaction."""
        with self.writing() as connection:
            alerts.record(connection, found, deliveries)

    def alert(self, alert_id: str) -> Alert | None:
        """An alert at its newest revision."""
        with self.reading() as connection:
            found = alerts.get(connection, alert_id)
            return None if found is None else found[0]

    def acknowledged_by(self, alert_id: str) -> str | None:
        """Who looks after an alert."""
        with self.reading() as connection:
            found = alerts.get(connection, alert_id)
            return None if found is None else found[1]

    def alerts(
        self,
        *,
        open_only: bool = False,
        severity: str | None = None,
        competitor: str | None = None,
        kind: AlertKind | None = None,
        since: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Alert]:
        """Alerts, the latest first."""
        with self.reading() as connection:
            return alerts.find(
                connection,
                open_only=open_only,
                severity=severity,
                competitor=competitor,
                kind=kind,
                since=since,
                before=before,
                limit=limit,
            )

    def open_alert_counts(self) -> dict[str, int]:
        """Open alerts by severity."""
        with self.reading() as connection:
            return alerts.counts(connection)

    def acknowledge(self, alert_id: str, user: str, now_ms: int) -> None:
        """Note who looks after an alert."""
        with self.writing() as connection:
            care.acknowledge(connection, alert_id, user, now_ms)

    def assign(self, alert_id: str, user: str, to: str, now_ms: int) -> None:
        """Hand an alert to a person, or to nobody (""); `user` is who does it."""
        with self.writing() as connection:
            care.assign(connection, alert_id, user, to, now_ms)

    def snooze(self, alert_id: str, user: str, until_ms: int, now_ms: int) -> None:
        """Send nothing of an alert until then; 0 ends it. See `ledger.care.snooze`."""
        with self.writing() as connection:
            care.snooze(connection, alert_id, user, until_ms, now_ms)

    def false_positive(self, alert_id: str, user: str, reason: str, now_ms: int) -> None:
        """Call an alert wrong, with a reason."""
        with self.writing() as connection:
            care.false_positive(connection, alert_id, user, reason, now_ms)

    def care(self, alert_ids: Sequence[str]) -> dict[str, Care]:
        """What people did with alerts, by id."""
        with self.reading() as connection:
            return care.of(connection, alert_ids)

    def precision(self, since_ms: int, until_ms: int) -> Precision:
        """How many of the alerts that opened in [since, until) were right, by those people judged."""
        with self.reading() as connection:
            return care.precision(connection, since_ms, until_ms)

    def claim_parcels(self, holder: str, channel: str, now_ms: int, lease_ms: int, merge_from: int = 0) -> list[Parcel]:
        """What is due on a channel, held by `holder`; see `ledger.outbox.claim`."""
        with self.reading() as connection:
            if not outbox.waiting(connection, channel, now_ms):
                return []  # most looks find nothing, and keep nobody from writing
        with self.writing() as connection:
            return outbox.claim(connection, holder, channel, now_ms, lease_ms, merge_from)

    def renew_claims(self, holder: str, channel: str, now_ms: int, until_ms: int) -> bool:
        """Hold on to what `holder` is sending on a channel; False where it was held too long."""
        with self.writing() as connection:
            return outbox.renew(connection, holder, channel, now_ms, until_ms)

    def parcel_begins(self, holder: str, parcel: Parcel, now_ms: int) -> bool:
        """Note that a parcel is about to be sent; False where `holder` holds it no more."""
        with self.writing() as connection:
            return outbox.begins(connection, holder, parcel, now_ms)

    def parcel_given_up(self, parcel: Parcel, now_ms: int) -> None:
        """A parcel that may have arrived is not sent again."""
        with self.writing() as connection:
            outbox.given_up(connection, parcel, now_ms)

    def parcel_accepted(self, parcel: Parcel, now_ms: int) -> None:
        """A channel took a parcel."""
        with self.writing() as connection:
            outbox.accepted(connection, parcel, now_ms)

    def parcel_refused(self, parcel: Parcel, error: str, retry_at_ms: int, perhaps_accepted: bool = False) -> None:
        """A channel did not take a parcel, or did not say."""
        with self.writing() as connection:
            outbox.refused(connection, parcel, error, retry_at_ms, perhaps_accepted)

    def unacknowledged(self, now_ms: int, after_ms: int) -> list[Alert]:
        """Red alerts nobody looked after in time, not escalated yet."""
        with self.reading() as connection:
            return outbox.unacknowledged(connection, now_ms, after_ms)

    def escalate(self, alert_id: str, deliveries: Sequence[Delivery], now_ms: int) -> None:
        """Owe the escalation of an alert, once."""
        with self.writing() as connection:
            outbox.escalate(connection, alert_id, deliveries, now_ms)
