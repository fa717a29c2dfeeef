"""Which alert goes to which channel, and when it is owed."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.severity import LEVELS
from contracts.alerts import Alert, Delivery, Severity
from contracts.ids import make_id
from contracts.times import MINUTE_MS, SECOND_MS

TELL_FROM: Severity = "yellow"  # green alerts are for the console and the brief
FIRST_RETRY_MS = 5 * SECOND_MS
LONGEST_RETRY_MS = 15 * MINUTE_MS


def deliveries(alert: Alert, channels: Sequence[str]) -> list[Delivery]:
    """What is owed for one revision of an alert: each channel once, at once."""
    if LEVELS.index(alert.severity) < LEVELS.index(TELL_FROM):
        return []
    return [
        Delivery(
            delivery_id=make_id("delivery", alert.alert_id, alert.revision, channel),
            alert_id=alert.alert_id,
            revision=alert.revision,
            channel=channel,
            due_at=alert.observed_at,
        )
        for channel in channels
    ]


def retry_at(now_ms: int, attempts: int) -> int:
    """When to try a refused delivery again: pauses double up to a quarter of an hour."""
    return now_ms + min(FIRST_RETRY_MS << min(attempts, 20), LONGEST_RETRY_MS)
