"""The open database, and what a call is: one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from contracts.errors import UnavailableError
from ledger.database import READ_ONLY, connect, migrate


class Transactions:
    """The open ledger; UnavailableError where the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str, migrate_schema: bool = True) -> Self:
        """Open the ledger at a SQLAlchemy URL and bring its schema up to date."""
        engine = connect(url)
        if migrate_schema:
            migrate(engine)
        return cls(engine)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL this ledger was opened at, with its password."""
        return self._engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; others wait for it on SQLite."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise UnavailableError(f"the ledger does not take a write: {error.orig}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and never waits for writers."""
        try:
            with self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
                yield connection
        except DBAPIError as error:
            raise UnavailableError(f"the ledger does not answer: {error.orig}") from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that reads everything as of one moment."""
        level = {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        try:
            with self._engine.connect().execution_options(**{READ_ONLY: True, **level}) as connection:
                yield connection
        except DBAPIError as error:
            raise UnavailableError(f"the ledger does not answer: {error.orig}") from error
