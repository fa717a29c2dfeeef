"""Roles handed over for a time: who signs in whose place. The rules are those of `pricing.signing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, insert, select, update

from contracts.approvals import Delegation
from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.ids import make_id
from contracts.policy import Approval
from ledger import audit, users
from ledger.models import DelegationRow
from pricing.signing import check_delegation, check_reason


@dataclass(frozen=True)
class Handover:
    """A wish to let `to` sign in the place of `by` in [begins_at, ends_at), epoch ms UTC."""

    by: str
    to: str
    begins_at: int
    ends_at: int
    reason: str


def draft(connection: Connection, wish: Handover, now_ms: int, approval: Approval) -> Delegation:
    """What handing one's role over would be; nothing is changed. BadInputError, NotAllowedError."""
    role = users.role_of(connection, wish.by)
    if role is None:
        raise NotAllowedError(f"only people of the ledger hand their role over, was {wish.by[:40]!r}")
    if users.role_of(connection, wish.to) is None:
        raise BadInputError(f"nobody who may sign in is named {wish.to[:40]!r}; see priceradar users list")
    made = Delegation(
        delegation_id=make_id("delegation", wish.by, wish.to, role, wish.begins_at, wish.ends_at, now_ms),
        by=wish.by,
        to=wish.to,
        role=role,
        begins_at=wish.begins_at,
        ends_at=wish.ends_at,
        reason=check_reason("a delegation", wish.reason),
    )
    check_delegation(made, approval, now_ms)
    return made


def make(connection: Connection, wish: Handover, now_ms: int, approval: Approval) -> Delegation:
    """Hand one's role over; BadInputError, NotAllowedError."""
    made = draft(connection, wish, now_ms, approval)
    values = msgspec.structs.asdict(made)
    connection.execute(insert(DelegationRow), values)
    audit.record(connection, now_ms, wish.by, "delegate", made.delegation_id, **values)
    return made


def revoke(connection: Connection, delegation_id: str, user: str, now_ms: int) -> None:
    """End a delegation before its time; its giver does, or its receiver. NotFoundError, NotAllowedError."""
    found = next((one for one in listed(connection) if one.delegation_id == delegation_id), None)
    if found is None or found.revoked_at is not None:
        raise NotFoundError(f"no delegation in force has the id {delegation_id[:60]!r}")
    if user not in (found.by, found.to):
        raise NotAllowedError(f"{found.by} or {found.to} ends this delegation, was {user}")
    where = DelegationRow.delegation_id == delegation_id
    connection.execute(update(DelegationRow).where(where).values(revoked_at=now_ms))
    audit.record(connection, now_ms, user, "revoke_delegation", delegation_id)


def listed(connection: Connection) -> list[Delegation]:
    """Every delegation there ever was, the newest first."""
    query = select(DelegationRow.__table__).order_by(DelegationRow.begins_at.desc(), DelegationRow.delegation_id)
    return [Delegation(**row) for row in connection.execute(query).mappings()]


def to_person(connection: Connection, user: str, now_ms: int) -> Sequence[Delegation]:
    """What this person may sign in the place of others now: only while the giver still has the role."""
    query = select(DelegationRow.__table__).where(DelegationRow.to == user, DelegationRow.ends_at > now_ms)
    found = [Delegation(**row) for row in connection.execute(query).mappings()]
    return [one for one in found if one.holds(now_ms) and users.role_of(connection, one.by) == one.role]
