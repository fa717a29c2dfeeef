"""What is owed to a channel is found without the others', escalation counts from red on, sessions end early."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("red_since", sa.BigInteger(), nullable=True))
    op.execute("UPDATE alerts SET red_since = opened_at WHERE severity = 'red'")
    op.drop_index("deliveries_due", table_name="deliveries")
    waiting = sa.text("delivered_at IS NULL")
    op.create_index(
        "deliveries_waiting", "deliveries", ["channel", "due_at"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.add_column("users", sa.Column("sessions_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "sessions_ended",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )


def downgrade() -> None:
    op.drop_table("sessions_ended")
    op.drop_column("users", "sessions_since")
    op.drop_index("deliveries_waiting", table_name="deliveries")
    op.create_index("deliveries_due", "deliveries", ["delivered_at", "due_at"])
    op.drop_column("alerts", "red_since")
