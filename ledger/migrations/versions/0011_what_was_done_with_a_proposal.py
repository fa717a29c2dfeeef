"""The acts about one proposal are found without reading the whole chain: its page says what stopped it."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("audit_by_subject", "audit", ["subject", "number"])


def downgrade() -> None:
    op.drop_index("audit_by_subject", table_name="audit")
