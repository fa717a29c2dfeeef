"""What is known of competitors' products before they are seen: how their series are called, which of ours they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from contracts.observations import Observation
from crawlers.pages.watchlist import Row


class Target(NamedTuple):
    """How a competitor's product is called in its series, and which of ours it is."""

    product_id: str
    sku: str = ""
    match_confidence: float = 1.0
    category: str = ""


class KnownProducts:
    """The rows that are watched, by their product's id and by their address."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_id: dict[tuple[str, str], Target] = {}
        self._by_url: dict[tuple[str, str], Target] = {}
        for row in rows:
            target = Target(row.product, row.sku, row.match_confidence, row.category)
            self._by_id.setdefault((row.competitor, row.product), target)
            if row.url:
                self._by_url.setdefault((row.competitor, row.url), target)

    def of(self, competitor: str, product_id: str, url: str) -> Target | None:
        """What is known of a product; None where it is nothing."""
        return self._by_id.get((competitor, product_id)) or self._by_url.get((competitor, url))

    def known(self, seen: Observation) -> Observation | None:
        """An observation of a feed as one of the product that is watched; None where nobody watches it."""
        target = self.of(seen.competitor, seen.product_id, seen.url)
        return None if target is None else replace(seen, **target._asdict())
