"""Decisions: made from signed proposals, looked at once more when they go out.

People take them back with `ledger.undo`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from contracts.codec import decode, encode
from contracts.ids import content_hash, make_id
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal, ProposalStatus
from ledger import audit, facts, grounds, notices, proposals
from ledger.database import AUDIT_LOCK, insert_new, lock
from ledger.models import DecisionRow
from pricing.recheck import recheck, recheck_decision
from pricing.signing import AGENT

POLICY = "policy"  # who acts where a rule does


def decide(
    connection: Connection, proposal: Proposal, approvers: tuple[str, ...], now_ms: int, policy: Policy
) -> ProposalStatus:
    """Owe a decision to Kafka, unless the floors, the fresh cost, the time or its grounds object."""
    objection = objection_to(connection, proposal, policy, now_ms)
    if objection is not None:
        return withhold(connection, proposal, objection, now_ms)
    decision = Decision(
        decision_id=make_id("decision", proposal.proposal_id),
        sku=proposal.sku,
        price_minor=proposal.proposed_minor,
        previous_minor=proposal.current_minor,
        currency=proposal.currency,
        decided_at=now_ms,
        proposal_id=proposal.proposal_id,
        approved_by=approvers,
    )
    _write(connection, decision, approvers[-1], "decide", proposal.proposal_id)
    return proposals.set_status(connection, proposal.proposal_id, "approved")


def objection_to(connection: Connection, proposal: Proposal, policy: Policy, now_ms: int) -> str | None:
    """Why a proposal may not take effect now, with the newest cost, price, rivals and matches; None where it may."""
    seen = grounds.of(connection, [proposal])[proposal.proposal_id]
    return recheck(proposal, facts.item(connection, proposal.sku), policy, now_ms, seen)


def _write(connection: Connection, decision: Decision, actor: str, action: str, subject: str, **detail: Any) -> None:
    body = encode(decision).decode()
    row = {
        "decision_id": decision.decision_id,
        "proposal_id": decision.proposal_id,
        "sku": decision.sku,
        "decided_at": decision.decided_at,
        "published_at": None,
        "body": body,
        "sent_at": None,
        "withheld": None,
        "compensates": decision.compensates or None,
    }
    insert_new(connection, DecisionRow, [row])
    told = {"price_minor": decision.price_minor, "decision": decision.decision_id, "hash": content_hash(body.encode())}
    audit.record(connection, decision.decided_at, actor, action, subject, **told, **detail)


def withhold(connection: Connection, proposal: Proposal, objection: str, now_ms: int) -> ProposalStatus:
    """Note that a proposal was signed but may not take effect, and why."""
    if objection == "expired":
        return expire(connection, proposal, "stale evidence", now_ms)
    audit.record(connection, now_ms, AGENT, "withhold", proposal.proposal_id, reason=objection)
    return proposals.set_status(connection, proposal.proposal_id, "blocked")


def expire(connection: Connection, proposal: Proposal, reason: str, now_ms: int) -> ProposalStatus:
    """Nobody signs this proposal any more."""
    audit.record(connection, now_ms, POLICY, "expire", proposal.proposal_id, reason=reason)
    notices.owe(connection, "proposal_expired", proposal, now_ms, reason=reason)
    return proposals.set_status(connection, proposal.proposal_id, "expired")


def unpublished(connection: Connection, limit: int) -> list[Decision]:
    """Decisions that Kafka does not have yet, the oldest first."""
    return [decode(row["body"].encode(), Decision) for row in _due(connection, limit)]


def _due(connection: Connection, limit: int) -> Sequence[RowMapping]:
    query = select(DecisionRow.__table__).where(DecisionRow.published_at.is_(None), DecisionRow.withheld.is_(None))
    query = query.order_by(DecisionRow.decided_at, DecisionRow.decision_id).limit(limit)
    return connection.execute(query).mappings().all()


def release(connection: Connection, limit: int, now_ms: int, policy: Policy) -> list[Decision]:
    """Decisions to send now: floors and everything else are looked at again, with the cost as it is now.

    One that may be in Kafka already and no longer passes is undone by another one.
    """
    lock(connection, AUDIT_LOCK)
    sending: list[Decision] = []
    due = [(row, decode(row["body"].encode(), Decision)) for row in _due(connection, limit)]
    answered = {made.proposal_id: proposals.must_get(connection, made.proposal_id)[0] for _row, made in due}
    seen = grounds.of(connection, list(answered.values()))
    for row, decision in due:
        proposal = answered[decision.proposal_id]
        item = facts.item(connection, decision.sku)
        objection = recheck_decision(decision, proposal, item, policy, now_ms, seen[proposal.proposal_id])
        if objection is None:
            set_row(connection, decision, sent_at=row["sent_at"] or now_ms)
            sending.append(decision)
            continue
        set_row(connection, decision, withheld=objection)
        audit.record(connection, now_ms, POLICY, "hold", decision.decision_id, reason=objection)
        if row["sent_at"] is None:
            withhold(connection, proposal, objection, now_ms)
        else:
            sending.append(compensate(connection, decision, POLICY, objection, now_ms, sent_at=now_ms))
    return sending


def set_row(connection: Connection, decision: Decision, **values: Any) -> None:
    """Note something beside a decision: when it was sent, why it was withheld."""
    where = DecisionRow.decision_id == decision.decision_id
    connection.execute(update(DecisionRow).where(where).values(**values))


def published(connection: Connection, ids: Sequence[str], now_ms: int) -> None:
    """Note that Kafka has these decisions, and owe their notices, once."""
    new = (DecisionRow.decision_id.in_(ids), DecisionRow.published_at.is_(None))
    rows = connection.execute(select(DecisionRow.__table__).where(*new)).mappings().all()
    if not rows:
        return
    connection.execute(update(DecisionRow).where(*new).values(published_at=now_ms))
    audit.record(
        connection, now_ms, AGENT, "publish", f"{len(rows)} decisions", ids=sorted(row["decision_id"] for row in rows)
    )
    for row in rows:
        decision = decode(row["body"].encode(), Decision)
        notices.owe_decision(connection, decision, now_ms)
        if not decision.compensates:
            _now_published(connection, decision)


def _now_published(connection: Connection, decision: Decision) -> None:
    found = proposals.get(connection, decision.proposal_id)
    if found is not None and found[1] == "approved":
        proposals.set_status(connection, decision.proposal_id, "published")


def opposite(decision: Decision, user: str, now_ms: int) -> Decision:
    """The decision that sets the price before another one."""
    return Decision(
        decision_id=make_id("undo", decision.decision_id),
        sku=decision.sku,
        price_minor=decision.previous_minor,
        previous_minor=decision.price_minor,
        currency=decision.currency,
        decided_at=max(now_ms, decision.decided_at + 1),
        proposal_id=decision.proposal_id,
        approved_by=(user,),
        compensates=decision.decision_id,
    )


def compensate(
    connection: Connection, decision: Decision, user: str, reason: str, now_ms: int, sent_at: int | None = None
) -> Decision:
    """Owe the decision that undoes another one; from `sent_at` on that one may be in Kafka."""
    back = opposite(decision, user, now_ms)
    _write(connection, back, user, "undo", decision.proposal_id, undone=decision.decision_id, reason=reason)
    if sent_at is not None:
        set_row(connection, back, sent_at=sent_at)
    proposals.set_status(connection, decision.proposal_id, "undone")
    return back


def listed(connection: Connection, since_ms: int, until_ms: int, limit: int) -> list[tuple[Decision, int | None, str]]:
    """Decisions made in [since, until), the latest first: when Kafka had each, and why it was held back."""
    query = select(DecisionRow.__table__).where(DecisionRow.decided_at >= since_ms, DecisionRow.decided_at < until_ms)
    query = query.order_by(DecisionRow.decided_at.desc(), DecisionRow.decision_id).limit(limit)
    return [
        (decode(row["body"].encode(), Decision), row["published_at"], row["withheld"] or "")
        for row in connection.execute(query).mappings()
    ]
