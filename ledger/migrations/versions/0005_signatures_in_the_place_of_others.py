"""Delegations, signatures in the place of others, decisions held back, and notices for the shop's systems.

What was there before is taken into the audit chain, so that later changes to it are found.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.adoption import adopt

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OF_SIGNATURES = ("own_role", "on_behalf_of")
OF_DECISIONS = (
    ("sent_at", sa.BigInteger()),
    ("withheld", sa.Text()),
    ("compensates", sa.Text()),
)


def upgrade() -> None:
    for name in OF_SIGNATURES:
        op.add_column("signatures", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name, kind in OF_DECISIONS:
        op.add_column("decisions", sa.Column(name, kind, nullable=True))
    op.create_index("decisions_by_sku", "decisions", ["sku", "decided_at"], unique=False)
    op.create_index("decisions_by_proposal", "decisions", ["proposal_id"], unique=False)
    op.add_column("proposals", sa.Column("escalated_to", sa.Text(), nullable=True))
    op.create_table(
        "delegations",
        sa.Column("delegation_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("delegation_id"),
    )
    op.create_index("delegations_to", "delegations", ["to", "ends_at"], unique=False)
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    op.create_index("notices_due", "notices", ["delivered_at", "due_at"], unique=False)
    adopt(op.get_bind())


def downgrade() -> None:
    op.drop_index("notices_due", table_name="notices")
    op.drop_table("notices")
    op.drop_index("delegations_to", table_name="delegations")
    op.drop_table("delegations")
    op.drop_column("proposals", "escalated_to")
    op.drop_index("decisions_by_proposal", table_name="decisions")
    op.drop_index("decisions_by_sku", table_name="decisions")
    for name, _kind in OF_DECISIONS:
        op.drop_column("decisions", name)
    for name in OF_SIGNATURES:
        op.drop_column("signatures", name)
