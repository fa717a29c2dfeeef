"""Milliseconds since the Unix epoch, UTC, to and from people's notation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=4096)
def to_iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds: 2026-11-24T12:00:00.000Z."""
    moment = EPOCH + ms * MILLISECOND
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_of_year(ms: int) -> str:
    """Month and day of an epoch ms, UTC: "11-24"."""
    return to_iso(ms)[5:10]


def from_iso(text: str) -> int:
    """Epoch ms of an ISO 8601 time; one without an offset is UTC. ValueError."""
    moment = datetime.fromisoformat(text.strip())
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND
