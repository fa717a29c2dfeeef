"""Run a crawl in this process until it is done or asked to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from typing import Any

from scrapy.crawler import CrawlerProcess

from contracts.errors import UnavailableError
from crawlers import javascript, shops
from crawlers.answers import now_ms
from crawlers.discovered import Discovered
from crawlers.extract import Shops
from crawlers.gleaning import Evidence, Gleaning
from crawlers.harvest import Harvest
from crawlers.keeper import Keeper
from crawlers.memory import FILE, Memory
from crawlers.outbox import STAGE, Outbox
from crawlers.passage import passage
from crawlers.requests import Requests
from crawlers.settings import scrapy_settings
from crawlers.shelf import Shelf
from crawlers.snapshots import Snapshots
from crawlers.spiders.watch import WatchSpider
from crawlers.spool import Spool
from crawlers.targets import Targets
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
    known: Iterable[Row] = (),
    keeper: Keeper | None = None,
) -> Counter[str]:
    """Crawl the rows once, or every so many seconds; outcomes counted ("ok", "no_price", ...).

    UnavailableError where Kafka does not answer or has not taken everything.
    """
    known_stage(STAGE)
    # What is wrong in the file is said before anything starts.
    if javascript.wanted(shops.read(settings.shops)):
        javascript.scrapy_settings(settings, "")
    shops.read_sources(settings.shops)
    outbox = Outbox(settings.kafka, Spool(settings.data / "spool"))
    requests = None if every is None else Requests(settings.kafka)
    try:
        outcomes = crawl(rows, settings, outbox, requests, every, allow_private, progress, known, keeper)
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
    known: Iterable[Row] = (),
    keeper: Keeper | None = None,
) -> Counter[str]:
    """Crawl and put what is seen into the outbox; outcomes counted.

    `known`: products that are not watched, but known where a feed or a listing names them.
    `keeper`: where what is learned of the pages is kept over a restart.
    """
    with ExitStack() as stack:
        memory = stack.enter_context(closing(Memory(settings.data / FILE)))
        page_objects = shops.read(settings.shops)
        visits = Visits(memory, _snapshots(settings), page_objects, settings.currency)
        visits.prune(now_ms())
        harvest = _harvest(rows, known, settings, memory, visits, every, stack)
        browser = _browser(settings, page_objects, allow_private, stack)
        polite = {**scrapy_settings(settings, allow_private), **browser}
        process = CrawlerProcess(polite)
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
            harvest=harvest,
            keeper=keeper,
            pending_per_shop=2 * polite["CONCURRENT_REQUESTS_PER_DOMAIN"],
        )
        process.start()
    spider = crawler.spider
    if not isinstance(spider, WatchSpider):
        raise UnavailableError("the crawl could not start; see the log above")
    return spider.outcomes


def _harvest(
    rows: Sequence[Row],
    known: Iterable[Row],
    settings: Settings,
    memory: Memory,
    visits: Visits,
    every: float | None,
    stack: ExitStack,
) -> Callable[[Counter[str]], Harvest] | None:
    """What reads the sources of the settings, once the spider says where it counts; None where there are none."""
    sources = shops.read_sources(settings.shops)
    if not sources:
        return None
    discovered = stack.enter_context(closing(Discovered(settings.data / FILE)))
    discovered.prune(now_ms())
    targets, shelf = Targets([*rows, *known]), Shelf(settings.data / "downloads", memory)
    evidence = Evidence(memory, _snapshots(settings))

    def made(outcomes: Counter[str]) -> Harvest:
        gleaning = Gleaning(targets, discovered, evidence, outcomes, settings.currency)
        return Harvest(sources, gleaning, discovered, visits, shelf, every, outcomes)

    return made


def _browser(settings: Settings, page_objects: Shops, allow_private: bool, stack: ExitStack) -> dict[str, Any]:
    """What Scrapy is told of the browser, with the way out it has; empty where no shop needs one."""
    if not javascript.wanted(page_objects):
        return {}
    return javascript.scrapy_settings(settings, stack.enter_context(passage(allow_private)))


def _snapshots(settings: Settings) -> Snapshots:
    return Snapshots(settings.data / "snapshots", settings.snapshot_days, settings.snapshot_megabytes * 1024**2)
