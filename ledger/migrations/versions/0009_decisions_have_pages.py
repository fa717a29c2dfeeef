"""Decisions are listed by time, and what undid one is found without reading them all."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("decisions_by_time", "decisions", ["decided_at", "decision_id"])
    op.create_index("decisions_undone", "decisions", ["compensates"])


def downgrade() -> None:
    op.drop_index("decisions_undone", table_name="decisions")
    op.drop_index("decisions_by_time", table_name="decisions")
