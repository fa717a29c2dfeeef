"""What our own systems know: catalogue, matches, stock, sales."""

from __future__ import annotations

from typing import Literal

import msgspec

MatchStatus = Literal["auto", "review", "approved", "rejected"]


class CatalogItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of our products. Amounts in minor units of `currency`; `as_of` in epoch ms, UTC.

    `floor_minor` is the absolute floor, `map_minor` the minimum advertised price;
    without `cost_minor` no markdown is ever proposed.
    """

    sku: str
    price_minor: int
    currency: str
    as_of: int
    cost_minor: int | None = None
    fees_minor: int = 0
    map_minor: int | None = None
    floor_minor: int | None = None
    name: str = ""
    category: str = ""
    brand: str = ""
    gtin: str = ""
    mpn: str = ""
    on_promotion: bool = False


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """A competitor's product and the SKU of ours it equals, with confidence 0..1."""

    competitor: str
    product_id: str
    sku: str
    matched_at: int
    confidence: float = 1.0
    status: MatchStatus = "auto"
    url: str = ""

    def equals(self, sku: str) -> bool:
        """Whether it says that the competitor's product is this one of ours."""
        return self.status != "rejected" and self.sku == sku


class StockLevel(msgspec.Struct, frozen=True, omit_defaults=True):
    """Units of a SKU on hand and on the way, as of a moment (epoch ms, UTC)."""

    sku: str
    on_hand: int
    as_of: int
    inbound: int = 0
    inbound_at: int | None = None


class UnitsSold(msgspec.Struct, frozen=True, omit_defaults=True):
    """Units of a SKU sold in [interval_start, interval_end), epoch ms UTC, at `price_minor` each.

    `out_of_stock`: for some of that time there was none to sell, so the units say less than was wanted.
    """

    sku: str
    interval_start: int
    interval_end: int
    units: float
    price_minor: int | None = None
    currency: str = ""
    on_promotion: bool = False
    out_of_stock: bool = False
