"""The week or month a report is about, in local time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from contracts.errors import BadInputError
from contracts.times import EPOCH, MILLISECOND

WEEK = re.compile(r"(\d{4})-W(\d{2})")
MONTH = re.compile(r"(\d{4})-(\d{2})")


class Period(msgspec.Struct, frozen=True):
    """[start, end) in epoch ms UTC, from local midnight to local midnight.

    `name` is 2026-W47 or 2026-11; `days` the first moment of each local day, and the end.
    """

    name: str
    start: int
    end: int
    days: tuple[int, ...]
    timezone: str = "UTC"

    @property
    def monthly(self) -> bool:
        """Whether this is a month."""
        return "W" not in self.name

    def local(self, at: int) -> datetime:
        """A moment (epoch ms) as the clock on the wall shows it."""
        return (EPOCH + at * MILLISECOND).astimezone(ZoneInfo(self.timezone))


def week(text: str, timezone: str = "UTC") -> Period:
    """The ISO week 2026-W47; BadInputError."""
    found = WEEK.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        first = datetime.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise BadInputError(f"a week is written 2026-W47, was {text[:20]!r}") from None
    return _period(text.strip(), first, first + timedelta(days=7), timezone)


def month(text: str, timezone: str = "UTC") -> Period:
    """The month 2026-11; BadInputError."""
    found = MONTH.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        first = datetime(int(found[1]), int(found[2]), 1)  # noqa: DTZ001 the zone comes below
    except ValueError:
        raise BadInputError(f"a month is written 2026-11, was {text[:20]!r}") from None
    return _period(text.strip(), first, (first + timedelta(days=32)).replace(day=1), timezone)


def week_of(at: int, timezone: str = "UTC") -> str:
    """Name of the ISO week of a moment (epoch ms)."""
    year, number, _day = (EPOCH + at * MILLISECOND).astimezone(ZoneInfo(timezone)).isocalendar()
    return f"{year}-W{number:02d}"


def _period(name: str, first: datetime, end: datetime, timezone: str) -> Period:
    zone = ZoneInfo(timezone)
    days = [
        (moment.replace(tzinfo=zone) - EPOCH) // MILLISECOND
        for moment in (first + timedelta(days=n) for n in range((end - first).days + 1))
    ]
    return Period(name, days[0], days[-1], tuple(days), timezone)
