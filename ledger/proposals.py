"""Proposals and where they stand. What people do with them is in `ledger.signing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select, update

from contracts.codec import decode, encode
from contracts.errors import NotFoundError
from contracts.ids import content_hash
from contracts.proposals import Proposal, ProposalStatus
from ledger import audit
from ledger.database import AUDIT_LOCK, insert_new, lock
from ledger.models import ProposalRow
from pricing.signing import AGENT

ASKED_AT_ONCE = 500  # variables of one statement


def record(connection: Connection, proposals: Sequence[Proposal]) -> None:
    """Insert proposals; one that is known stays as it is, whatever people did with it since.

    The hash of each goes into the audit chain, so that none can be changed or removed unseen.
    """
    lock(connection, AUDIT_LOCK)
    known = _known(connection, [proposal.proposal_id for proposal in proposals])
    new = {one.proposal_id: one for one in proposals if one.proposal_id not in known}
    if not new:
        return
    rows = [row_of(proposal) for proposal in new.values()]
    insert_new(connection, ProposalRow, rows)
    hashes = {row["proposal_id"]: content_hash(row["body"].encode()) for row in rows}
    at = max(row["decided_at"] for row in rows)
    audit.record(connection, at, AGENT, "propose", f"{len(rows)} proposals", hashes=hashes)


def row_of(proposal: Proposal) -> dict[str, Any]:
    """The row of a proposal that nobody has looked at yet."""
    return {
        "proposal_id": proposal.proposal_id,
        "sku": proposal.sku,
        "kind": proposal.kind,
        "status": "blocked" if proposal.blocked_by else "pending",
        "tier": proposal.tier,
        "decided_at": proposal.decided_at,
        "at_stake_minor": proposal.at_stake_minor,
        "blocked_by": proposal.blocked_by,
        "body": encode(proposal).decode(),
        "escalated_to": None,
    }


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), ASKED_AT_ONCE):
        some = ids[start : start + ASKED_AT_ONCE]
        found.update(connection.scalars(select(ProposalRow.proposal_id).where(ProposalRow.proposal_id.in_(some))))
    return found


def get(connection: Connection, proposal_id: str) -> tuple[Proposal, ProposalStatus] | None:
    """A proposal and where it stands."""
    query = select(ProposalRow.body, ProposalRow.status).where(ProposalRow.proposal_id == proposal_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (decode(row.body.encode(), Proposal), row.status)


def must_get(connection: Connection, proposal_id: str) -> tuple[Proposal, ProposalStatus]:
    """A proposal and where it stands; NotFoundError."""
    found = get(connection, proposal_id)
    if found is None:
        raise NotFoundError(f"no proposal has the id {proposal_id[:80]!r}")
    return found


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


def set_status(connection: Connection, proposal_id: str, status: ProposalStatus) -> ProposalStatus:
    """Note where a proposal stands; who does so writes the act that says why."""
    connection.execute(update(ProposalRow).where(ProposalRow.proposal_id == proposal_id).values(status=status))
    return status
