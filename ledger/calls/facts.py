"""Catalogue, stock, matches and the history of prices."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.facts import CatalogItem, Match, StockLevel
from contracts.observations import PricePoint
from ledger import facts, matching
from ledger.calls.transactions import Transactions


class FactCalls(Transactions):
    """Each is one transaction."""

    def record_items(self, items: Sequence[CatalogItem]) -> None:
        """Upsert catalogue items."""
        with self.writing() as connection:
            facts.record_items(connection, items)

    def record_stock(self, levels: Sequence[StockLevel]) -> None:
        """Upsert stock levels."""
        with self.writing() as connection:
            facts.record_stock(connection, levels)

    def record_matches(self, matches: Sequence[Match]) -> None:
        """Upsert matches."""
        with self.writing() as connection:
            facts.record_matches(connection, matches)

    def owed_matches(self, limit: int) -> list[Match]:
        """Matches that Kafka does not have as they are here."""
        with self.reading() as connection:
            return matching.owed(connection, limit)

    def matches_published(self, sent: Sequence[Match], now_ms: int) -> None:
        """Kafka has these matches."""
        with self.writing() as connection:
            matching.published(connection, sent, now_ms)

    def record_price_points(self, points: Sequence[PricePoint]) -> None:
        """Upsert points of the price history."""
        with self.writing() as connection:
            facts.record_price_points(connection, points)

    def item(self, sku: str) -> CatalogItem | None:
        """The catalogue item of a SKU."""
        with self.reading() as connection:
            return facts.item(connection, sku)

    def items(self, limit: int = 1000) -> list[CatalogItem]:
        """Catalogue items by SKU."""
        with self.reading() as connection:
            return facts.items(connection, limit)

    def stock(self, sku: str) -> StockLevel | None:
        """The stock level of a SKU."""
        with self.reading() as connection:
            return facts.stock(connection, sku)

    def standing(self, sku: str) -> tuple[CatalogItem | None, StockLevel | None, float | None]:
        """Item, stock and forecast units a day of a SKU: what a competitor's move exposes."""
        with self.reading() as connection:
            return facts.item(connection, sku), facts.stock(connection, sku), facts.daily_demand(connection, sku)

    def matches(self, sku: str) -> list[Match]:
        """Competitors' products that equal a SKU."""
        with self.reading() as connection:
            return facts.matches(connection, sku)

    def price_points(self, competitor: str, product_id: str, since: int = 0, limit: int = 10_000) -> list[PricePoint]:
        """History of a competitor's product."""
        with self.reading() as connection:
            return facts.price_points(connection, competitor, product_id, since, limit)

    def price_points_of_sku(self, sku: str, since: int = 0, limit: int = 10_000) -> list[PricePoint]:
        """History of every product matched to a SKU."""
        with self.reading() as connection:
            return facts.price_points_of_sku(connection, sku, since, limit)
