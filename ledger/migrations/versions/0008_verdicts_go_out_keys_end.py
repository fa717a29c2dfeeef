"""Matches that people judged are owed to Kafka; keys of programs end.

Keys made before end 90 days from now, unless they are replaced: until now they never ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NOW_MS = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM now()) * 1000 AS BIGINT)",
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000",
}
DAYS_90_MS = 90 * 86_400_000


def upgrade() -> None:
    op.add_column("matches", sa.Column("owed_at", sa.BigInteger(), nullable=True))
    owed = sa.text("owed_at IS NOT NULL")
    op.create_index("matches_owed", "matches", ["owed_at"], postgresql_where=owed, sqlite_where=owed)
    op.create_index("matches_by_status", "matches", ["status"])
    now = NOW_MS[op.get_bind().dialect.name]
    # What people said before stayed here alone: it goes out now.
    op.execute(f"UPDATE matches SET owed_at = {now} WHERE status IN ('approved', 'rejected')")  # noqa: S608 our own words
    op.add_column("tokens", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.execute(f"UPDATE tokens SET expires_at = {now} + {DAYS_90_MS}")  # noqa: S608


def downgrade() -> None:
    op.drop_column("tokens", "expires_at")
    op.drop_index("matches_by_status", table_name="matches")
    op.drop_index("matches_owed", table_name="matches")
    op.drop_column("matches", "owed_at")
