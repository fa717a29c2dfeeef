"""Versions of the policy that people wrote, and which of them is in force.

A version is never changed: an edit makes another one. What is put into force needs a
backtest beside the one in force, unless it has been in force before, ships with
PriceRadar, or only turns the kill switch.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, inspect, select, update

from contracts.codec import decode, encode
from contracts.errors import NotAllowedError, NotFoundError
from contracts.policy import DEFAULT, SHIPPED, Policy
from ledger import audit
from ledger.database import insert_new
from ledger.models import PolicyRow

LONGEST_NOTE = 200


class Version(msgspec.Struct, frozen=True):
    """One version; times in epoch ms UTC, None where it was never in force."""

    version: str
    created_by: str
    created_at: int
    note: str
    activated_by: str | None
    activated_at: int | None


COLUMNS = [PolicyRow.__table__.c[name] for name in Version.__struct_fields__]


def add(connection: Connection, policy: Policy, user: str, note: str, now_ms: int) -> str:
    """Keep a policy and give its version; one that is known stays as it is."""
    if policy.version not in {one.version for one in SHIPPED.values()} and find(connection, policy.version) is None:
        row = {"version": policy.version, "body": encode(policy).decode(), "created_by": user, "created_at": now_ms}
        row |= {"note": note.strip()[:LONGEST_NOTE], "activated_by": None, "activated_at": None}
        insert_new(connection, PolicyRow, [row])
        audit.record(connection, now_ms, user, "add_policy", policy.version, note=row["note"])
    return policy.version


def activate(connection: Connection, version: str, user: str, tried: bool, now_ms: int) -> Policy:
    """Put a version into force.

    Args:
        tried: it was set beside the one in force in a backtest.

    Raises:
        NotFoundError: there is no such version.
        NotAllowedError: it needs a backtest first.
    """
    policy = find(connection, version)
    if policy is None:
        raise NotFoundError(f"no policy has the version {version[:80]!r}")
    before = active(connection) or DEFAULT
    if not tried and needs_trial(connection, policy, before):
        raise NotAllowedError(f"policy {version[:80]} needs a backtest beside {before.version} before it is in force")
    if connection.scalar(select(PolicyRow.version).where(PolicyRow.version == version)) is None:
        row = {"version": version, "body": encode(policy).decode(), "created_by": "", "created_at": 0, "note": ""}
        insert_new(connection, PolicyRow, [{**row, "activated_by": None, "activated_at": None}])
    values = {"activated_by": user, "activated_at": now_ms}
    connection.execute(update(PolicyRow).where(PolicyRow.version == version).values(values))
    audit.record(connection, now_ms, user, "activate_policy", version, before=before.version)
    return policy


def needs_trial(connection: Connection, policy: Policy, before: Policy) -> bool:
    """Whether a policy has to be tried on a recording before it is in force."""
    if policy.version in {one.version for one in SHIPPED.values()}:
        return False
    query = select(PolicyRow.activated_at).where(PolicyRow.version == policy.version)
    if connection.scalar(query) is not None:
        return False
    switched = msgspec.structs.replace(before.pricing, kill_switch=policy.pricing.kill_switch)
    return msgspec.structs.replace(before, name=policy.name, pricing=switched) != policy


def active(connection: Connection) -> Policy | None:
    """The version in force; None where nobody has put one into force here."""
    if not inspect(connection).has_table(PolicyRow.__tablename__):
        return None  # a ledger of before, read by a process that does not migrate it
    query = select(PolicyRow.body).where(PolicyRow.activated_at.is_not(None))
    body = connection.scalar(query.order_by(PolicyRow.activated_at.desc()).limit(1))
    return None if body is None else decode(body.encode(), Policy)


def find(connection: Connection, version: str) -> Policy | None:
    """The policy of a version, shipped ones too."""
    shipped = next((one for one in SHIPPED.values() if one.version == version), None)
    if shipped is not None:
        return shipped
    body = connection.scalar(select(PolicyRow.body).where(PolicyRow.version == version))
    return None if body is None else decode(body.encode(), Policy)


def listed(connection: Connection, limit: int = 200) -> list[Version]:
    """Versions people wrote or put into force, the newest first."""
    query = select(*COLUMNS).order_by(PolicyRow.created_at.desc(), PolicyRow.version).limit(limit)
    return [Version(*row) for row in connection.execute(query)]
