"""Times as the reader's own clock shows them: the browser says its zone in a cookie, else it is UTC."""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from contracts.times import EPOCH, MILLISECOND

COOKIE = "zone"
UTC = ZoneInfo("UTC")
LONGEST = 64  # of a zone's name
_zone: ContextVar[ZoneInfo] = ContextVar("zone", default=UTC)


@lru_cache(maxsize=600)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC where there is none."""
    if 0 < len(name) <= LONGEST and name.isascii():
        with suppress(ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder an OSError
            return ZoneInfo(name)
    return UTC


def read_by(name: str) -> None:
    """From here on this request is answered in that zone."""
    _zone.set(zone_of(name))


def zone_name() -> str:
    """The zone times are shown in."""
    return _zone.get().key


def local(ms: int) -> datetime:
    """A time (epoch ms) on the reader's clock."""
    return (EPOCH + ms * MILLISECOND).astimezone(_zone.get())


def from_local(text: str) -> int:
    """Epoch ms of a time as the reader's clock shows it, like 2026-11-30T09:00; ValueError."""
    moment = datetime.fromisoformat(text.strip())
    return ((moment if moment.tzinfo else moment.replace(tzinfo=_zone.get())) - EPOCH) // MILLISECOND
