"""Item pipeline: observations and failures to Kafka; holds the crawl where Kafka and the disk take no more."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from scrapy.crawler import Crawler

from contracts.codec import encode
from contracts.errors import BadPageError
from contracts.observations import Observation
from crawlers.items import FailedPage, FailedRow
from crawlers.messaging.outbox import Outbox
from crawlers.metrics import FAILURES, LAST_GOOD, OBSERVATION_SECONDS

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
        """Count and send; waits while the spool is full, which holds the crawl back."""
        while self._outbox.crowded:
            await asyncio.sleep(FLUSH_SECONDS)
            self._outbox.flush()
        if isinstance(item, Observation):
            self._outbox.add(item)
            LAST_GOOD.labels(item.competitor).set(item.observed_at / 1000)
            OBSERVATION_SECONDS.labels(item.competitor).observe(max(0.0, time.time() - item.observed_at / 1000))
        elif isinstance(item, FailedPage):
            FAILURES.labels(item.row.competitor, item.error.code).inc()
            if isinstance(item.error, BadPageError):
                self._outbox.dead_letter(encode(item.row), item.error, item.evidence)
        elif isinstance(item, FailedRow):
            FAILURES.labels(item.competitor, item.error.code).inc()
            self._outbox.dead_letter(item.value, item.error, "")
        if self._timer is None or self._timer.done():
            self._timer = asyncio.get_running_loop().create_task(self._flush_soon())
        return item

    async def close_spider(self) -> None:
        """Leave what is open to the outbox, which is closed after the crawl."""
        if self._timer is not None:
            self._timer.cancel()

    async def _flush_soon(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._outbox.flush()
            if not self._outbox.behind:
                return
