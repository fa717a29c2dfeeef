"""Run a crawl in this process until it is done or asked to stop."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from scrapy.crawler import CrawlerProcess

from contracts.errors import UnavailableError
from crawlers import shops
from crawlers.memory import Memory
from crawlers.outbox import STAGE, Outbox
from crawlers.requests import Requests
from crawlers.settings import scrapy_settings
from crawlers.snapshots import Snapshots
from crawlers.spiders.watch import WatchSpider
from crawlers.spool import Spool
from crawlers.visits import Visits
from crawlers.watchlist import Row
from runtime.metrics import known_stage
from runtime.settings import Settings


def run(
    rows: Sequence[Row],
    settings: Settings,
    every: float | None = None,
    allow_private: bool = False,
    progress: Callable[[Counter[str]], None] = lambda _: None,
) -> Counter[str]:
    """Crawl the rows once, or every so many seconds; outcomes counted ("ok", "no_price", ...).

    UnavailableError where Kafka does not answer or has not taken everything.
    """
    known_stage(STAGE)
    shops.read(settings.shops)  # what is wrong in it is said before anything starts
    outbox = Outbox(settings.kafka, Spool(settings.data / "spool"))
    requests = None if every is None else Requests(settings.kafka)
    try:
        outcomes = crawl(rows, settings, outbox, requests, every, allow_private, progress)
    finally:
        if requests is not None:
            requests.close()
    outbox.close()
    return outcomes


def crawl(
    rows: Sequence[Row],
    settings: Settings,
    outbox: Outbox,
    requests: Requests | None = None,
    every: float | None = None,
    allow_private: bool = False,
    progress: Callable[[Counter[str]], None] = lambda _: None,
) -> Counter[str]:
    """Crawl and put what is seen into the outbox; outcomes counted."""
    memory = Memory(settings.data / "crawl.sqlite")
    try:
        visits = Visits(memory, _snapshots(settings), shops.read(settings.shops), settings.currency)
        visits.prune(time.time_ns() // 1_000_000)
        process = CrawlerProcess(scrapy_settings(settings, allow_private))
        crawler = process.create_crawler(WatchSpider)
        process.crawl(
            crawler,
            rows=tuple(rows),
            visits=visits,
            every=every,
            progress=progress,
            outbox=outbox,
            requests=requests,
            shop_per_minute=settings.shop_per_minute,
        )
        process.start()
    finally:
        memory.close()
    spider = crawler.spider
    if not isinstance(spider, WatchSpider):
        raise UnavailableError("the crawl could not start; see the log above")
    return spider.outcomes


def _snapshots(settings: Settings) -> Snapshots:
    return Snapshots(settings.data / "snapshots", settings.snapshot_days, settings.snapshot_megabytes * 1024**2)
