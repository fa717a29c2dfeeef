"""What happens to proposals without a person: they are approved by the policy, escalate, expire."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select, update

from contracts.approvals import Standing
from contracts.codec import decode
from contracts.policy import Policy
from contracts.proposals import Proposal
from contracts.times import DAY_MS
from ledger import audit, decisions, notices, signing
from ledger.database import AUDIT_LOCK, lock
from ledger.decisions import POLICY
from ledger.models import AuditRow, ProposalRow
from pricing.approval import approves_itself
from pricing.signing import standing

MOST_AT_ONCE = 1_000
ITSELF = "approve_itself"


class Kept(msgspec.Struct):
    """What one round did."""

    approved: int = 0
    escalated: int = 0
    expired: int = 0


def keep(connection: Connection, now_ms: int, policy: Policy) -> Kept:
    """One round: stale and overtaken proposals expire, unanswered ones escalate, small ones are approved."""
    lock(connection, AUDIT_LOCK)
    done = Kept()
    query = select(ProposalRow.body, ProposalRow.escalated_to).where(ProposalRow.status == "pending")
    rows = connection.execute(query.order_by(ProposalRow.decided_at, ProposalRow.proposal_id).limit(MOST_AT_ONCE)).all()
    waiting = [(decode(row.body.encode(), Proposal), row.escalated_to) for row in rows]
    newest = _newest(connection)
    lately = _approved_lately(connection, now_ms)
    for proposal, escalated_to in waiting:
        if newest[proposal.sku] > proposal.decided_at:
            decisions.expire(connection, proposal, "a newer proposal took its place", now_ms)
            done.expired += 1
        elif now_ms > (where := _standing(connection, proposal, policy, now_ms)).expires_at:
            decisions.expire(connection, proposal, "stale evidence", now_ms)
            done.expired += 1
        elif approves_itself(proposal, policy.approval, lately + done.approved):
            done.approved += _approve(connection, proposal, now_ms, policy)
        elif where.escalations and where.may_answer[-1] != escalated_to:
            _escalate(connection, proposal, where.may_answer[-1], now_ms)
            done.escalated += 1
    return done


def _standing(connection: Connection, proposal: Proposal, policy: Policy, now_ms: int) -> Standing:
    return standing(proposal, signing.signatures(connection, proposal.proposal_id), policy.approval, now_ms)


def _newest(connection: Connection) -> dict[str, int]:
    query = select(ProposalRow.sku, func.max(ProposalRow.decided_at)).where(ProposalRow.status == "pending")
    return dict(connection.execute(query.group_by(ProposalRow.sku)).all())


def _approved_lately(connection: Connection, now_ms: int) -> int:
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
