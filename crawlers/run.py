"""Run a crawl in this process until it is done or asked to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from scrapy.crawler import CrawlerProcess

from contracts.errors import UnavailableError
from crawlers import shops
from crawlers.outbox import STAGE, Outbox
from crawlers.requests import Requests
from crawlers.settings import scrapy_settings
from crawlers.spiders.watch import WatchSpider
from crawlers.spool import Spool
from crawlers.watchlist import Row, Watchlist, read
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
    page_objects = shops.read(settings.shops)
    outbox = Outbox(settings.kafka, Spool(settings.data / "spool"))
    requests = None if every is None else Requests(settings.kafka)
    process = CrawlerProcess(scrapy_settings(settings, allow_private))
    crawler = process.create_crawler(WatchSpider)
    process.crawl(
        crawler,
        rows=tuple(rows),
        every=every,
        currency=settings.currency,
        progress=progress,
        outbox=outbox,
        shops=page_objects,
        requests=requests,
        shop_per_minute=settings.shop_per_minute,
    )
    try:
        process.start()
    finally:
        if requests is not None:
            requests.close()
    outbox.close()
    spider = crawler.spider
    if not isinstance(spider, WatchSpider):
        raise UnavailableError("the crawl could not start; see the log above")
    return spider.outcomes


def load(path: Path) -> Watchlist:
    """The watchlist at a path; BadInputError."""
    return read(path)
