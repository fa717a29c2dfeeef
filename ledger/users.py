"""People who may sign in, and what their role lets them do."""

from __future__ import annotations

from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, select, update

from contracts.errors import BadInputError, NotFoundError
from ledger import audit
from ledger.database import insert_new
from ledger.models import UserRow

Role = Literal["viewer", "analyst", "pricing", "marketing_director", "finance_director", "general_manager", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
SHORTEST_PASSWORD = 10

_hasher = PasswordHasher()
# Checked where the name is unknown, so that the time of the answer does not tell.
_nobody = _hasher.hash("nobody has this password")


def add(connection: Connection, name: str, role: str, password: str, now_ms: int, actor: str) -> None:
    """Add a person; BadInputError for an unknown role, a short password, or a name that is taken."""
    if role not in ROLES:
        raise BadInputError(f"a role must be one of {', '.join(ROLES)}, was {role!r}")
    if len(password) < SHORTEST_PASSWORD:
        raise BadInputError(f"a password must have at least {SHORTEST_PASSWORD} characters, was {len(password)}")
    if connection.scalar(select(UserRow.name).where(UserRow.name == name)) is not None:
        raise BadInputError(f"the name {name!r} is taken")
    row = {"name": name, "role": role, "password_hash": _hasher.hash(password), "created_at": now_ms}
    insert_new(connection, UserRow, [{**row, "disabled": False}])
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
) -> None:
    """Change what is given of a person, at once also for those signed in; NotFoundError, BadInputError."""
    if connection.scalar(select(UserRow.name).where(UserRow.name == name)) is None:
        raise NotFoundError(f"nobody is named {name[:40]!r}; see priceradar users list")
    if role is not None and role not in ROLES:
        raise BadInputError(f"a role must be one of {', '.join(ROLES)}, was {role!r}")
    if password is not None and len(password) < SHORTEST_PASSWORD:
        raise BadInputError(f"a password must have at least {SHORTEST_PASSWORD} characters, was {len(password)}")
    told = {"role": role, "disabled": disabled, "password": None if password is None else "changed"}
    values = {"role": role, "disabled": disabled, "password_hash": _hasher.hash(password) if password else None}
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


def role_of(connection: Connection, name: str) -> str | None:
    """The role of a person who may sign in, None for others."""
    query = select(UserRow.role).where(UserRow.name == name, UserRow.disabled.is_(False))
    return connection.scalar(query)


def password_fits(connection: Connection, name: str, password: str) -> bool:
    """Whether this is the password of a person who may sign in."""
    query = select(UserRow.password_hash).where(UserRow.name == name, UserRow.disabled.is_(False))
    known = connection.scalar(query)
    try:
        return _hasher.verify(known or _nobody, password) and known is not None
    except (Argon2Error, InvalidHashError):
        return False


def anyone(connection: Connection) -> bool:
    """Whether there is any person at all: else it is the first run."""
    return connection.scalar(select(UserRow.name).limit(1)) is not None
