"""What the console looks up: lists by time, episodes of a product, and keys of programs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("alerts_by_time", "alerts", ["observed_at", "alert_id"], unique=False)
    op.create_index("alerts_by_product", "alerts", ["competitor", "product_id"], unique=False)
    op.create_index("alerts_by_sku", "alerts", ["sku", "kind"], unique=False)
    op.create_index("proposals_by_time", "proposals", ["decided_at", "proposal_id"], unique=False)
    op.create_index(
        "price_points_by_product", "price_points", ["competitor", "product_id", "observed_at"], unique=False
    )
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_id"),
    )


def downgrade() -> None:
    op.drop_table("tokens")
    op.drop_index("price_points_by_product", table_name="price_points")
    op.drop_index("proposals_by_time", table_name="proposals")
    op.drop_index("alerts_by_sku", table_name="alerts")
    op.drop_index("alerts_by_product", table_name="alerts")
    op.drop_index("alerts_by_time", table_name="alerts")
