"""Before a message is sent that is noted: after a crash one tells what may have arrived from what was only held.

What was on its way when the ledger was migrated may have arrived.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("sending_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE deliveries SET sending_at = due_at WHERE batch IS NOT NULL AND delivered_at IS NULL")


def downgrade() -> None:
    op.drop_column("deliveries", "sending_at")
