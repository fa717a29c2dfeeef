"""Rows from before they were part of the audit chain: one act takes them into it as they are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from contracts.ids import content_hash
from ledger import audit

AT_ONCE = 1_000
ACTOR = "migration"


def adopt(connection: Connection) -> None:
    """Write down hash and status of every proposal and decision, in acts of a thousand each.

    Only columns that were there from the beginning are read: it runs inside a migration.
    """
    for action, query in (
        ("adopt_proposals", "SELECT proposal_id AS id, body, status, decided_at FROM proposals ORDER BY proposal_id"),
        (
            "adopt_decisions",
            "SELECT decision_id AS id, body, proposal_id, decided_at FROM decisions ORDER BY decision_id",
        ),
    ):
        rows = connection.execute(text(query)).mappings().all()
        for start in range(0, len(rows), AT_ONCE):
            _write(connection, action, rows[start : start + AT_ONCE])


def _write(connection: Connection, action: str, rows: Any) -> None:
    at = max(row["decided_at"] for row in rows)
    told = {row["id"]: [content_hash(row["body"].encode()), row.get("status", "")] for row in rows}
    audit.record(connection, at, ACTOR, action, f"{len(told)} rows", rows=told)
