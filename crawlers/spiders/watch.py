"""The spider over a watchlist: asks for every page once a round, and says how each request ended."""

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
from crawlers.watchlist import Row


class WatchSpider(scrapy.Spider):
    """Yields one Observation or FailedPage a page. `every` None: one round only.

    `progress` is called after each round with the outcomes so far.
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
        self._pending: set[str] = set()

    async def start(self) -> AsyncIterator[Any]:
        """Rounds over the watchlist; a page that is still under way is not asked for again."""
        while True:
            began = time.monotonic()
            for row in self.rows:
                if row.url not in self._pending:
                    self._pending.add(row.url)
                    yield self._request(row)
            if self.every is None:
                return
            await asyncio.sleep(max(0.05, self.every - (time.monotonic() - began)))
            self._progress(self.outcomes)

    def _request(self, row: Row) -> Request:
        meta = {"competitor": row.competitor, "handle_httpstatus_all": False}
        statuses = [*BLOCK_STATUSES, 404, 410, 500, 502, 504]
        return Request(
            row.url,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"row": row},
            dont_filter=True,
            meta={**meta, "handle_httpstatus_list": statuses},
        )

    def parse(self, response: Response, row: Row) -> Iterator[Observation | FailedPage]:
        """One observation of the page, or why there is none."""
        observed_at = time.time_ns() // 1_000_000
        self._pending.discard(row.url)
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        try:
            if response.status in (404, 410) or (response.status >= 500 and response.status not in BLOCK_STATUSES):
                raise BadPageError(f"a product page was expected at {row.url}; was HTTP status {response.status}")
            yield observe(
                row, response.body, response.url, observed_at, kind, response.status, self.currency, self.shops
            )
            self._ended(row, "ok")
        except BadPageError as error:
            self._ended(row, error.code)
            yield FailedPage(row, error, content_hash(response.body))

    def failed(self, failure: Failure) -> Iterator[FailedPage]:
        """A page that could not be fetched: refused by us, or not reached."""
        row: Row = failure.request.cb_kwargs["row"]  # type: ignore[attr-defined]
        self._pending.discard(row.url)
        refused = isinstance(failure.value, IgnoreRequest)
        self._ended(row, "refused" if refused else "unreachable")
        yield FailedPage(row, UnavailableError(f"{row.url} could not be fetched: {failure.getErrorMessage()[:200]}"))

    def _ended(self, row: Row, outcome: str) -> None:
        self.outcomes[outcome] += 1
        REQUESTS.labels(row.competitor, outcome).inc()
