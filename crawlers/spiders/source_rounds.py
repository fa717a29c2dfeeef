"""Reads shops' feeds, listings and sitemaps within the crawl: what to ask for, and what comes of the answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from contracts.errors import BadPageError, BlockedPageError
from contracts.ids import content_hash
from contracts.observations import Observation
from crawlers.extract.blocked import BLOCK_STATUSES
from crawlers.fetch.files import TO_FILE
from crawlers.items import FailedPage, FailedRow
from crawlers.metrics import REQUESTS
from crawlers.pages.observe import Answer
from crawlers.pages.visits import NOT_MODIFIED
from crawlers.pages.watchlist import Row
from crawlers.sources import feeds, sitemaps
from crawlers.sources.copies import FeedCopies
from crawlers.sources.listings import Listing, read, with_parameter
from crawlers.sources.reading import RowReader
from crawlers.sources.source import Source, same_site
from crawlers.spiders.discovery import Discovery
from crawlers.spiders.responses import STATUSES, answer_of, counted, now_ms, unanswered

AT_ONCE = 200  # rows between two breaths of the crawl
MOST_SITEMAPS = 1_000  # of one index
DEEPEST = 3  # index of indexes

Item = Observation | FailedPage | FailedRow | Request


class Round(NamedTuple):
    """One reading of a source: which of its pages this is, and what its pages were so far (shared by them)."""

    source: Source
    seen: set[str]
    number: int = 1

    def next(self) -> Round:
        """The round at its next page."""
        return self._replace(number=self.number + 1)


class SourceRounds:
    """Sources, when each is due, and how its answers are read.

    Args:
        every: seconds between two readings where a source says nothing; None: one reading.
        outcomes: counted here as those of pages are.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        reader: RowReader,
        discovery: Discovery,
        copies: FeedCopies,
        every: float | None,
        outcomes: Counter[str],
    ) -> None:
        self._sources, self._reader, self._discovery = sources, reader, discovery
        self._copies, self._every, self._outcomes = copies, every, outcomes
        self._due: dict[int, float] = dict.fromkeys(range(len(sources)), 0.0)

    def requests(self) -> Iterator[Request]:
        """What is to be asked for now."""
        for number, source in enumerate(self._sources):
            if time.monotonic() < self._due.get(number, float("inf")):
                continue
            seconds = self._every if source.every_minutes is None else source.every_minutes * 60.0
            if self._every is None or seconds is None:
                del self._due[number]
            else:
                self._due[number] = time.monotonic() + seconds
            self._discovery.round_begins(source)
            yield self._request(Round(source, {source.url}), source.url)

    def _request(self, at: Round, url: str) -> Request:
        source, is_listing = at.source, at.source.kind == "listing"
        headers = {} if is_listing else {"Accept-Encoding": "gzip"}
        if source.kind == "feed" and not _paged(source):
            headers |= self._copies.headers(source, now_ms())
        meta = {"competitor": source.competitor, "handle_httpstatus_list": STATUSES}
        if is_listing:
            meta |= self._discovery.browser(Row(competitor=source.competitor, url=url))
        return Request(
            url,
            headers=headers,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"at": at},
            dont_filter=True,
            meta=meta if is_listing else {**meta, TO_FILE: str(self._copies.part())},
        )

    async def parse(self, response: Response, at: Round) -> AsyncIterator[Item]:
        """Everything that an answer of a source gives."""
        part = Path(response.meta[TO_FILE]) if TO_FILE in response.meta else None
        try:
            _check(response, at)
            count = 0
            for count, item in enumerate(self._read(response, at, part), 1):
                yield item
                if count % AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._outcomes["source_pages"] += 1
            REQUESTS.labels(at.source.competitor, "ok").inc()
        except BadPageError as error:
            counted(self._outcomes, at.source.competitor, error.code)
            yield FailedPage(Row(competitor=at.source.competitor, url=response.url), error)
        finally:
            if part is not None:
                part.unlink(missing_ok=True)

    def failed(self, failure: Failure) -> AsyncIterator[FailedPage | Request]:
        """A page of a source that was put off or could not be reached."""
        request: Request = failure.request  # type: ignore[attr-defined]
        if TO_FILE in request.meta:
            Path(request.meta[TO_FILE]).unlink(missing_ok=True)
        competitor = request.meta["competitor"]
        return unanswered(
            failure, Row(competitor=competitor, url=request.url), partial(counted, self._outcomes, competitor)
        )

    def _read(self, response: Response, at: Round, part: Path | None) -> Iterator[Item]:
        answer = answer_of(response)
        if part is None:
            yield from self._listing(answer, at)
        elif at.source.kind == "sitemap":
            yield from self._sitemap(part, at)
        else:
            yield from self._feed(answer, part, at)

    def _feed(self, answer: Answer, part: Path, at: Round) -> Iterator[Item]:
        source, ids = at.source, sha256()
        if answer.status == NOT_MODIFIED:
            path = self._copies.copy(source)
        else:
            path = part if _paged(source) else self._copies.keep(source, part, answer)
        none = ids.digest()
        for item in self._reader.rows(feeds.rows(path, source), source, answer.observed_at):
            if isinstance(item, Observation):
                ids.update(f"{item.product_id}\n".encode())
            yield item
        if not _paged(source) or ids.digest() == none:
            return
        if said := feeds.next_page(path, source) if source.next else str(source.first_page + at.number):
            url = with_parameter(source.url, source.page, said) if source.page else urljoin(answer.url, said)
            yield from self._onward(at, url, ids.hexdigest())

    def _listing(self, answer: Answer, at: Round) -> Iterator[Item]:
        source = at.source
        found = read(answer.body, answer.url, source, at.number, answer.content_type, answer.status)
        yield from self._reader.rows(enumerate(found.tiles, 1), source, answer.observed_at)
        self._discovery.note(source, found.links, answer.observed_at)
        if found.next_url:
            yield from self._onward(at, found.next_url, content_hash("\n".join(found.links + _texts(found)).encode()))
        yield from self._discovery.requests(source, answer.observed_at)

    def _sitemap(self, part: Path, at: Round) -> Iterator[Item]:
        source, pages, now = at.source, list[str](), now_ms()
        for url, is_sitemap in sitemaps.addresses(part):
            if is_sitemap and at.number < DEEPEST and len(at.seen) < MOST_SITEMAPS:
                yield from self._onward(at, url, url)
            elif not is_sitemap and source.is_product(url):
                pages.append(url)
            if len(pages) >= AT_ONCE:
                self._discovery.note(source, pages, now)
                pages.clear()
        self._discovery.note(source, pages, now)
        yield from self._discovery.requests(source, now)

    def _onward(self, at: Round, url: str, what: str) -> Iterator[Request]:
        """The next page of a source, unless it was there already, leads away or is one too many.

        `what` the page that leads to it held: a shop that answers every number with its last page does not end.
        """
        source = at.source
        if url in at.seen or (what != url and what in at.seen) or not same_site(url, source.url):
            return
        if source.kind != "sitemap" and at.number >= source.most_pages:
            return
        at.seen.update((url, what))
        yield self._request(at.next(), url)


def _check(response: Response, at: Round) -> None:
    """BadPageError where an answer is none."""
    status = response.status
    if status in BLOCK_STATUSES and at.source.kind != "listing":
        raise BlockedPageError(f"a {at.source.kind} was expected at {response.url}; was HTTP status {status}")
    if status not in (200, NOT_MODIFIED) and status not in BLOCK_STATUSES:
        raise BadPageError(f"a {at.source.kind} was expected at {response.url}; was HTTP status {status}")


def _paged(source: Source) -> bool:
    return bool(source.next or source.page)


def _texts(found: Listing) -> list[str]:
    return [" ".join(tile.values()) for tile in found.tiles]
