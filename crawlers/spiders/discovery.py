"""Product pages that sources name and nobody watches: noted, and visited a few at a time to learn of what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from contracts.errors import BadPageError
from contracts.observations import Observation
from crawlers.fetch import javascript
from crawlers.items import FailedPage
from crawlers.matching.products import Offered, Product
from crawlers.pages.visits import Visits
from crawlers.pages.watchlist import Row
from crawlers.sources.discovered import Candidate, Discovered
from crawlers.sources.known import KnownProducts
from crawlers.sources.source import Source
from crawlers.spiders.responses import STATUSES, answer_of, counted, unanswered
from crawlers.storage.snapshots import evidence_of


class Discovery:
    """Notes pages, and asks for some of them within what each source may fetch in one round (`most_new`)."""

    def __init__(self, known: KnownProducts, discovered: Discovered, visits: Visits, outcomes: Counter[str]) -> None:
        self._known, self._discovered, self._visits, self._outcomes = known, discovered, visits, outcomes
        self._left: dict[tuple[str, str], int] = {}

    def round_begins(self, source: Source) -> None:
        """The source may fetch new pages again."""
        self._left[source.competitor, source.url] = source.most_new

    def browser(self, row: Row) -> dict[str, Any]:
        """What a request's meta says where the page is made by scripts."""
        return javascript.meta(self._visits.shop(row))

    def note(self, source: Source, urls: Sequence[str], now: int) -> None:
        """Pages that a source names; those that are watched are known already."""
        rows = (Row(competitor=source.competitor, url=url) for url in urls)
        new = [Candidate(row.product, row.url) for row in rows if not self._watched(row)]
        self._outcomes["named"] += len(urls)
        if new:
            self._discovered.note_pages(source.competitor, new, now)

    def requests(self, source: Source, now: int) -> Iterator[Request]:
        """Visits of pages that nobody has looked at, within what is left of the round's."""
        key = (source.competitor, source.url)
        found = self._discovered.to_look_at(source.competitor, self._left.get(key, 0), now)
        self._left[key] = self._left.get(key, 0) - len(found)
        for candidate in found:
            row = Row(competitor=source.competitor, url=candidate.url, product_id=candidate.product_id)
            yield Request(
                candidate.url,
                callback=self.parse,
                errback=self.failed,
                cb_kwargs={"row": row},
                dont_filter=True,
                meta={"competitor": source.competitor, "handle_httpstatus_list": STATUSES, **self.browser(row)},
            )

    def parse(self, response: Response, row: Row) -> Iterator[Observation | FailedPage]:
        """What a page is of that nobody has looked at yet."""
        try:
            seen = self._visits.read(row, answer_of(response))
        except BadPageError as error:
            counted(self._outcomes, row.competitor, error.code)
            yield FailedPage(row, error, evidence_of(response.body))
            return
        counted(self._outcomes, row.competitor, "ok")
        is_of = self._visits.identity(row)
        product = Product(key=row.product, name=is_of.name, gtin=is_of.gtin)
        self._discovered.note([Offered(row.competitor, product, row.url)], seen.observed_at)
        yield seen

    def failed(self, failure: Failure) -> AsyncIterator[FailedPage | Request]:
        """A new page that was put off or could not be reached."""
        row: Row = failure.request.cb_kwargs["row"]  # type: ignore[attr-defined]
        return unanswered(failure, row, partial(counted, self._outcomes, row.competitor))

    def _watched(self, row: Row) -> bool:
        return self._known.of(row.competitor, row.product, row.url) is not None
