"""Matches as they are found: what people said of them stays, doubtful ones wait for a person, old ones expire.

The queue of those to look at is `pages.matches(connection, "review", limit)`; `judge` empties it.
What changes here is owed to Kafka from the transaction that changes it on, until Kafka has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select, update

from contracts.codec import decode, encode
from contracts.errors import BadInputError, NotFoundError
from contracts.facts import Match
from contracts.times import DAY_MS
from ledger import audit
from ledger.facts import record_matches
from ledger.models import MatchRow

APPROVED_MS = 365 * DAY_MS  # shops give old addresses to new products
ASKED_AT_ONCE = 200  # pairs in one statement
AUTO_MS = 90 * DAY_MS  # an automatic match that nothing has confirmed for so long


def judge(connection: Connection, competitor: str, product_id: str, verdict: str, user: str, now_ms: int) -> Match:
    """A person says whether two products are the same; NotFoundError, BadInputError.

    A yes makes the match sure: its confidence is then 1, what it was is in the audit chain.
    """
    if verdict not in ("approved", "rejected"):
        raise BadInputError(f"a match is approved or rejected, was {verdict[:40]!r}")
    body = connection.scalar(select(MatchRow.body).where(_of(competitor, product_id)))
    if body is None:
        raise NotFoundError(f"no match is known of {product_id[:80]!r} at {competitor[:80]!r}")
    found = decode(body.encode(), Match)
    judged: Match = msgspec.structs.replace(
        found,
        status=verdict,
        matched_at=max(now_ms, found.matched_at + 1),
        confidence=1.0 if verdict == "approved" else found.confidence,
    )
    _change(connection, [judged], now_ms)
    told = {"verdict": verdict, "sku": found.sku, "confidence": found.confidence}
    audit.record(connection, now_ms, user, "judge_match", f"{competitor}|{product_id}", **told)
    return judged


def owed(connection: Connection, limit: int) -> list[Match]:
    """Matches that Kafka does not have as they are here, the longest owed first."""
    query = select(MatchRow.body).where(MatchRow.owed_at.is_not(None))
    query = query.order_by(MatchRow.owed_at, MatchRow.competitor, MatchRow.product_id).limit(limit)
    return [decode(body.encode(), Match) for body in connection.scalars(query)]


def published(connection: Connection, sent: Sequence[Match], now_ms: int) -> None:
    """Kafka has these. One that was changed while it was on its way is owed once more.

    Whoever sends late could otherwise leave an older verdict behind a newer one.
    """
    for match in sent:
        same = MatchRow.matched_at == match.matched_at
        where = update(MatchRow).where(_of(match.competitor, match.product_id))
        connection.execute(where.where(same).values(owed_at=None))
        connection.execute(where.where(~same).values(owed_at=now_ms))


def _change(connection: Connection, changed: Sequence[Match], now_ms: int) -> None:
    record_matches(connection, changed)
    for start in range(0, len(changed), ASKED_AT_ONCE):
        some = or_(*(_of(match.competitor, match.product_id) for match in changed[start : start + ASKED_AT_ONCE]))
        connection.execute(update(MatchRow).where(some, MatchRow.owed_at.is_(None)).values(owed_at=now_ms))


def _of(competitor: str, product_id: str) -> ColumnElement[bool]:
    return (MatchRow.competitor == competitor) & (MatchRow.product_id == product_id)


def record_found(connection: Connection, found: Sequence[Match], now_ms: int) -> list[Match]:
    """Record matches that were found, all of one competitor; what is new or different, and so owed to Kafka.

    A person's verdict stays: a pair rejected is never offered again, and an approved match is left as it
    is until it expires. Finding the same automatic match again renews it.
    """
    known = {match.product_id: match for match in _known(connection, {match.competitor for match in found})}
    changed = [match for match in found if _counts(match, known.get(match.product_id))]
    _change(connection, changed, now_ms)
    return changed


def expire(connection: Connection, now_ms: int) -> list[Match]:
    """Matches that have become too old go to the review queue; those that do, owed to Kafka."""
    old = []
    for match in _known(connection, None):
        age = {"approved": APPROVED_MS, "auto": AUTO_MS}.get(match.status)
        if age is not None and now_ms - match.matched_at > age:
            old.append(msgspec.structs.replace(match, status="review", matched_at=now_ms))
    _change(connection, old, now_ms)
    return old


def in_force(connection: Connection) -> list[Match]:
    """Matches that count: found surely, or approved by a person."""
    return [match for match in _known(connection, None) if match.status in ("auto", "approved")]


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
