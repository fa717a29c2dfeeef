"""The database under the ledger: SQLite with WAL, or PostgreSQL; schema by alembic."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, create_engine, event, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase

from contracts.errors import BadInputError, UnavailableError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 15_000  # several processes write: one waits for the other
READ_ONLY = "priceradar_read_only"
MIGRATION_LOCK, AUDIT_LOCK, DELIVERY_LOCK, NOTICE_LOCK = (
    719_001,
    719_002,
    719_003,
    719_004,
)  # names of PostgreSQL's advisory locks


def connect(url: str) -> Engine:
    """An engine for a SQLAlchemy URL; BadInputError, UnavailableError."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise BadInputError(f"the ledger's URL is not usable: {error}") from error
    raise BadInputError(f"the ledger is SQLite or PostgreSQL, was {parsed.get_backend_name()}: set PRICERADAR_LEDGER")


def _sqlite(url: str, database: str | None) -> Engine:
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _write_ahead(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could otherwise fail with "database is locked".
        read_only = connection.get_execution_options().get(READ_ONLY)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Changing the journal of a new file needs it alone, and fails at once, without the busy timeout, where it is not.
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; processes that start together wait for one another."""
    from alembic import command  # noqa: PLC0415 a worker that only asks for its policy starts without it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with engine.begin() as connection:
            lock(connection, MIGRATION_LOCK)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise UnavailableError(
            f"the ledger at {engine.url!r} cannot be opened: {str(error).splitlines()[0]}"
        ) from error


def lock(connection: Connection, number: int) -> None:
    """Keep other writers out until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def upsert(
    connection: Connection,
    table: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    newer: str,
    keep: Sequence[str] = (),
) -> None:
    """Insert rows, or replace those with the same key unless what is there is newer.

    Args:
        newer: the column that decides; equal replaces, so that a redelivery is harmless.
        keep: columns that a replacement leaves as they are: what people did.
    """
    if not rows:
        return
    target = table.__table__
    keys = [column.name for column in target.primary_key]
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(target)
    changed = {
        column.name: insert.excluded[column.name]
        for column in target.columns
        if column.name not in keys and column.name not in keep
    }
    statement = insert.on_conflict_do_update(
        index_elements=keys, set_=changed, where=insert.excluded[newer] >= target.c[newer]
    )
    connection.execute(statement, [dict(row) for row in rows])


def in_order(connection: Connection, table: type[DeclarativeBase], at_once: int = 1_000) -> Iterator[RowMapping]:
    """Every row of a table by its key, a thousand at a time: no cursor stays open, nothing is held whole."""
    keys = list(table.__table__.primary_key)
    query = select(table.__table__).order_by(*keys).limit(at_once)
    rows = connection.execute(query).mappings().all()
    while rows:
        yield from rows
        last = tuple_(*(rows[-1][key.name] for key in keys))
        rows = connection.execute(query.where(tuple_(*keys) > last)).mappings().all()


def insert_new(connection: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those whose key is there already stay as they are."""
    if rows:
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table.__table__)
        connection.execute(insert.on_conflict_do_nothing(), [dict(row) for row in rows])
