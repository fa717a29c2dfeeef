"""A competitor's products from a file or feed, and their matches to our catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.errors import BadRowError
from contracts.facts import CatalogItem, Match
from crawlers.matching.catalogue import Catalogue
from crawlers.matching.products import Offered, Product, band


def offered(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[list[Offered], list[BadRowError]]:
    """Products from numbered rows with competitor, product_id, name and perhaps brand, gtin, mpn, url."""
    found: list[Offered] = []
    errors: list[BadRowError] = []
    for line, row in rows:
        lacking = [name for name in ("competitor", "product_id") if not row.get(name)]
        if not (row.get("name") or row.get("gtin") or row.get("mpn")):
            lacking.append("name, gtin or mpn")
        if lacking:
            errors.append(BadRowError(f"line {line}: {', '.join(lacking)} must not be empty", line))
            continue
        fields = {name: row.get(name, "") for name in ("name", "brand", "gtin", "mpn")}
        found.append(Offered(row["competitor"], Product(key=row["product_id"], **fields), row.get("url", "")))
    return found, errors


def catalogue(items: Iterable[CatalogItem]) -> Catalogue:
    """Our catalogue as matching reads it."""
    return Catalogue(
        Product(key=item.sku, name=item.name, brand=item.brand, gtin=item.gtin, mpn=item.mpn) for item in items
    )


def matches(ours: Catalogue, theirs: Sequence[Offered], now_ms: int) -> list[Match]:
    """The best match of each product, with the band it falls in as status."""
    found = []
    for competitor in sorted({offer.competitor for offer in theirs}):
        offers = [offer for offer in theirs if offer.competitor == competitor]
        best = ours.match([offer.product for offer in offers])
        found += [
            Match(
                competitor=competitor,
                product_id=offer.product.key,
                sku=match.key,
                matched_at=now_ms,
                confidence=round(match.confidence, 4),
                status=band(match.confidence),
                url=offer.url,
            )
            for offer, match in zip(offers, best, strict=True)
            if match is not None
        ]
    return found
