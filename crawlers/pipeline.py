"""Item pipeline: observations and failures to Kafka; slows the crawl where Kafka is slow."""

from __future__ import annotations

import asyncio
from typing import Any

from scrapy.crawler import Crawler

from contracts.codec import encode
from contracts.errors import BadPageError
from contracts.observations import Observation
from crawlers.items import FailedPage
from crawlers.metrics import FAILURES, LAST_GOOD
from crawlers.outbox import Outbox

FLUSH_SECONDS = 0.1


class KafkaPipeline:
    """Sends through the `outbox` of the spider (settings are copied, a producer cannot be)."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._timer: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> KafkaPipeline:
        return cls(getattr(crawler.spider, "outbox"))  # noqa: B009 spiders declare no such attribute

    async def process_item(self, item: Any) -> Any:
        """Count and send; waits while too much is unacknowledged, which holds the crawl back."""
        while self._outbox.crowded and self._outbox.failed is None:  # noqa: ASYNC110 the producer has a thread
            await asyncio.sleep(0.02)
        if isinstance(item, Observation):
            self._outbox.add(item)
            LAST_GOOD.labels(item.competitor).set(item.observed_at / 1000)
        elif isinstance(item, FailedPage):
            FAILURES.labels(item.row.competitor, item.error.code).inc()
            if isinstance(item.error, BadPageError):
                self._outbox.dead_letter(encode(item.row), item.error, item.evidence)
        if self._timer is None or self._timer.done():
            self._timer = asyncio.get_running_loop().create_task(self._flush_soon())
        return item

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        self._outbox.flush()
