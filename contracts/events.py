"""What the market did: facts noticed by `streams`, in past tense."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.observations import PriceType, PromotionKind

Basis = Literal["step", "drift"]
QuarantineReason = Literal["above_median", "below_median", "currency_changed"]
MassMoveVerdict = Literal["campaign", "broken_page"]


class MarketEvent(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", kw_only=True, gc=False):
    """Base of every event: where and when it was seen. `observed_at` in epoch ms, UTC."""

    event_id: str
    competitor: str
    product_id: str
    observed_at: int
    seller: str = ""
    price_type: PriceType = "regular"
    sku: str = ""
    match_confidence: float = 1.0
    category: str = ""
    name: str = ""
    url: str = ""
    evidence: str = ""


class PriceMoved(MarketEvent, frozen=True, omit_defaults=True, tag="PriceMoved", kw_only=True, gc=False):
    """A price moved by more than the threshold against the last accepted (step) or the anchor (drift)."""

    basis: Basis
    previous_minor: int
    anchor_minor: int
    price_minor: int
    currency: str
    in_stock: bool = True


class PromotionStarted(MarketEvent, frozen=True, omit_defaults=True, tag="PromotionStarted", kw_only=True, gc=False):
    """A promotion appeared; `novel` where this competitor has not used its kind lately."""

    promotion: PromotionKind
    text: str = ""
    price_minor: int | None = None
    was_minor: int | None = None
    currency: str = ""
    novel: bool = False


class PromotionEnded(MarketEvent, frozen=True, omit_defaults=True, tag="PromotionEnded", kw_only=True, gc=False):
    """A promotion is no longer shown."""

    promotion: PromotionKind
    price_minor: int | None = None
    currency: str = ""


class OutOfStock(MarketEvent, frozen=True, omit_defaults=True, tag="OutOfStock", kw_only=True, gc=False):
    """The shop says it cannot deliver; never concluded from silence or a block page."""


class BackInStock(MarketEvent, frozen=True, omit_defaults=True, tag="BackInStock", kw_only=True, gc=False):
    """The shop can deliver again."""


class ProductListed(MarketEvent, frozen=True, omit_defaults=True, tag="ProductListed", kw_only=True, gc=False):
    """A product was seen for the first time at this shop."""

    price_minor: int | None = None
    currency: str = ""


class ProductDelisted(MarketEvent, frozen=True, omit_defaults=True, tag="ProductDelisted", kw_only=True, gc=False):
    """A product has been gone for long enough to be believed."""


class ObservationQuarantined(
    MarketEvent, frozen=True, omit_defaults=True, tag="ObservationQuarantined", kw_only=True, gc=False
):
    """A price too strange to believe is held until a second fetch confirms it."""

    price_minor: int
    median_minor: int
    currency: str
    reason: QuarantineReason


class MassMove(MarketEvent, frozen=True, omit_defaults=True, tag="MassMove", kw_only=True, gc=False):
    """Most products of one shop jumped at once: a campaign, or a broken page. `product_id` is empty.

    `median_change_bp`: median relative change in basis points (-1200 is 12 % down).
    """

    verdict: MassMoveVerdict
    reason: str
    products_moved: int
    products_seen: int
    median_change_bp: int


Event = (
    PriceMoved
    | PromotionStarted
    | PromotionEnded
    | OutOfStock
    | BackInStock
    | ProductListed
    | ProductDelisted
    | ObservationQuarantined
    | MassMove
)


def event_key(event: MarketEvent) -> bytes:
    """Kafka key of an event: our SKU where matched, else competitor and product."""
    return (event.sku or f"{event.competitor}|{event.product_id}").encode()
