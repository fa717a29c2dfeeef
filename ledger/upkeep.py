"""What happens to proposals without a person: they are approved by the policy, escalate, expire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select, update

from contracts.codec import decode
from contracts.policy import Policy
from contracts.proposals import Proposal
from contracts.times import DAY_MS
from ledger import audit, decisions, grounds, notices, signing
from ledger.database import AUDIT_LOCK, lock
from ledger.decisions import POLICY
from ledger.models import AuditRow, ProposalRow
from pricing.approval import approves_itself
from pricing.recheck import baseless
from pricing.signing import standing

MOST_AT_ONCE = 1_000
ITSELF = "approve_itself"
BASELESS = {"trigger_gone": "the competitor's cut is gone", "match_rejected": "its match was rejected"}


class Kept(msgspec.Struct):
    """What one round did."""

    approved: int = 0
    escalated: int = 0
    expired: int = 0


class Due(NamedTuple):
    """What is to be done with a proposal: `why` it expires, or `why` (the role) it escalates to."""

    proposal: Proposal
    act: Literal["expire", "escalate", "approve"]
    why: str = ""


def due(connection: Connection, now_ms: int, policy: Policy, only: Sequence[str] | None = None) -> Iterator[Due]:
    """What is to be done now; nothing is changed. `only` looks at these proposals alone."""
    query = select(ProposalRow.body, ProposalRow.escalated_to).where(ProposalRow.status == "pending")
    if only is not None:
        query = query.where(ProposalRow.proposal_id.in_(only))
    rows = connection.execute(query.order_by(ProposalRow.decided_at, ProposalRow.proposal_id).limit(MOST_AT_ONCE)).all()
    waiting = [(decode(row.body.encode(), Proposal), row.escalated_to) for row in rows]
    skus = sorted({proposal.sku for proposal, _ in waiting})
    seen, newest = grounds.of(connection, [proposal for proposal, _ in waiting]), _newest(connection, skus)
    lately = _approved_lately(connection, now_ms, policy)
    for proposal, escalated_to in waiting:
        if newest[proposal.sku] > proposal.decided_at:
            yield Due(proposal, "expire", "a newer proposal took its place")
            continue
        signed = signing.signatures(connection, proposal.proposal_id)
        where = standing(proposal, signed, policy.approval, now_ms)
        if now_ms > where.expires_at:
            yield Due(proposal, "expire", "stale evidence")
        elif why := baseless(proposal, policy, seen[proposal.proposal_id]):
            yield Due(proposal, "expire", BASELESS[why])
        elif approves_itself(proposal, policy.approval, lately):
            yield Due(proposal, "approve")
        elif where.escalations and where.may_answer[-1] != escalated_to:
            yield Due(proposal, "escalate", where.may_answer[-1])


def keep(connection: Connection, found: Sequence[Due], now_ms: int, policy: Policy) -> Kept:
    """Do what was found due, where it still is."""
    lock(connection, AUDIT_LOCK)
    done = Kept()
    lately = _approved_lately(connection, now_ms, policy)
    for proposal, act, why in list(due(connection, now_ms, policy, [one.proposal.proposal_id for one in found])):
        if act == "expire":
            decisions.expire(connection, proposal, why, now_ms)
            done.expired += 1
        elif act == "escalate":
            _escalate(connection, proposal, why, now_ms)
            done.escalated += 1
        elif approves_itself(proposal, policy.approval, lately + done.approved):
            done.approved += _approve(connection, proposal, now_ms, policy)
    return done


def _newest(connection: Connection, skus: Sequence[str]) -> dict[str, int]:
    query = select(ProposalRow.sku, func.max(ProposalRow.decided_at)).where(
        ProposalRow.status == "pending", ProposalRow.sku.in_(skus)
    )
    return dict(connection.execute(query.group_by(ProposalRow.sku)).all())


def _approved_lately(connection: Connection, now_ms: int, policy: Policy) -> int:
    if policy.approval.auto_below_minor == 0:
        return 0
    query = select(func.count()).where(AuditRow.action == ITSELF, AuditRow.at > now_ms - DAY_MS)
    return connection.scalar(query) or 0


def _approve(connection: Connection, proposal: Proposal, now_ms: int, policy: Policy) -> int:
    audit.record(connection, now_ms, POLICY, ITSELF, proposal.proposal_id, policy=policy.version)
    return int(decisions.decide(connection, proposal, (POLICY,), now_ms, policy) == "approved")


def _escalate(connection: Connection, proposal: Proposal, to: str, now_ms: int) -> None:
    where = ProposalRow.proposal_id == proposal.proposal_id
    connection.execute(update(ProposalRow).where(where).values(escalated_to=to))
    audit.record(connection, now_ms, POLICY, "escalate", proposal.proposal_id, to=to)
    notices.owe(connection, "proposal_escalated", proposal, now_ms, to=to)
