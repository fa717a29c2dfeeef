"""People sign proposals: the rules of `pricing.signing`, applied in one transaction and written down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select

from contracts.approvals import Authority, Delegation, Signature, Standing, Verdict
from contracts.errors import NotAllowedError
from contracts.policy import Policy
from contracts.proposals import Proposal, ProposalStatus
from ledger import audit, decisions, delegations, proposals
from ledger.database import AUDIT_LOCK, lock
from ledger.models import SignatureRow
from pricing.signing import authority, check_reason, standing

Outcome = Literal["approved", "pending", "blocked", "expired", "refused"]


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval by this person would do now, and why where it would not go through.

    `note` is the objection, the refusal, or the role that would be asked next.
    """

    proposal: Proposal
    status: ProposalStatus
    standing: Standing
    signed: tuple[Signature, ...]
    outcome: Outcome
    note: str = ""
    authority: Authority | None = None


def signatures(connection: Connection, proposal_id: str) -> list[Signature]:
    """Who signed so far, in order."""
    query = select(SignatureRow.__table__).where(SignatureRow.proposal_id == proposal_id)
    rows = connection.execute(query.order_by(SignatureRow.signed_at, SignatureRow.user)).mappings()
    return [_signature(row) for row in rows]


def _signature(row: RowMapping) -> Signature:
    return Signature(**{name: row[name] for name in Signature.__struct_fields__})


def foresee(connection: Connection, proposal_id: str, user: str, role: str, now_ms: int, policy: Policy) -> Foreseen:
    """What an approval would do; nothing is changed. NotFoundError."""
    proposal, status = proposals.must_get(connection, proposal_id)
    signed = signatures(connection, proposal_id)
    where = standing(proposal, signed, policy.approval, now_ms)
    handed = delegations.to_person(connection, user, now_ms)
    seen = partial(Foreseen, proposal=proposal, status=status, standing=where, signed=tuple(signed))
    try:
        given = authority(proposal, status, where, signed, user, role, handed, now_ms)
    except NotAllowedError as error:
        return seen(outcome="refused", note=str(error))
    if now_ms > where.expires_at:
        return seen(outcome="expired", note="expired", authority=given)
    done = {given.role, *(one.role for one in signed)}
    left = next((one for one in where.needed if one not in done), None)
    if left is not None:
        return seen(outcome="pending", note=left, authority=given)
    objection = decisions.objection_to(connection, proposal, policy, now_ms)
    outcome: Outcome = "approved" if objection is None else "expired" if objection == "expired" else "blocked"
    return seen(outcome=outcome, note=objection or "", authority=given)


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
        NotAllowedError: wrong role, not their turn, signed already, own proposal, no longer pending.
        BadInputError: a rejection without a reason.
    """
    lock(connection, AUDIT_LOCK)  # two people who sign at once: the second sees what the first did
    seen = foresee(connection, proposal_id, user, role, now_ms, policy)
    if seen.authority is None:
        raise NotAllowedError(seen.note)
    text = check_reason("a rejection", reason) if verdict == "reject" else reason.strip()
    if seen.outcome == "expired":
        return decisions.expire(connection, seen.proposal, "stale evidence", now_ms)
    made = Signature(
        user=user,
        role=seen.authority.role,
        verdict=verdict,
        signed_at=now_ms,
        reason=text,
        own_role="" if role == seen.authority.role else role,
        on_behalf_of=seen.authority.on_behalf_of,
    )
    _write(connection, proposal_id, made)
    if verdict == "reject":
        return proposals.set_status(connection, proposal_id, "rejected")
    if seen.outcome == "pending":
        return seen.status
    approvers = (*(one.user for one in seen.signed), user)
    return decisions.decide(connection, seen.proposal, approvers, now_ms, policy)


def _write(connection: Connection, proposal_id: str, made: Signature) -> None:
    values = msgspec.structs.asdict(made)
    connection.execute(insert(SignatureRow), {"proposal_id": proposal_id, **values})
    detail = {name: values[name] for name in ("role", "reason")}
    detail |= {name: values[name] for name in ("own_role", "on_behalf_of") if values[name]}
    audit.record(connection, made.signed_at, made.user, made.verdict, proposal_id, **detail)


class Turn(msgspec.Struct, frozen=True):
    """Whose turn it is on a proposal that waits, and whether it is this person's."""

    standing: Standing
    signed: tuple[Signature, ...]
    mine: bool


def turns(
    connection: Connection,
    found: Sequence[tuple[Proposal, ProposalStatus]],
    user: str,
    role: str,
    now_ms: int,
    policy: Policy,
) -> dict[str, Turn]:
    """Whose turn it is, by id, for those of these proposals that wait: a page of them in two queries."""
    waiting = [proposal for proposal, status in found if status == "pending"]
    query = select(SignatureRow.__table__).where(SignatureRow.proposal_id.in_([one.proposal_id for one in waiting]))
    signed: dict[str, list[Signature]] = {one.proposal_id: [] for one in waiting}
    for row in connection.execute(query.order_by(SignatureRow.signed_at, SignatureRow.user)).mappings():
        signed[row["proposal_id"]].append(_signature(row))
    handed = delegations.to_person(connection, user, now_ms)
    return {one.proposal_id: _turn(one, signed[one.proposal_id], user, role, handed, now_ms, policy) for one in waiting}


def _turn(
    proposal: Proposal,
    signed: Sequence[Signature],
    user: str,
    role: str,
    handed: Sequence[Delegation],
    now_ms: int,
    policy: Policy,
) -> Turn:
    where = standing(proposal, signed, policy.approval, now_ms)
    try:
        authority(proposal, "pending", where, signed, user, role, handed, now_ms)
    except NotAllowedError:
        return Turn(where, tuple(signed), mine=False)
    return Turn(where, tuple(signed), mine=True)
