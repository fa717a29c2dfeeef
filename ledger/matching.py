"""Matches as they are found: what people said of them stays, doubtful ones wait for a person, old ones expire.

The queue of those to look at is `pages.matches(connection, "review", limit)`; `pages.judge_match` empties it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from contracts.codec import decode, encode
from contracts.facts import Match
from contracts.times import DAY_MS
from ledger.facts import record_matches
from ledger.models import MatchRow

APPROVED_MS = 365 * DAY_MS  # shops give old addresses to new products
AUTO_MS = 90 * DAY_MS  # an automatic match that nothing has confirmed for so long


def record_found(connection: Connection, found: Sequence[Match]) -> list[Match]:
    """Record matches that were found, all of one competitor; what is new or different, to be published.

    A person's verdict stays: a pair rejected is never offered again, and an approved match is left as it
    is until it expires. Finding the same automatic match again renews it.
    """
    known = {match.product_id: match for match in _known(connection, {match.competitor for match in found})}
    changed = [match for match in found if _counts(match, known.get(match.product_id))]
    record_matches(connection, changed)
    return changed


def expire(connection: Connection, now_ms: int) -> list[Match]:
    """Matches that have become too old go to the review queue; they are returned to be published."""
    old = []
    for match in _known(connection, None):
        age = {"approved": APPROVED_MS, "auto": AUTO_MS}.get(match.status)
        if age is not None and now_ms - match.matched_at > age:
            old.append(msgspec.structs.replace(match, status="review", matched_at=now_ms))
    record_matches(connection, old)
    return old


def _counts(match: Match, known: Match | None) -> bool:
    """Whether what was found changes what is known."""
    if known is None:
        return match.status != "rejected"
    if known.status == "approved":
        return match.matched_at - known.matched_at > APPROVED_MS
    if known.status == "rejected":
        return match.sku != known.sku and match.status != "rejected"
    return match.matched_at >= known.matched_at and encode(match) != encode(known)


def _known(connection: Connection, competitors: set[str] | None) -> list[Match]:
    query = select(MatchRow.body, MatchRow.status)
    if competitors is not None:
        query = query.where(MatchRow.competitor.in_(sorted(competitors)))
    return [
        msgspec.structs.replace(decode(row.body.encode(), Match), status=row.status)
        for row in connection.execute(query)
    ]
