"""Run a crawl in this process until it is done or asked to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

from scrapy.crawler import CrawlerProcess

from contracts.errors import UnavailableError
from crawlers import shops
from crawlers.extract import Shops
from crawlers.fetch import javascript
from crawlers.fetch.proxy import guarded_proxy
from crawlers.job import Job
from crawlers.messaging.outbox import STAGE, Outbox
from crawlers.messaging.requests import Requests
from crawlers.messaging.spool import Spool
from crawlers.pages.visits import Visits
from crawlers.settings import scrapy_settings
from crawlers.sources.copies import FeedCopies
from crawlers.sources.discovered import Discovered
from crawlers.sources.known import KnownProducts
from crawlers.sources.reading import Evidence, RowReader
from crawlers.spiders.discovery import Discovery
from crawlers.spiders.responses import now_ms
from crawlers.spiders.source_rounds import SourceRounds
from crawlers.spiders.watch import WatchSpider
from crawlers.storage.pages import FILE, PageStore
from crawlers.storage.snapshots import Snapshots
from runtime.metrics import known_stage
from runtime.settings import Settings


def run(job: Job) -> Counter[str]:
    """Crawl and send to Kafka; outcomes counted ("ok", "no_price", ...).

    UnavailableError where Kafka does not answer or has not taken everything.
    """
    settings = job.settings
    known_stage(STAGE)
    # What is wrong in the file is said before anything starts.
    if javascript.wanted(shops.read(settings.shops)):
        javascript.scrapy_settings(settings, "")
    shops.read_sources(settings.shops)
    outbox = Outbox(settings.kafka, Spool(settings.data / "spool"))
    requests = None if job.every is None else Requests(settings.kafka)
    try:
        outcomes = crawl(job, outbox, requests)
    finally:
        if requests is not None:
            requests.close()
    outbox.close()
    return outcomes


def crawl(job: Job, outbox: Outbox, requests: Requests | None = None) -> Counter[str]:
    """Crawl and put what is seen into the outbox; outcomes counted."""
    settings = job.settings
    with ExitStack() as stack:
        store = stack.enter_context(closing(PageStore(settings.data / FILE)))
        page_objects = shops.read(settings.shops)
        visits = Visits(store, _snapshots(settings), page_objects, settings.currency)
        visits.prune(now_ms())
        scrapy = {
            **scrapy_settings(settings, job.allow_private),
            **_browser(settings, page_objects, job.allow_private, stack),
        }
        process = CrawlerProcess(scrapy)
        crawler = process.create_crawler(WatchSpider)
        process.crawl(
            crawler,
            job=job,
            visits=visits,
            outbox=outbox,
            requests=requests,
            source_rounds=_source_rounds(job, store, visits, stack),
            pending_per_shop=2 * scrapy["CONCURRENT_REQUESTS_PER_DOMAIN"],
        )
        process.start()
    spider = crawler.spider
    if not isinstance(spider, WatchSpider):
        raise UnavailableError("the crawl could not start; see the log above")
    return spider.outcomes


def _source_rounds(
    job: Job, store: PageStore, visits: Visits, stack: ExitStack
) -> Callable[[Counter[str]], SourceRounds] | None:
    """What reads the sources of the settings, once the spider says where it counts; None where there are none."""
    settings = job.settings
    sources = shops.read_sources(settings.shops)
    if not sources:
        return None
    discovered = stack.enter_context(closing(Discovered(settings.data / FILE)))
    discovered.prune(now_ms())
    known, copies = KnownProducts([*job.rows, *job.known]), FeedCopies(settings.data / "downloads", store)
    evidence = Evidence(store, _snapshots(settings))

    def made(outcomes: Counter[str]) -> SourceRounds:
        reader = RowReader(known, discovered, evidence, outcomes, settings.currency)
        discovery = Discovery(known, discovered, visits, outcomes)
        return SourceRounds(sources, reader, discovery, copies, job.every, outcomes)

    return made


def _browser(settings: Settings, page_objects: Shops, allow_private: bool, stack: ExitStack) -> dict[str, Any]:
    """What Scrapy is told of the browser, with the way out it has; empty where no shop needs one."""
    if not javascript.wanted(page_objects):
        return {}
    return javascript.scrapy_settings(settings, stack.enter_context(guarded_proxy(allow_private)))


def _snapshots(settings: Settings) -> Snapshots:
    return Snapshots(settings.data / "snapshots", settings.snapshot_days, settings.snapshot_megabytes * 1024**2)
