"""The outbox of the decisions' webhook: each notice is owed once, held by one sender, tried until it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select, update

from alerts.routing import retry_at
from contracts.ids import make_id
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS
from ledger.database import NOTICE_LOCK, insert_new, lock
from ledger.models import NoticeRow

KEPT_DAYS = 7  # what nobody took for so long, or nobody was set up to take, is history
MOST_AT_ONCE = 10  # sent one after another while they are held


class Notice(msgspec.Struct, frozen=True):
    """Something the shop's systems are told: `body` is JSON, `notice_id` the same at every try."""

    notice_id: str
    body: bytes
    attempts: int


def owe(connection: Connection, kind: str, proposal: Proposal, now_ms: int, **told: Any) -> None:
    """Owe a notice about a proposal; owed already, nothing happens."""
    facts = {name: getattr(proposal, name) for name in ("proposal_id", "sku", "tier", "at_stake_minor", "currency")}
    _owe(connection, kind, proposal.proposal_id, now_ms, facts | told)


def owe_decision(connection: Connection, decision: Decision, now_ms: int) -> None:
    """Owe the notice of a decision that Kafka has."""
    _owe(connection, "decision_published", decision.decision_id, now_ms, {"decision": decision})


def _owe(connection: Connection, kind: str, subject: str, now_ms: int, told: dict[str, Any]) -> None:
    steps = (told["to"],) if "to" in told else ()
    notice_id = make_id("notice", kind, subject, *steps)
    body = msgspec.json.encode({"notice_id": notice_id, "kind": kind, "at": now_ms, **told})
    row = {"notice_id": notice_id, "kind": kind, "subject": subject, "body": body.decode(), "made_at": now_ms}
    row |= {"due_at": now_ms, "attempts": 0, "last_error": "", "delivered_at": None}
    insert_new(connection, NoticeRow, [row | {"claimed_by": None, "claimed_until": None}])


def waiting(connection: Connection, now_ms: int) -> bool:
    """Whether anything is due."""
    return connection.scalar(select(NoticeRow.notice_id).where(*_due(now_ms)).limit(1)) is not None


def claim(connection: Connection, holder: str, now_ms: int, lease_ms: int) -> list[Notice]:
    """What is due, the oldest first, held by `holder` until the lease ends."""
    lock(connection, NOTICE_LOCK)
    query = select(NoticeRow.__table__).where(*_due(now_ms))
    rows = connection.execute(query.order_by(NoticeRow.made_at, NoticeRow.notice_id).limit(MOST_AT_ONCE)).mappings()
    found = [Notice(row["notice_id"], row["body"].encode(), row["attempts"]) for row in rows]
    ids = [one.notice_id for one in found]
    _set(connection, ids, claimed_by=holder, claimed_until=now_ms + lease_ms)
    return found


def _due(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    return (
        NoticeRow.delivered_at.is_(None),
        NoticeRow.due_at <= now_ms,
        NoticeRow.made_at > now_ms - KEPT_DAYS * DAY_MS,
        or_(NoticeRow.claimed_until.is_(None), NoticeRow.claimed_until <= now_ms),
    )


def accepted(connection: Connection, notice_id: str, now_ms: int) -> None:
    """The webhook took it."""
    _set(connection, [notice_id], delivered_at=now_ms, last_error="", claimed_by=None, claimed_until=None)


def refused(connection: Connection, notice: Notice, error: str, now_ms: int) -> None:
    """The webhook did not take it, or did not say: it is tried again, later each time."""
    _set(
        connection,
        [notice.notice_id],
        attempts=notice.attempts + 1,
        last_error=error[:1000],
        due_at=retry_at(now_ms, notice.attempts),
        claimed_by=None,
        claimed_until=None,
    )


def _set(connection: Connection, ids: Sequence[str], **values: Any) -> None:
    if ids:
        connection.execute(update(NoticeRow).where(NoticeRow.notice_id.in_(ids)).values(**values))
