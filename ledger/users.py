"""People who may sign in, and what their role lets them do."""

from __future__ import annotations

from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, delete, or_, select, update

from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.times import DAY_MS
from ledger import audit
from ledger.database import insert_new
from ledger.models import EndedSessionRow, UserRow

Role = Literal["viewer", "analyst", "pricing", "marketing_director", "finance_director", "general_manager", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
SHORTEST_PASSWORD = 10
NO_PASSWORD = ""  # of those who sign in elsewhere

_hasher = PasswordHasher()
# Checked where the name is unknown, so that the time of the answer does not tell.
_nobody = _hasher.hash("nobody has this password")


def add(connection: Connection, name: str, role: str, password: str | None, now_ms: int, actor: str) -> None:
    """Add a person, without a password one who signs in elsewhere.

    BadInputError for an unknown role, a short password, or a name that is taken.
    """
    _check(role, password)
    if connection.scalar(select(UserRow.name).where(UserRow.name == name)) is not None:
        raise BadInputError(f"the name {name!r} is taken")
    known = NO_PASSWORD if password is None else _hasher.hash(password)
    row = {"name": name, "role": role, "password_hash": known, "created_at": now_ms}
    insert_new(connection, UserRow, [{**row, "disabled": False, "sessions_since": None}])
    audit.record(connection, now_ms, actor, "add_user", name, role=role)


def change(
    connection: Connection,
    name: str,
    now_ms: int,
    actor: str,
    *,
    role: str | None = None,
    disabled: bool | None = None,
    password: str | None = None,
    elsewhere: bool = False,
) -> None:
    """Change what is given of a person, at once also for those signed in; NotFoundError, BadInputError.

    A new password ends their sessions; so does `elsewhere`, which leaves them none here.
    """
    if connection.scalar(select(UserRow.name).where(UserRow.name == name)) is None:
        raise NotFoundError(f"nobody is named {name[:40]!r}; see priceradar users list")
    _check(role, password)
    if elsewhere and password is not None:
        raise BadInputError("who signs in elsewhere has no password here, was given both")
    said = "changed" if password is not None else "none" if elsewhere else None
    told = {"role": role, "disabled": disabled, "password": said}
    hashed = _hasher.hash(password) if password is not None else NO_PASSWORD if elsewhere else None
    since = None if hashed is None else now_ms
    values = {"role": role, "disabled": disabled, "password_hash": hashed, "sessions_since": since}
    given = {key: value for key, value in values.items() if value is not None}
    if given:
        connection.execute(update(UserRow).where(UserRow.name == name).values(given))
        audit.record(
            connection,
            now_ms,
            actor,
            "change_user",
            name,
            **{key: value for key, value in told.items() if value is not None},
        )


def _check(role: str | None, password: str | None) -> None:
    if role is not None and role not in ROLES:
        raise BadInputError(f"a role must be one of {', '.join(ROLES)}, was {role!r}")
    if password is not None and len(password) < SHORTEST_PASSWORD:
        raise BadInputError(f"a password must have at least {SHORTEST_PASSWORD} characters, was {len(password)}")


def came_from_elsewhere(connection: Connection, name: str, role: str | None, now_ms: int) -> str | None:
    """The role of a person whom another server vouches for, None where they may not sign in.

    Args:
        role: what that server says of it: a person it gives one is added, and follows it.

    NotAllowedError where the name has a password here: nobody else may lend it.
    """
    query = select(UserRow.role, UserRow.password_hash, UserRow.disabled).where(UserRow.name == name)
    known = connection.execute(query).one_or_none()
    if known is None:
        if role is not None:
            add(connection, name, role, None, now_ms, "sso")
        return role
    if known.password_hash != NO_PASSWORD:
        raise NotAllowedError(
            f"{name[:60]!r} has a password here; `priceradar users change {name[:60]} --sso` ends that"
        )
    if role is not None and role != known.role:
        change(connection, name, now_ms, "sso", role=role)
    return None if known.disabled else role or known.role


def role_in_session(connection: Connection, name: str, nonce: str, begun: int) -> str | None:
    """The role of a person in a session that began then (epoch ms), None where it was ended."""
    ended = select(EndedSessionRow.nonce).where(EndedSessionRow.nonce == nonce)
    query = select(UserRow.role).where(
        UserRow.name == name,
        UserRow.disabled.is_(False),
        or_(UserRow.sessions_since.is_(None), UserRow.sessions_since <= begun),
        ~ended.exists(),
    )
    return connection.scalar(query)


def end_session(connection: Connection, name: str, nonce: str, now_ms: int) -> None:
    """From now on the session's cookie is no longer good."""
    insert_new(connection, EndedSessionRow, [{"nonce": nonce, "ended_at": now_ms}])
    connection.execute(delete(EndedSessionRow).where(EndedSessionRow.ended_at < now_ms - DAY_MS))
    audit.record(connection, now_ms, name, "sign_out", name)


def role_of(connection: Connection, name: str) -> str | None:
    """The role of a person who may sign in, None for others."""
    query = select(UserRow.role).where(UserRow.name == name, UserRow.disabled.is_(False))
    return connection.scalar(query)


def password_fits(connection: Connection, name: str, password: str) -> bool:
    """Whether this is the password of a person who may sign in."""
    query = select(UserRow.password_hash).where(UserRow.name == name, UserRow.disabled.is_(False))
    known = connection.scalar(query)
    try:
        return _hasher.verify(known or _nobody, password) and bool(known)
    except (Argon2Error, InvalidHashError):
        return False


def anyone(connection: Connection) -> bool:
    """Whether there is any person at all: else it is the first run."""
    return connection.scalar(select(UserRow.name).limit(1)) is not None
