"""Which pages must be fetched again: those whose price is held back until a second fetch agrees."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.events import MarketEvent, ObservationQuarantined
from contracts.topics import CrawlRequest


def confirmations(events: Iterable[MarketEvent]) -> list[CrawlRequest]:
    """A crawl request for each price held back whose page is known."""
    return [
        CrawlRequest(
            competitor=event.competitor,
            product_id=event.product_id,
            url=event.url,
            reason="confirmation",
            requested_at=event.observed_at,
            sku=event.sku,
        )
        for event in events
        if isinstance(event, ObservationQuarantined) and event.url
    ]
