"""What extraction gives: the offer on a page, with how sure we are and where it was read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from contracts.money import UNSTATED, to_decimal
from contracts.observations import Availability, PriceType, Promotion

Source = Literal["json-ld", "microdata", "rdfa", "opengraph", "embedded", "text", "url", "override"]


class Evidence(msgspec.Struct, frozen=True):
    """Where a value was read: `field`, the source, and the place (a path or a piece of text)."""

    field: str
    source: Source
    where: str
    value: str


class Candidate(msgspec.Struct, frozen=True):
    """One reading of an amount by one source; candidates of equal amount vote together."""

    amount: Decimal
    source: Source
    weight: float
    where: str
    currency: str = ""
    price_type: PriceType = "regular"


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says about the product of the page; None and "" where it is silent."""

    source: Source
    where: str
    name: str = ""
    sku: str = ""
    gtin: str = ""
    url: str = ""
    currency: str = ""
    seller: str = ""
    variant: str = ""
    amount: Decimal | None = None
    high: Decimal | None = None
    list_amount: Decimal | None = None
    availability: Availability = "Unknown"
    price_type: PriceType = "regular"
    weight: float = 1.0


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """The offer of a page. Amounts in minor units of `currency` (XXX where none is stated).

    `canonical` is the address the page gives as its own.
    `confidence` is 0..1 for the price, `confidences` the same for every field that was found;
    texts are the shop's own and hostile until escaped.
    """

    price_minor: int | None
    currency: str
    list_price_minor: int | None = None
    price_type: PriceType = "regular"
    availability: Availability = "Unknown"
    sku: str = ""
    gtin: str = ""
    name: str = ""
    seller: str = ""
    variant: str = ""
    canonical: str = ""
    promotions: tuple[Promotion, ...] = ()
    confidence: float = 0.0
    confidences: dict[str, float] = {}
    evidence: tuple[Evidence, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The command's output: amounts as decimal strings, null where the page is silent."""
        return {
            "price": _decimal(self.price_minor, self.currency),
            "currency": None if self.currency == UNSTATED else self.currency,
            "list_price": _decimal(self.list_price_minor, self.currency),
            "price_type": self.price_type,
            "availability": self.availability,
            "sku": self.sku or None,
            "gtin": self.gtin or None,
            "name": self.name or None,
            "seller": self.seller or None,
            "variant": self.variant or None,
            "promotions": [msgspec.to_builtins(promotion) for promotion in self.promotions],
            "confidence": round(self.confidence, 3),
            "confidences": {field: round(value, 3) for field, value in self.confidences.items()},
            "evidence": [msgspec.to_builtins(item) for item in self.evidence],
        }


def _decimal(minor: int | None, currency: str) -> str | None:
    return None if minor is None else str(to_decimal(minor, currency))
