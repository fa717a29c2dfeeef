"""Every Kafka topic: the only place where a topic is named."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.alerts import Alert
from contracts.events import Event
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.observations import Observation
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS

PARTITIONS = 12  # divisible by 2, 3, 4 and 6 workers; topics of one join share it
DEAD_SUFFIX = ".dead"


class CrawlRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fetch this page again now: to confirm a price held back, or to prove the pipeline alive."""

    competitor: str
    product_id: str
    url: str
    reason: Literal["confirmation", "heartbeat", "user"]
    requested_at: int
    sku: str = ""


class Topic(msgspec.Struct, frozen=True):
    """A topic: its value type and how Kafka keeps it. `retention_ms` None: kept for ever."""

    name: str
    value: object
    key: str
    cleanup: Literal["delete", "compact"]
    retention_ms: int | None = None
    partitions: int = PARTITIONS

    @property
    def dead(self) -> str:
        """Name of the dead-letter topic beside this one."""
        return self.name + DEAD_SUFFIX


OBSERVATIONS = Topic("price.observations.v1", tuple[Observation, ...], "partition of the series", "delete", 7 * DAY_MS)
CATALOG = Topic("catalog.items.v1", CatalogItem, "sku", "compact")
MATCHES = Topic("catalog.matches.v1", Match, "competitor|product", "compact")
STOCK = Topic("stock.levels.v1", StockLevel, "sku", "compact")
SALES = Topic("sales.units.v1", UnitsSold, "sku", "delete", 90 * DAY_MS)
EVENTS = Topic("market.events.v1", Event, "sku, else competitor|product", "delete", 30 * DAY_MS)
PROPOSALS = Topic("pricing.proposals.v1", Proposal, "sku", "delete", 30 * DAY_MS)
DECISIONS = Topic("pricing.decisions.v1", Decision, "sku", "compact")
ALERTS = Topic("alerts.raised.v1", Alert, "episode", "delete", 30 * DAY_MS)
CRAWL_REQUESTS = Topic("crawl.requests.v1", CrawlRequest, "url", "delete", DAY_MS)
CHECKPOINTS = Topic("streams.checkpoints.v1", bytes, "partition, slot, chunk", "compact")

TOPICS: tuple[Topic, ...] = (
    OBSERVATIONS,
    CATALOG,
    MATCHES,
    STOCK,
    SALES,
    EVENTS,
    PROPOSALS,
    DECISIONS,
    ALERTS,
    CRAWL_REQUESTS,
    CHECKPOINTS,
)
DEAD_TOPICS: tuple[Topic, ...] = tuple(
    Topic(topic.dead, bytes, "as source", "delete", 30 * DAY_MS) for topic in TOPICS if topic is not CHECKPOINTS
)
