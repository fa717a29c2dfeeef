"""Proposals, the people who sign them, and the decisions that follow.

The rules (who must sign, what may be published) are those of `pricing.approval` and
`pricing.recheck`; here they are applied inside one transaction and written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from contracts.codec import decode, encode
from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.facts import CatalogItem
from contracts.ids import make_id
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal, ProposalStatus
from ledger import audit, facts
from ledger.database import insert_new
from ledger.models import DecisionRow, ProposalRow, SignatureRow
from pricing.approval import signers
from pricing.recheck import recheck

AGENT = "agent"
Verdict = Literal["approve", "reject"]


def record(connection: Connection, proposals: Sequence[Proposal]) -> None:
    """Insert proposals; one that is known stays as it is, whatever people did with it since."""
    rows = [
        {
            "proposal_id": proposal.proposal_id,
            "sku": proposal.sku,
            "kind": proposal.kind,
            "status": "blocked" if proposal.blocked_by else "pending",
            "tier": proposal.tier,
            "decided_at": proposal.decided_at,
            "at_stake_minor": proposal.at_stake_minor,
            "blocked_by": proposal.blocked_by,
            "body": encode(proposal).decode(),
        }
        for proposal in proposals
    ]
    insert_new(connection, ProposalRow, rows)


def get(connection: Connection, proposal_id: str) -> tuple[Proposal, ProposalStatus] | None:
    """A proposal and where it stands."""
    query = select(ProposalRow.body, ProposalRow.status).where(ProposalRow.proposal_id == proposal_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (decode(row.body.encode(), Proposal), row.status)


def find(
    connection: Connection, *, status: str | None, sku: str | None, before: int | None, limit: int
) -> list[tuple[Proposal, ProposalStatus]]:
    """Proposals, the latest first; `before` (epoch ms) continues where the last page ended."""
    query = select(ProposalRow.body, ProposalRow.status).order_by(
        ProposalRow.decided_at.desc(), ProposalRow.proposal_id
    )
    if status is not None:
        query = query.where(ProposalRow.status == status)
    if sku is not None:
        query = query.where(ProposalRow.sku == sku)
    if before is not None:
        query = query.where(ProposalRow.decided_at < before)
    return [(decode(row.body.encode(), Proposal), row.status) for row in connection.execute(query.limit(limit))]


def counts(connection: Connection) -> dict[str, int]:
    """Number of proposals by status."""
    query = select(ProposalRow.status, func.count()).group_by(ProposalRow.status)
    return dict(connection.execute(query).all())


def signatures(connection: Connection, proposal_id: str) -> list[SignatureRow]:
    """Who signed so far, in order."""
    query = select(SignatureRow.__table__).where(SignatureRow.proposal_id == proposal_id)
    rows = connection.execute(query.order_by(SignatureRow.signed_at)).mappings()
    return [SignatureRow(**row) for row in rows]


def sign(
    connection: Connection,
    proposal_id: str,
    user: str,
    role: str,
    verdict: Verdict,
    reason: str,
    now_ms: int,
    policy: Policy,
) -> ProposalStatus:
    """Sign a proposal and carry out what follows from it.

    Returns:
        The status afterwards: pending where others must sign too.

    Raises:
        NotFoundError: no such proposal.
        NotAllowedError: wrong role, signed already, own proposal, no longer pending.
        BadInputError: a rejection without a reason.
    """
    found = get(connection, proposal_id)
    if found is None:
        raise NotFoundError(f"no proposal has the id {proposal_id!r}")
    proposal, status = found
    signed = signatures(connection, proposal_id)
    _may_sign(proposal, status, user, role, signed)
    if verdict == "reject" and not reason.strip():
        raise BadInputError("a rejection needs a reason, was empty")
    row = {"user": user, "role": role, "verdict": verdict, "reason": reason, "signed_at": now_ms}
    connection.execute(insert(SignatureRow), {"proposal_id": proposal_id, **row})
    audit.record(connection, now_ms, user, verdict, proposal_id, role=role, reason=reason)
    if verdict == "reject":
        return _set_status(connection, proposal_id, "rejected")
    missing = set(signers(proposal.tier)) - {one.role for one in signed} - {role}
    return status if missing else _decide(connection, proposal, (*(one.user for one in signed), user), now_ms, policy)


def _may_sign(proposal: Proposal, status: ProposalStatus, user: str, role: str, signed: Sequence[SignatureRow]) -> None:
    name = proposal.proposal_id
    if status != "pending":
        raise NotAllowedError(f"proposal {name} can no longer be signed: it is {status}")
    if user == AGENT:
        raise NotAllowedError("a proposer never approves, was the agent itself")
    if role not in signers(proposal.tier):
        needed = ", ".join(signers(proposal.tier)) or "nobody"
        raise NotAllowedError(f"proposal {name} is signed by {needed}, was {role}")
    if any(one.user == user for one in signed):
        raise NotAllowedError(f"{user} has signed proposal {name} already: another person must")
    if any(one.role == role for one in signed):
        raise NotAllowedError(f"proposal {name} is signed by a {role} already")


def _decide(
    connection: Connection, proposal: Proposal, approvers: tuple[str, ...], now_ms: int, policy: Policy
) -> ProposalStatus:
    item: CatalogItem | None = facts.item(connection, proposal.sku)
    objection = recheck(proposal, item, policy, now_ms)
    if objection is not None:
        audit.record(connection, now_ms, AGENT, "withhold", proposal.proposal_id, reason=objection)
        return _set_status(connection, proposal.proposal_id, "expired" if objection == "expired" else "blocked")
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
    row = {
        "decision_id": decision.decision_id,
        "proposal_id": proposal.proposal_id,
        "sku": decision.sku,
        "decided_at": now_ms,
        "published_at": None,
        "body": encode(decision).decode(),
    }
    insert_new(connection, DecisionRow, [row])
    audit.record(connection, now_ms, approvers[-1], "decide", proposal.proposal_id, price_minor=decision.price_minor)
    return _set_status(connection, proposal.proposal_id, "approved")


def _set_status(connection: Connection, proposal_id: str, status: ProposalStatus) -> ProposalStatus:
    connection.execute(update(ProposalRow).where(ProposalRow.proposal_id == proposal_id).values(status=status))
    return status


def unpublished(connection: Connection, limit: int) -> list[Decision]:
    """Decisions that Kafka does not have yet, the oldest first."""
    query = select(DecisionRow.body).where(DecisionRow.published_at.is_(None)).order_by(DecisionRow.decided_at)
    return [decode(body.encode(), Decision) for body in connection.scalars(query.limit(limit))]


def published(connection: Connection, ids: Sequence[str], now_ms: int) -> None:
    """Note that Kafka has these decisions."""
    connection.execute(update(DecisionRow).where(DecisionRow.decision_id.in_(ids)).values(published_at=now_ms))
    proposals = select(DecisionRow.proposal_id).where(DecisionRow.decision_id.in_(ids))
    connection.execute(update(ProposalRow).where(ProposalRow.proposal_id.in_(proposals)).values(status="published"))
