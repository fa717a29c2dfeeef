"""The spider over a watchlist: asks for each page when it is worth most, and says how each request ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import scrapy
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from contracts.errors import BadPageError
from contracts.observations import Observation
from crawlers.fetch import javascript
from crawlers.items import FailedPage
from crawlers.job import Job
from crawlers.messaging.outbox import Outbox
from crawlers.messaging.requests import Requests
from crawlers.pages.visits import Visits
from crawlers.pages.watchlist import Row
from crawlers.scheduling.frontier import PENDING_PER_SHOP, Frontier
from crawlers.spiders.responses import STATUSES, answer_of, counted, now_ms, unanswered
from crawlers.spiders.source_rounds import SourceRounds
from crawlers.storage.snapshots import evidence_of

PRUNE_SECONDS = 3600.0
URGENT = 100  # of Scrapy: higher goes first


class WatchSpider(scrapy.Spider):
    """Yields one Observation or FailedPage a visit.

    Where the job has no `every`: one round only, in the order of the watchlist. Else a page is fetched every so
    many seconds on average, those oftener whose prices move; `requests` go before the others.
    """

    name = "watch"

    def __init__(
        self,
        job: Job,
        visits: Visits,
        outbox: Outbox,
        requests: Requests | None = None,
        source_rounds: Callable[[Counter[str]], SourceRounds] | None = None,
        pending_per_shop: int = PENDING_PER_SHOP,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.visits = visits
        self._pruned = time.monotonic()
        self.outcomes: Counter[str] = Counter()
        self.outbox = outbox
        self._requests = requests
        self._source_rounds = None if source_rounds is None else source_rounds(self.outcomes)
        self._frontier = None
        if job.every is not None:
            shop_per_minute = job.settings.shop_per_minute
            self._frontier = Frontier(job.rows, job.every, now_ms(), shop_per_minute, pending_per_shop)
        if self._frontier is not None and job.autosave is not None:
            job.autosave.restore(self._frontier, now_ms())

    async def start(self) -> AsyncIterator[Any]:
        """One round over the watchlist, or visits for as long as the crawl runs."""
        if self._frontier is None or self.job.every is None:
            for row in self.job.rows:
                yield self._request(row)
            for request in self._sources():
                yield request
            return
        tick, told = min(1.0, self.job.every / 8), time.monotonic()
        while True:
            if self._requests is not None:
                self._frontier.press(self._requests.take())
            for row, wanted in self._frontier.next(now_ms()):
                yield self._request(row, wanted)
            for request in self._sources():
                yield request
            await asyncio.sleep(tick)
            if self.job.autosave is not None:
                await self.job.autosave.save_if_due(self._frontier)
            if time.monotonic() - self._pruned >= PRUNE_SECONDS:
                self._pruned = time.monotonic()
                await asyncio.to_thread(self.visits.prune, now_ms())
            if time.monotonic() - told >= self.job.every:
                told = time.monotonic()
                self.job.progress(self.outcomes)

    def closed(self, _reason: str) -> None:
        """Scrapy calls it at the end: what was learned is kept."""
        if self._frontier is not None and self.job.autosave is not None:
            self._frontier.learn(now_ms())
            self.job.autosave.save(self._frontier)

    def _sources(self) -> Iterator[Request]:
        """Feeds, listings and sitemaps whose time has come."""
        return iter(()) if self._source_rounds is None else self._source_rounds.requests()

    def _request(self, row: Row, wanted: bool = False) -> Request:
        """A page; whole where it is `wanted` or made by scripts, else only if it has changed."""
        browser = javascript.meta(self.visits.shop(row))
        return Request(
            row.url,
            headers={} if wanted or browser else self.visits.headers(row, now_ms()),
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"row": row, "wanted": wanted},
            dont_filter=True,
            priority=URGENT if wanted else 0,
            meta={"competitor": row.competitor, "handle_httpstatus_list": STATUSES, **browser},
        )

    def parse(self, response: Response, row: Row, wanted: bool = False) -> Iterator[Observation | FailedPage]:
        """One observation of the page, or why there is none."""
        try:
            seen = self.visits.read(row, answer_of(response), wanted)
            self._ended(row, "ok", seen.price_minor)
            yield seen
        except BadPageError as error:
            self._ended(row, error.code)
            yield FailedPage(row, error, evidence_of(response.body))

    def failed(self, failure: Failure) -> AsyncIterator[FailedPage | Request]:
        """A page that could not be fetched: put off, refused by us, or not reached."""
        row: Row = failure.request.cb_kwargs["row"]  # type: ignore[attr-defined]
        return unanswered(failure, row, partial(self._ended, row))

    def _ended(self, row: Row, outcome: str, price_minor: int | None = None) -> None:
        counted(self.outcomes, row.competitor, outcome)
        if self._frontier is not None:
            self._frontier.ended(row, outcome == "ok", price_minor)
