"""Retry-After, and a circuit breaker for each shop."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

LONGEST_WAIT = 600.0
SHORT_WAIT = 1.0  # for so long a request may keep its place among those under way
PATIENT_STATUSES = frozenset({429, 503})
BREAK_AFTER, BREAK_SECONDS = 20, 300.0
ASKED_AGAIN = "priceradar_asked_again"


class PostponedError(IgnoreRequest):
    """A request that is to be made again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the shop wants to be left alone for {seconds:.0f} s")
        self.seconds = seconds


class Backoff:
    """Waits as long as Retry-After asks, and leaves a shop alone after many failures in a row."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._trying: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Backoff:  # noqa: ARG003 Scrapy calls with it
        return cls()

    async def process_request(self, request: Request) -> None:
        """Wait a little, or say when to come again; IgnoreRequest while the shop's circuit is open."""
        shop = _shop(request)
        wait = self._until.get(shop, 0.0) - time.monotonic()
        if self._failures.get(shop, 0) >= BREAK_AFTER:
            if wait > 0 or shop in self._trying:
                raise IgnoreRequest(f"circuit open after {BREAK_AFTER} failures in a row")
            self._trying.add(shop)  # this one closes the circuit, or opens it again
        elif wait > SHORT_WAIT:
            raise PostponedError(wait)
        elif wait > 0:
            await asyncio.sleep(wait)

    def at_the_door(self, request: Request) -> None:
        """Asked again when a request's turn has come: the shop may have said so while it stood in the queue."""
        shop = _shop(request)
        wait = self._until.get(shop, 0.0) - time.monotonic()
        if wait > 0 and self._failures.get(shop, 0) >= BREAK_AFTER:
            raise IgnoreRequest(f"circuit open after {BREAK_AFTER} failures in a row")
        if wait > 0:
            raise PostponedError(wait)

    def answered(self, request: Request, response: Response) -> None:
        """Remember at once how long the shop wants to be left alone: the next of its queue is on the way already."""
        if response.status in PATIENT_STATUSES:
            stated = (response.headers.get("Retry-After") or b"").decode("latin-1")
            self._wait(_shop(request), retry_after(stated, time.time()))

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Count failures; what the shop put off is asked for once more."""
        shop = _shop(request)
        self.answered(request, response)
        if response.status >= 400 and response.status not in (404, 410):
            self._failed(shop)
        else:
            self._failures.pop(shop, None)
            self._trying.discard(shop)
        put_off = response.status in PATIENT_STATUSES and "Retry-After" in response.headers
        if put_off and not request.meta.get(ASKED_AGAIN):
            return request.replace(dont_filter=True, meta={**request.meta, ASKED_AGAIN: True})
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Count a failure to connect; our own refusals are none."""
        if not isinstance(exception, IgnoreRequest):
            self._failed(_shop(request))

    def _failed(self, shop: str) -> None:
        self._failures[shop] = self._failures.get(shop, 0) + 1
        if self._failures[shop] == BREAK_AFTER or shop in self._trying:
            self._trying.discard(shop)
            self._wait(shop, BREAK_SECONDS)

    def _wait(self, shop: str, seconds: float) -> None:
        self._until[shop] = max(self._until.get(shop, 0.0), time.monotonic() + seconds)


def retry_after(header: str, now: float) -> float:
    """Seconds a Retry-After asks for, a number or an HTTP date; 5 where it says nothing, at most LONGEST_WAIT."""
    text = header.strip()
    if text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(text).timestamp() - now, 0.0), LONGEST_WAIT)
    except (ValueError, TypeError):
        return 5.0


def _shop(request: Request) -> str:
    return str(request.meta.get("competitor") or request.url.split("/")[2])
