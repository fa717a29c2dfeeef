"""The tables. Contract structs are kept whole as JSON in `body`, beside the columns that are searched.

Times are epoch ms UTC, amounts minor units; ids are those of the contracts.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of every table."""

    type_annotation_map = {int: BigInteger, str: Text}  # noqa: RUF012 SQLAlchemy reads it from the class


class AlertRow(Base):
    """An alert at its newest revision, and what people did with it."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("alerts_by_status", "status", "observed_at"),
        Index("alerts_by_opening", "opened_at"),
        Index("alerts_by_time", "observed_at", "alert_id"),
        Index("alerts_by_product", "competitor", "product_id"),
        Index("alerts_by_competitor", "competitor", "observed_at", "alert_id"),
        Index("alerts_by_sku", "sku", "kind"),
    )
    alert_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    status: Mapped[str]
    kind: Mapped[str]
    severity: Mapped[str]
    competitor: Mapped[str]
    product_id: Mapped[str]
    sku: Mapped[str]
    opened_at: Mapped[int]
    observed_at: Mapped[int]
    body: Mapped[str]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[int | None]
    false_positive: Mapped[str | None]
    assigned_to: Mapped[str | None]
    snoozed_until: Mapped[int | None]
    false_positive_by: Mapped[str | None]
    false_positive_at: Mapped[int | None]
    escalated_at: Mapped[int | None]
    red_since: Mapped[int | None]


class DeliveryRow(Base):
    """The outbox of notifications: a row is owed until `delivered_at` is set.

    From `sending_at` on it may have arrived, whether or not the channel has said so.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "deliveries_waiting",
            "channel",
            "due_at",
            postgresql_where=text("delivered_at IS NULL"),
            sqlite_where=text("delivered_at IS NULL"),
        ),
        Index("deliveries_by_alert", "alert_id", "channel"),
    )
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    alert_id: Mapped[str]
    revision: Mapped[int]
    channel: Mapped[str]
    due_at: Mapped[int]
    attempts: Mapped[int]
    last_error: Mapped[str]
    delivered_at: Mapped[int | None]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[int | None]
    batch: Mapped[str | None]
    sending_at: Mapped[int | None]


class ProposalRow(Base):
    """A proposal and where it stands."""

    __tablename__ = "proposals"
    __table_args__ = (
        Index("proposals_by_status", "status", "decided_at"),
        Index("proposals_by_sku", "sku"),
        Index("proposals_by_time", "decided_at", "proposal_id"),
    )
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    tier: Mapped[str]
    decided_at: Mapped[int]
    at_stake_minor: Mapped[int]
    blocked_by: Mapped[str | None]
    body: Mapped[str]
    escalated_to: Mapped[str | None]


class SignatureRow(Base):
    """One person's verdict on a proposal; nobody signs twice. See `contracts.approvals.Signature`."""

    __tablename__ = "signatures"
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    signed_at: Mapped[int]
    own_role: Mapped[str] = mapped_column(server_default="")
    on_behalf_of: Mapped[str] = mapped_column(server_default="")


class DelegationRow(Base):
    """A role handed over for a time. See `contracts.approvals.Delegation`."""

    __tablename__ = "delegations"
    __table_args__ = (Index("delegations_to", "to", "ends_at"),)
    delegation_id: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    to: Mapped[str]
    role: Mapped[str]
    begins_at: Mapped[int]
    ends_at: Mapped[int]
    reason: Mapped[str]
    revoked_at: Mapped[int | None]


class DecisionRow(Base):
    """The outbox of decisions: a row is owed to Kafka until it is `published_at` or `withheld` (why).

    From `sent_at` on it may be in Kafka, whether or not Kafka has said so.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("decisions_due", "published_at", "decided_at"),
        Index("decisions_by_sku", "sku", "decided_at"),
        Index("decisions_by_proposal", "proposal_id"),
        Index("decisions_by_time", "decided_at", "decision_id"),
        Index("decisions_undone", "compensates"),
    )
    decision_id: Mapped[str] = mapped_column(primary_key=True)
    proposal_id: Mapped[str]
    sku: Mapped[str]
    decided_at: Mapped[int]
    published_at: Mapped[int | None]
    body: Mapped[str]
    sent_at: Mapped[int | None]
    withheld: Mapped[str | None]
    compensates: Mapped[str | None]


class NoticeRow(Base):
    """The outbox of the webhook for the shop's systems: a row is owed until `delivered_at` is set."""

    __tablename__ = "notices"
    __table_args__ = (Index("notices_due", "delivered_at", "due_at"),)
    notice_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    made_at: Mapped[int]
    due_at: Mapped[int]
    attempts: Mapped[int]
    last_error: Mapped[str]
    delivered_at: Mapped[int | None]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[int | None]


class ItemRow(Base):
    """Our product as the catalogue last said."""

    __tablename__ = "items"
    sku: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[int]
    body: Mapped[str]


class StockRow(Base):
    """Stock of a product as last counted."""

    __tablename__ = "stock"
    sku: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[int]
    body: Mapped[str]


class MatchRow(Base):
    """Which product of a competitor equals which of ours; owed to Kafka from `owed_at` on, until it has it."""

    __tablename__ = "matches"
    __table_args__ = (
        Index("matches_by_sku", "sku"),
        Index("matches_by_status", "status"),
        Index(
            "matches_owed",
            "owed_at",
            postgresql_where=text("owed_at IS NOT NULL"),
            sqlite_where=text("owed_at IS NOT NULL"),
        ),
    )
    competitor: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str]
    matched_at: Mapped[int]
    status: Mapped[str]
    body: Mapped[str]
    owed_at: Mapped[int | None]


class PriceRow(Base):
    """A price that differs from the one before it: the history of a series."""

    __tablename__ = "price_points"
    __table_args__ = (
        Index("price_points_by_sku", "sku", "observed_at"),
        Index("price_points_by_product", "competitor", "product_id", "observed_at"),
    )
    competitor: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(primary_key=True)
    seller: Mapped[str] = mapped_column(primary_key=True)
    price_type: Mapped[str] = mapped_column(primary_key=True)
    observed_at: Mapped[int] = mapped_column(primary_key=True)
    price_minor: Mapped[int | None]
    currency: Mapped[str]
    availability: Mapped[str]
    sku: Mapped[str]
    name: Mapped[str]


class AuditRow(Base):
    """One act, linked to the one before it by its hash."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_subject", "subject", "number"),)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class UserRow(Base):
    """A person who may sign in."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[int]
    disabled: Mapped[bool]
    sessions_since: Mapped[int | None]


class EndedSessionRow(Base):
    """A session that was ended before its time: its cookie is no longer good."""

    __tablename__ = "sessions_ended"
    nonce: Mapped[str] = mapped_column(primary_key=True)
    ended_at: Mapped[int]


class TokenRow(Base):
    """A key by which a program acts for a person; only the hash of the key is kept."""

    __tablename__ = "tokens"
    token_id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str]
    purpose: Mapped[str]
    hash: Mapped[str]
    created_at: Mapped[int]
    revoked_at: Mapped[int | None]
    expires_at: Mapped[int | None]


class PolicyRow(Base):
    """A version of the policy; the one that was put into force last is in force."""

    __tablename__ = "policies"
    version: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[int]
    note: Mapped[str]
    activated_by: Mapped[str | None]
    activated_at: Mapped[int | None]
