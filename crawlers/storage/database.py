"""SQLite files of the crawl: what is damaged is put aside and begun anew."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path


def opened(path: Path, tables: str) -> sqlite3.Connection:
    """A file with these tables; one that is damaged is put aside, and a new one is begun."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connected(path, tables)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        path.replace(path.with_suffix(".damaged"))
        return _connected(path, tables)


def _connected(path: Path, tables: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        with suppress(sqlite3.OperationalError):  # another crawl is changing to it just now
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(tables)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
