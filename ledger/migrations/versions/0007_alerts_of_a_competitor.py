"""The alerts of one competitor are found in the order of time, however many it has."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("alerts_by_competitor", "alerts", ["competitor", "observed_at", "alert_id"])


def downgrade() -> None:
    op.drop_index("alerts_by_competitor", table_name="alerts")
