"""People, their sessions, and the audit chain."""

from __future__ import annotations

from sqlalchemy import select

from ledger import audit, users
from ledger.calls.transactions import Transactions
from ledger.models import AuditRow


class PeopleCalls(Transactions):
    """Each is one transaction."""

    def add_user(self, name: str, role: str, password: str | None, now_ms: int, actor: str = "console") -> None:
        """Add a person, without a password one who signs in elsewhere; BadInputError."""
        with self.writing() as connection:
            users.add(connection, name, role, password, now_ms, actor)

    def sign_in(self, name: str, password: str) -> str | None:
        """The role of a person whose password this is, else None."""
        with self.reading() as connection:
            return users.role_of(connection, name) if users.password_fits(connection, name, password) else None

    def came_from_elsewhere(self, name: str, role: str | None, now_ms: int) -> str | None:
        """The role of a person another server vouches for; see `ledger.users.came_from_elsewhere`."""
        with self.writing() as connection:
            return users.came_from_elsewhere(connection, name, role, now_ms)

    def session_began(self, name: str, way: str, now_ms: int) -> None:
        """Note that a person signed in, and how."""
        with self.writing() as connection:
            audit.record(connection, now_ms, name, "sign_in", name, way=way)

    def sign_in_refused(self, name: str, way: str, address: str, times: int, unsaid: int, now_ms: int) -> None:
        """Note that nobody could sign in under a name: how often within the hour, and how many are not noted."""
        with self.writing() as connection:
            told = {"way": way, "address": address, "times": times, "unsaid": unsaid}
            audit.record(connection, now_ms, "nobody", "sign_in_refused", name, **told)

    def role_in_session(self, name: str, nonce: str, begun: int) -> str | None:
        """The role of a person in a session, None where it was ended."""
        with self.reading() as connection:
            return users.role_in_session(connection, name, nonce, begun)

    def end_session(self, name: str, nonce: str, now_ms: int) -> None:
        """End a session before its time."""
        with self.writing() as connection:
            users.end_session(connection, name, nonce, now_ms)

    def role_of(self, name: str) -> str | None:
        """The role of a person who may sign in."""
        with self.reading() as connection:
            return users.role_of(connection, name)

    def has_users(self) -> bool:
        """Whether anybody may sign in yet."""
        with self.reading() as connection:
            return users.anyone(connection)

    def audit_rows(self, limit: int = 200) -> list[AuditRow]:
        """Acts, the latest first."""
        with self.reading() as connection:
            query = select(AuditRow.__table__).order_by(AuditRow.number.desc()).limit(limit)
            return [AuditRow(**row) for row in connection.execute(query).mappings()]

    def verify_audit(self) -> int:
        """Number of acts in the chain; TamperedError names the first that does not fit."""
        with self.reading() as connection:
            return audit.verify(connection)
