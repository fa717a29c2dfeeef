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
from crawlers import javascript
from crawlers.answers import answer_of, now_ms, unanswered
from crawlers.harvest import STATUSES, Harvest
from crawlers.items import FailedPage
from crawlers.keeper import Keeper
from crawlers.metrics import REQUESTS
from crawlers.outbox import Outbox
from crawlers.requests import Requests
from crawlers.snapshots import evidence_of
from crawlers.turns import PENDING_PER_SHOP, Turns
from crawlers.visits import Visits
from crawlers.watchlist import Row

PRUNE_SECONDS = 3600.0
URGENT = 100  # of Scrapy: higher goes first


class WatchSpider(scrapy.Spider):
    """Yields one Observation or FailedPage a visit.

    `every` None: one round only, in the order of the watchlist. Else a page is fetched every so many
    seconds on average, those oftener whose prices move; `requests` go before the others.

    `keeper` keeps what was learned of the pages over a restart.
    `progress` is called every so often with the outcomes so far.
    """

    name = "watch"

    def __init__(
        self,
        rows: tuple[Row, ...],
        visits: Visits,
        every: float | None = None,
        progress: Callable[[Counter[str]], None] = lambda _: None,
        outbox: Outbox | None = None,
        requests: Requests | None = None,
        shop_per_minute: float | None = None,
        harvest: Callable[[Counter[str]], Harvest] | None = None,
        keeper: Keeper | None = None,
        pending_per_shop: int = PENDING_PER_SHOP,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows = rows
        self.every = every
        self.visits = visits
        self._pruned = time.monotonic()
        self.outcomes: Counter[str] = Counter()
        self._progress = progress
        self.outbox = outbox
        self._requests = requests
        self._harvest = None if harvest is None else harvest(self.outcomes)
        self._turns = None if every is None else Turns(rows, every, now_ms(), shop_per_minute, pending_per_shop)
        self._keeper = keeper
        if self._turns is not None and keeper is not None:
            keeper.restore(self._turns, now_ms())

    async def start(self) -> AsyncIterator[Any]:
        """One round over the watchlist, or visits for as long as the crawl runs."""
        if self._turns is None or self.every is None:
            for row in self.rows:
                yield self._request(row)
            for request in self._sources():
                yield request
            return
        tick, told = min(1.0, self.every / 8), time.monotonic()
        while True:
            if self._requests is not None:
                self._turns.press(self._requests.take())
            for row, wanted in self._turns.next(now_ms()):
                yield self._request(row, wanted)
            for request in self._sources():
                yield request
            await asyncio.sleep(tick)
            if self._keeper is not None:
                await self._keeper.save_if_due(self._turns)
            if time.monotonic() - self._pruned >= PRUNE_SECONDS:
                self._pruned = time.monotonic()
                await asyncio.to_thread(self.visits.prune, now_ms())
            if time.monotonic() - told >= self.every:
                told = time.monotonic()
                self._progress(self.outcomes)

    def closed(self, _reason: str) -> None:
        """Scrapy calls it at the end: what was learned is kept."""
        if self._turns is not None and self._keeper is not None:
            self._turns.learn(now_ms())
            self._keeper.save(self._turns)

    def _sources(self) -> Iterator[Request]:
        """Feeds, listings and sitemaps whose time has come."""
        return iter(()) if self._harvest is None else self._harvest.requests()

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
        self.outcomes[outcome] += 1
        REQUESTS.labels(row.competitor, outcome).inc()
        if self._turns is not None:
            self._turns.ended(row, outcome == "ok", price_minor)
