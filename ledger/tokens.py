"""Keys by which programs act for a person until they end. The key is shown once; the ledger keeps its hash."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, select, update

from contracts.errors import BadInputError, NotFoundError
from contracts.times import DAY_MS
from ledger import audit, users
from ledger.database import insert_new
from ledger.models import TokenRow

PREFIX = "prt"
USUAL_DAYS, MOST_DAYS = 90, 366


class Holder(msgspec.Struct, frozen=True):
    """Whose key it is and what they may do; `refused` says why it is no good (revoked, expired, no such person)."""

    token_id: str
    user: str
    role: str = ""
    refused: str = ""


def make(connection: Connection, user: str, purpose: str, now_ms: int, actor: str, days: int = USUAL_DAYS) -> str:
    """A new key of a person, readable this once, that ends after so many days.

    BadInputError where nobody has that name, or it should last too long.
    """
    if not 1 <= days <= MOST_DAYS:
        raise BadInputError(f"a key lasts 1 to {MOST_DAYS} days, was {days}")
    if users.role_of(connection, user) is None:
        raise BadInputError(f"nobody who may sign in is named {user[:40]!r}; see priceradar users list")
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {"token_id": token_id, "user": user, "purpose": purpose[:200], "hash": _hash(secret)}
    ends = now_ms + days * DAY_MS
    insert_new(connection, TokenRow, [{**row, "created_at": now_ms, "revoked_at": None, "expires_at": ends}])
    audit.record(connection, now_ms, actor, "make_token", token_id, user=user, purpose=purpose[:200], expires_at=ends)
    return f"{PREFIX}_{token_id}_{secret}"


def revoke(connection: Connection, token_id: str, now_ms: int, actor: str) -> None:
    """End a key; NotFoundError where it is none, or ended already."""
    alive = (TokenRow.token_id == token_id, TokenRow.revoked_at.is_(None))
    if connection.scalar(select(TokenRow.token_id).where(*alive)) is None:
        raise NotFoundError(f"no key in use has the id {token_id[:40]!r}; see priceradar users tokens")
    connection.execute(update(TokenRow).where(*alive).values(revoked_at=now_ms))
    audit.record(connection, now_ms, actor, "revoke_token", token_id)


def listed(connection: Connection) -> list[TokenRow]:
    """Every key there ever was, the newest first."""
    rows = connection.execute(select(TokenRow.__table__).order_by(TokenRow.created_at.desc())).mappings()
    return [TokenRow(**row) for row in rows]


def holder(connection: Connection, key: str, now_ms: int) -> Holder | None:
    """Whose key this is, also where it is no longer good; None where it never was one."""
    prefix, _, rest = key.partition("_")
    token_id, _, secret = rest.partition("_")
    query = select(TokenRow.__table__).where(TokenRow.token_id == token_id)
    row = connection.execute(query).mappings().one_or_none()
    known = hmac.compare_digest(_hash(secret), row["hash"] if row else _hash(""))
    if row is None or not known or prefix != PREFIX:
        return None
    if row["revoked_at"] is not None:
        return Holder(token_id, row["user"], refused="revoked")
    if row["expires_at"] is None or row["expires_at"] <= now_ms:
        return Holder(token_id, row["user"], refused="expired")
    role = users.role_of(connection, row["user"])
    return (
        Holder(token_id, row["user"], refused="no such person") if role is None else Holder(token_id, row["user"], role)
    )


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
