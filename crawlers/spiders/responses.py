"""Scrapy's responses as the rest of the crawl reads them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from contracts.errors import UnavailableError
from crawlers.extract.blocked import BLOCK_STATUSES
from crawlers.fetch.backoff import PostponedError
from crawlers.items import FailedPage
from crawlers.metrics import REQUESTS
from crawlers.pages.observe import Answer
from crawlers.pages.visits import NOT_MODIFIED
from crawlers.pages.watchlist import Row

STATUSES = [*BLOCK_STATUSES, NOT_MODIFIED, 404, 410, 500, 502, 504]  # answers that are ours to read


def answer_of(response: Response) -> Answer:
    """What came, as of now."""

    def header(name: str) -> str:
        return (response.headers.get(name) or b"").decode("latin-1")

    return Answer(
        response.url,
        response.body,
        now_ms(),
        response.status,
        header("Content-Type"),
        header("ETag"),
        header("Last-Modified"),
    )


async def unanswered(failure: Failure, row: Row, count: Callable[[str], None]) -> AsyncIterator[FailedPage | Request]:
    """What comes of a request without an answer: the same again after a while, or a failure that is counted."""
    request: Request = failure.request  # type: ignore[attr-defined]
    if isinstance(failure.value, PostponedError):
        await asyncio.sleep(failure.value.seconds)
        yield request.replace(dont_filter=True)
        return
    count("refused" if isinstance(failure.value, IgnoreRequest) else "unreachable")
    yield FailedPage(row, UnavailableError(f"{row.url} could not be fetched: {failure.getErrorMessage()[:200]}"))


def counted(outcomes: Counter[str], competitor: str, outcome: str) -> None:
    """Count how a request ended, here and as a metric."""
    outcomes[outcome] += 1
    REQUESTS.labels(competitor, outcome).inc()


def now_ms() -> int:
    """Epoch ms UTC."""
    return time.time_ns() // 1_000_000
