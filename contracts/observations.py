"""What a crawler saw: one offer of one product at one shop at one moment."""

from __future__ import annotations

from typing import Literal

import msgspec

Availability = Literal["InStock", "OutOfStock", "Unknown"]
PriceType = Literal["regular", "promotion", "member", "coupon", "instalment", "used"]
PromotionKind = Literal[
    "was_now", "coupon", "bundle", "threshold", "flash_sale", "gift", "member_price", "inferred", "other"
]


class Promotion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A promotion shown on a page.

    `text` is the shop's own wording: hostile until escaped. `ends_at` in epoch ms, UTC.
    """

    kind: PromotionKind
    text: str = ""
    was_minor: int | None = None
    ends_at: int | None = None


class Observation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One price seen. Series: (competitor, product_id, seller, price_type).

    Args:
        competitor: shop, as named in the watchlist.
        product_id: the shop's own id of the product or variant.
        observed_at: when the shop's response arrived, epoch ms UTC; rules all logic.
        price_minor: price in minor units; None where the page shows none.
        currency: ISO 4217.
        availability: unknown is a value: never read as out of stock.
        list_price_minor: the struck-through "was" price, where shown.
        sku: our own product, where the watchlist or a match names it.
        match_confidence: 0..1 that `sku` is the same product.
        evidence: content hash of the page snapshot.
        source: what collected it (spider, import), part of the id of its events.
    """

    competitor: str
    product_id: str
    observed_at: int
    price_minor: int | None
    currency: str
    availability: Availability = "InStock"
    price_type: PriceType = "regular"
    seller: str = ""
    list_price_minor: int | None = None
    sku: str = ""
    match_confidence: float = 1.0
    category: str = ""
    name: str = ""
    url: str = ""
    evidence: str = ""
    source: str = ""
    promotions: tuple[Promotion, ...] = ()


def within_int64(row: Observation) -> Observation:
    """The row, without a list price beyond int64, or with an invalid price where another number is.

    JSON knows no largest integer.
    """
    if not _within_int64(row.list_price_minor):
        row = msgspec.structs.replace(row, list_price_minor=None)
    if _within_int64(row.observed_at) and _within_int64(row.price_minor):
        return row
    return msgspec.structs.replace(row, observed_at=0, price_minor=0, availability="Unknown")


def _within_int64(number: int | None) -> bool:
    return number is None or -(2**63) <= number < 2**63


def partition_key(competitor: str, product_id: str) -> bytes:
    """What decides the partition of a series: all sellers and price types of a product stay together."""
    return f"{competitor}|{product_id}".encode()


class PricePoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """A price that differs from the one before it in its series: what a history chart draws."""

    competitor: str
    product_id: str
    observed_at: int
    price_minor: int | None
    currency: str
    availability: Availability = "InStock"
    price_type: PriceType = "regular"
    seller: str = ""
    sku: str = ""
    name: str = ""
