"""The audit chain: every act names the hash of the act before it, so none can be changed or removed unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select

from contracts.errors import TamperedError
from contracts.ids import content_hash
from ledger.database import AUDIT_LOCK, in_order, lock
from ledger.models import AuditRow

FIRST = "0" * 64


def record(connection: Connection, at: int, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Append an act inside the transaction that carries it out. `at` in epoch ms, UTC."""
    lock(connection, AUDIT_LOCK)
    last = connection.execute(
        select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.number + 1, last.hash) if last else (1, FIRST)
    text = msgspec.json.encode(detail, order="sorted").decode()
    row = {
        "number": number,
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": text,
        "previous_hash": previous,
    }
    connection.execute(insert(AuditRow), {**row, "hash": _hash(row)})


def walk(connection: Connection) -> Iterator[tuple[RowMapping, bool]]:
    """Every act in order, and whether it fits the one before it."""
    previous, expected = FIRST, 1
    for row in in_order(connection, AuditRow):
        linked = row["number"] == expected and row["previous_hash"] == previous
        yield row, linked and row["hash"] == _hash({key: row[key] for key in row if key != "hash"})
        previous, expected = row["hash"], row["number"] + 1


def verify(connection: Connection) -> int:
    """Number of acts in the chain; TamperedError names the first that does not fit."""
    expected = 0
    for row, fits in walk(connection):
        expected += 1
        if not fits:
            raise TamperedError(f"audit row {expected} ({row['action']} {row['subject']}) does not fit the chain")
    return expected


def _hash(row: dict[str, Any]) -> str:
    return content_hash(msgspec.json.encode(row, order="sorted"))
