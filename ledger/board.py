"""What the overview counts: alerts a day, those open at each competitor, and matches to judge."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from contracts.times import DAY_MS
from ledger.models import AlertRow, MatchRow

OPEN = ("opened", "updated")


def alerts_a_day(connection: Connection, since_ms: int) -> dict[tuple[int, str], int]:
    """Alerts that opened since then, by number of the day (UTC, since 1970) and severity."""
    day = (AlertRow.opened_at // DAY_MS).label("day")
    query = select(day, AlertRow.severity, func.count()).where(AlertRow.opened_at >= since_ms)
    found = connection.execute(query.group_by(day, AlertRow.severity))
    return {(number, severity): alerts for number, severity, alerts in found}


def open_by_competitor(connection: Connection) -> dict[str, dict[str, int]]:
    """Open alerts by competitor and severity."""
    query = select(AlertRow.competitor, AlertRow.severity, func.count()).where(AlertRow.status.in_(OPEN))
    found: dict[str, dict[str, int]] = {}
    for name, severity, number in connection.execute(query.group_by(AlertRow.competitor, AlertRow.severity)):
        found.setdefault(name, {})[severity] = number
    return found


def matches_to_review(connection: Connection) -> int:
    """Number of matches nobody has judged yet."""
    return connection.scalar(select(func.count()).where(MatchRow.status == "review")) or 0
