"""What our own systems and the crawl last said: items, stock, matches, price history."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from contracts.codec import decode, encode
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.observations import PricePoint
from contracts.proposals import Proposal
from ledger.database import upsert
from ledger.models import ItemRow, MatchRow, PriceRow, ProposalRow, StockRow


def record_items(connection: Connection, items: Sequence[CatalogItem]) -> None:
    """Upsert catalogue items; the newest `as_of` wins."""
    rows = [{"sku": item.sku, "as_of": item.as_of, "body": encode(item).decode()} for item in items]
    upsert(connection, ItemRow, rows, newer="as_of")


def record_stock(connection: Connection, levels: Sequence[StockLevel]) -> None:
    """Upsert stock levels; the newest `as_of` wins."""
    rows = [{"sku": level.sku, "as_of": level.as_of, "body": encode(level).decode()} for level in levels]
    upsert(connection, StockRow, rows, newer="as_of")


def record_matches(connection: Connection, matches: Sequence[Match]) -> None:
    """Upsert matches; the newest `matched_at` wins."""
    rows = [
        {
            "competitor": match.competitor,
            "product_id": match.product_id,
            "sku": match.sku,
            "matched_at": match.matched_at,
            "status": match.status,
            "body": encode(match).decode(),
            "owed_at": None,
        }
        for match in matches
    ]
    upsert(connection, MatchRow, rows, newer="matched_at", keep=("owed_at",))


def record_price_points(connection: Connection, points: Sequence[PricePoint]) -> None:
    """Upsert points of the price history."""
    rows = [{name: getattr(point, name) for name in PricePoint.__struct_fields__} for point in points]
    upsert(connection, PriceRow, rows, newer="observed_at")


def item(connection: Connection, sku: str) -> CatalogItem | None:
    """The catalogue item of a SKU."""
    body = connection.scalar(select(ItemRow.body).where(ItemRow.sku == sku))
    return None if body is None else decode(body.encode(), CatalogItem)


def items_of(connection: Connection, skus: Sequence[str]) -> dict[str, CatalogItem]:
    """The catalogue items of these SKUs, a page of them; those not known are left out."""
    query = select(ItemRow.body).where(ItemRow.sku.in_(skus))
    return {found.sku: found for found in (decode(body.encode(), CatalogItem) for body in connection.scalars(query))}


def stock_of(connection: Connection, skus: Sequence[str]) -> dict[str, StockLevel]:
    """The stock levels of these SKUs, a page of them; those not known are left out."""
    query = select(StockRow.body).where(StockRow.sku.in_(skus))
    return {found.sku: found for found in (decode(body.encode(), StockLevel) for body in connection.scalars(query))}


def items(connection: Connection, limit: int) -> list[CatalogItem]:
    """Catalogue items by SKU."""
    query = select(ItemRow.body).order_by(ItemRow.sku).limit(limit)
    return [decode(body.encode(), CatalogItem) for body in connection.scalars(query)]


def stock(connection: Connection, sku: str) -> StockLevel | None:
    """The stock level of a SKU."""
    body = connection.scalar(select(StockRow.body).where(StockRow.sku == sku))
    return None if body is None else decode(body.encode(), StockLevel)


def daily_demand(connection: Connection, sku: str) -> float | None:
    """Units a day of a SKU as its newest proposal, made or held back, forecast them."""
    query = select(ProposalRow.body).where(ProposalRow.sku == sku).order_by(ProposalRow.decided_at.desc()).limit(1)
    body = connection.scalar(query)
    return None if body is None else decode(body.encode(), Proposal).signals.daily_demand


def matches(connection: Connection, sku: str) -> list[Match]:
    """Competitors' products that equal a SKU."""
    query = select(MatchRow.body).where(MatchRow.sku == sku).order_by(MatchRow.competitor, MatchRow.product_id)
    return [decode(body.encode(), Match) for body in connection.scalars(query)]


def price_points(connection: Connection, competitor: str, product_id: str, since: int, limit: int) -> list[PricePoint]:
    """History of a competitor's product from `since` (epoch ms) on, in order of time."""
    query = (
        select(PriceRow.__table__)
        .where(PriceRow.competitor == competitor, PriceRow.product_id == product_id, PriceRow.observed_at >= since)
        .order_by(PriceRow.observed_at)
        .limit(limit)
    )
    return [PricePoint(**row) for row in connection.execute(query).mappings()]


def price_points_of_sku(connection: Connection, sku: str, since: int, limit: int) -> list[PricePoint]:
    """History of every competitor's product matched to a SKU, in order of time."""
    query = (
        select(PriceRow.__table__)
        .where(PriceRow.sku == sku, PriceRow.observed_at >= since)
        .order_by(PriceRow.observed_at)
        .limit(limit)
    )
    return [PricePoint(**row) for row in connection.execute(query).mappings()]
