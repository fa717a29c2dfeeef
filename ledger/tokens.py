"""Keys by which programs act for a person. The key is shown once; the ledger keeps its hash."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from sqlalchemy import Connection, select, update

from contracts.errors import BadInputError, NotFoundError
from ledger import audit, users
from ledger.database import insert_new
from ledger.models import TokenRow

PREFIX = "prt"


def make(connection: Connection, user: str, purpose: str, now_ms: int, actor: str) -> str:
    """A new key of a person, readable this once; BadInputError where nobody has that name."""
    if users.role_of(connection, user) is None:
        raise BadInputError(f"nobody who may sign in is named {user[:40]!r}; see priceradar users list")
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {"token_id": token_id, "user": user, "purpose": purpose[:200], "hash": _hash(secret)}
    insert_new(connection, TokenRow, [{**row, "created_at": now_ms, "revoked_at": None}])
    audit.record(connection, now_ms, actor, "make_token", token_id, user=user, purpose=purpose[:200])
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


def holder(connection: Connection, key: str) -> tuple[str, str] | None:
    """Name and role of the person whose key this is; None where it is not in use."""
    prefix, _, rest = key.partition("_")
    token_id, _, secret = rest.partition("_")
    query = select(TokenRow.user, TokenRow.hash).where(TokenRow.token_id == token_id, TokenRow.revoked_at.is_(None))
    row = connection.execute(query).one_or_none()
    known = hmac.compare_digest(_hash(secret), row.hash if row else _hash(""))
    if row is None or not known or prefix != PREFIX:
        return None
    role = users.role_of(connection, row.user)
    return None if role is None else (row.user, role)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
