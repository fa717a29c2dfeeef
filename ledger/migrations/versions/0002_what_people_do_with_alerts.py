"""What people do with alerts, and which worker holds a delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OF_ALERTS = (
    ("assigned_to", sa.Text()),
    ("snoozed_until", sa.BigInteger()),
    ("false_positive_by", sa.Text()),
    ("false_positive_at", sa.BigInteger()),
    ("escalated_at", sa.BigInteger()),
)
OF_DELIVERIES = (("claimed_by", sa.Text()), ("claimed_until", sa.BigInteger()), ("batch", sa.Text()))


def upgrade() -> None:
    for name, kind in OF_ALERTS:
        op.add_column("alerts", sa.Column(name, kind, nullable=True))
    op.create_index("alerts_by_opening", "alerts", ["opened_at"], unique=False)
    for name, kind in OF_DELIVERIES:
        op.add_column("deliveries", sa.Column(name, kind, nullable=True))
    op.create_index("deliveries_by_alert", "deliveries", ["alert_id", "channel"], unique=False)


def downgrade() -> None:
    op.drop_index("deliveries_by_alert", table_name="deliveries")
    for name, _kind in OF_DELIVERIES:
        op.drop_column("deliveries", name)
    op.drop_index("alerts_by_opening", table_name="alerts")
    for name, _kind in OF_ALERTS:
        op.drop_column("alerts", name)
