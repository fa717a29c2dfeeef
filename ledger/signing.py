"""People sign proposals: the rules of `pricing.signing`, applied in one transaction and written down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select

from contracts.approvals import Authority, Delegation, Signature, Standing, Verdict
from contracts.errors import NotAllowedError
from contracts.proposals import Proposal, ProposalStatus
from ledger import audit, decisions, delegations, proposals
from ledger.database import AUDIT_LOCK, lock
from ledger.models import SignatureRow
from ledger.occasion import Occasion
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


def foresee(connection: Connection, proposal_id: str, occasion: Occasion) -> Foreseen:
    """What an approval would do; nothing is changed. NotFoundError."""
    proposal, status = proposals.must_get(connection, proposal_id)
    signed = signatures(connection, proposal_id)
    signer, now_ms, policy = occasion.signer, occasion.at, occasion.policy
    where = standing(proposal, signed, policy.approval, now_ms)
    handed = delegations.to_person(connection, signer.user, now_ms)
    seen = partial(Foreseen, proposal=proposal, status=status, standing=where, signed=tuple(signed))
    try:
        given = authority(proposal, status, where, signed, signer, handed, now_ms)
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


def sign(connection: Connection, proposal_id: str, occasion: Occasion, verdict: Verdict, reason: str) -> ProposalStatus:
    """Sign a proposal and carry out what follows from it.

    Returns:
        The status afterwards: pending where others must sign too.

    Raises:
        NotFoundError: no such proposal.
        NotAllowedError: wrong role, not their turn, signed already, own proposal, no longer pending.
        BadInputError: a rejection without a reason.
    """
    lock(connection, AUDIT_LOCK)  # two people who sign at once: the second sees what the first did
    seen = foresee(connection, proposal_id, occasion)
    if seen.authority is None:
        raise NotAllowedError(seen.note)
    text = check_reason("a rejection", reason) if verdict == "reject" else reason.strip()
    if seen.outcome == "expired":
        return decisions.expire(connection, seen.proposal, "stale evidence", occasion.at)
    _write(connection, proposal_id, _made(occasion, seen.authority, verdict, text))
    if verdict == "reject":
        return proposals.set_status(connection, proposal_id, "rejected")
    if seen.outcome == "pending":
        return seen.status
    approvers = (*(one.user for one in seen.signed), occasion.signer.user)
    return decisions.decide(connection, seen.proposal, approvers, occasion.at, occasion.policy)


def _made(occasion: Occasion, given: Authority, verdict: Verdict, reason: str) -> Signature:
    signer = occasion.signer
    return Signature(
        user=signer.user,
        role=given.role,
        verdict=verdict,
        signed_at=occasion.at,
        reason=reason,
        own_role="" if signer.role == given.role else signer.role,
        on_behalf_of=given.on_behalf_of,
    )


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
    connection: Connection, found: Sequence[tuple[Proposal, ProposalStatus]], occasion: Occasion
) -> dict[str, Turn]:
    """Whose turn it is, by id, for those of these proposals that wait: a page of them in two queries."""
    waiting = [proposal for proposal, status in found if status == "pending"]
    query = select(SignatureRow.__table__).where(SignatureRow.proposal_id.in_([one.proposal_id for one in waiting]))
    signed: dict[str, list[Signature]] = {one.proposal_id: [] for one in waiting}
    for row in connection.execute(query.order_by(SignatureRow.signed_at, SignatureRow.user)).mappings():
        signed[row["proposal_id"]].append(_signature(row))
    handed = delegations.to_person(connection, occasion.signer.user, occasion.at)
    return {one.proposal_id: _turn(one, signed[one.proposal_id], handed, occasion) for one in waiting}


def _turn(proposal: Proposal, signed: Sequence[Signature], handed: Sequence[Delegation], occasion: Occasion) -> Turn:
    where = standing(proposal, signed, occasion.policy.approval, occasion.at)
    try:
        authority(proposal, "pending", where, signed, occasion.signer, handed, occasion.at)
    except NotAllowedError:
        return Turn(where, tuple(signed), mine=False)
    return Turn(where, tuple(signed), mine=True)
