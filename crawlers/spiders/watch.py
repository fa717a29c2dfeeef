"""The spider over a watchlist: asks for each page when it is worth most, and says how each request ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import scrapy
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from contracts.errors import BadPageError, UnavailableError
from contracts.ids import content_hash
from contracts.money import UNSTATED
from contracts.observations import Observation
from crawlers.extract.blocked import BLOCK_STATUSES
from crawlers.extract.overrides import NONE, Shops
from crawlers.items import FailedPage
from crawlers.metrics import REQUESTS
from crawlers.observe import observe
from crawlers.outbox import Outbox
from crawlers.requests import Requests
from crawlers.turns import Turns
from crawlers.watchlist import Row

URGENT = 100  # of Scrapy: higher goes first


class WatchSpider(scrapy.Spider):
    """Yields one Observation or FailedPage a visit.

    `every` None: one round only, in the order of the watchlist. Else a page is fetched every so many
    seconds on average, those oftener whose prices move; `requests` go before the others.

    `progress` is called every so often with the outcomes so far.
    """

    name = "watch"

    def __init__(
        self,
        rows: tuple[Row, ...] = (),
        every: float | None = None,
        currency: str = UNSTATED,
        progress: Callable[[Counter[str]], None] = lambda _: None,
        outbox: Outbox | None = None,
        shops: Shops = NONE,
        requests: Requests | None = None,
        shop_per_minute: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows = rows
        self.every = every
        self.currency = currency
        self.shops = shops
        self.outcomes: Counter[str] = Counter()
        self._progress = progress
        self.outbox = outbox
        self._requests = requests
        self._turns = None if every is None else Turns(rows, every, _now(), shop_per_minute)

    async def start(self) -> AsyncIterator[Any]:
        """One round over the watchlist, or visits for as long as the crawl runs."""
        if self._turns is None or self.every is None:
            for row in self.rows:
                yield self._request(row)
            return
        tick, told = min(1.0, self.every / 8), time.monotonic()
        while True:
            if self._requests is not None:
                self._turns.press(self._requests.take())
            for row, urgent in self._turns.next(_now()):
                yield self._request(row, URGENT if urgent else 0)
            await asyncio.sleep(tick)
            if time.monotonic() - told >= self.every:
                told = time.monotonic()
                self._progress(self.outcomes)

    def _request(self, row: Row, priority: int = 0) -> Request:
        meta = {"competitor": row.competitor, "handle_httpstatus_all": False}
        statuses = [*BLOCK_STATUSES, 404, 410, 500, 502, 504]
        return Request(
            row.url,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"row": row},
            dont_filter=True,
            priority=priority,
            meta={**meta, "handle_httpstatus_list": statuses},
        )

    def parse(self, response: Response, row: Row) -> Iterator[Observation | FailedPage]:
        """One observation of the page, or why there is none."""
        observed_at = _now()
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        try:
            if response.status in (404, 410) or (response.status >= 500 and response.status not in BLOCK_STATUSES):
                raise BadPageError(f"a product page was expected at {row.url}; was HTTP status {response.status}")
            seen = observe(
                row, response.body, response.url, observed_at, kind, response.status, self.currency, self.shops
            )
            self._ended(row, "ok", seen.price_minor)
            yield seen
        except BadPageError as error:
            self._ended(row, error.code)
            yield FailedPage(row, error, content_hash(response.body))

    def failed(self, failure: Failure) -> Iterator[FailedPage]:
        """A page that could not be fetched: refused by us, or not reached."""
        row: Row = failure.request.cb_kwargs["row"]  # type: ignore[attr-defined]
        refused = isinstance(failure.value, IgnoreRequest)
        self._ended(row, "refused" if refused else "unreachable")
        yield FailedPage(row, UnavailableError(f"{row.url} could not be fetched: {failure.getErrorMessage()[:200]}"))

    def _ended(self, row: Row, outcome: str, price_minor: int | None = None) -> None:
        self.outcomes[outcome] += 1
        REQUESTS.labels(row.competitor, outcome).inc()
        if self._turns is not None:
            self._turns.ended(row, outcome == "ok", price_minor)


def _now() -> int:
    return time.time_ns() // 1_000_000
