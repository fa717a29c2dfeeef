"""What people are told: one alert a drop, updated and closed as the episode goes on."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.observations import PriceType

Severity = Literal["green", "yellow", "red"]
AlertStatus = Literal["opened", "updated", "closed"]
AlertKind = Literal["price", "promotion", "stock", "mass_move", "assortment", "quarantine"]


class Alert(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """An alert at one revision. Same `alert_id` through its whole episode; upsert on it.

    `observed_at` is when the shop's response that caused this revision arrived,
    `opened_at` when the first did (epoch ms, UTC). `change_bp` is the change from
    `from_minor` to `to_minor` in basis points. `count` is how many products a digest or a
    campaign speaks of, and how often a product went that comes and goes; `subject` is what a
    digest gathers; `campaign` is the alert of the campaign that this one was merged into.
    Texts from a shop are hostile until escaped.
    """

    alert_id: str
    revision: int
    status: AlertStatus
    kind: AlertKind
    severity: Severity
    competitor: str
    product_id: str
    opened_at: int
    observed_at: int
    event_id: str
    headline: str
    reasons: tuple[str, ...] = ()
    sku: str = ""
    category: str = ""
    name: str = ""
    url: str = ""
    evidence: str = ""
    from_minor: int | None = None
    to_minor: int | None = None
    currency: str = ""
    change_bp: int = 0
    match_confidence: float = 1.0
    group: str = ""
    seller: str = ""
    price_type: PriceType = "regular"
    promotion: str = ""
    count: int = 0
    subject: str = ""
    campaign: str = ""


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One message owed to one channel: a row of the ledger's outbox until it is accepted.

    `delivery_id` is a hash of alert, revision and channel; times in epoch ms, UTC.
    """

    delivery_id: str
    alert_id: str
    revision: int
    channel: str
    due_at: int
    attempts: int = 0
    last_error: str = ""
