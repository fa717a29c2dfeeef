"""robots.txt with Crawl-delay, Retry-After, and a circuit breaker for each shop."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime

from protego import Protego
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser

LONGEST_DELAY = 60.0  # a longer Crawl-delay would starve the others of the queue
LONGEST_WAIT = 600.0
PATIENT_STATUSES = frozenset({429, 503})
BREAK_AFTER, BREAK_SECONDS = 20, 300.0


class CrawlDelay(RobotsTxtMiddleware):
    """Obeys robots.txt as Scrapy does, and its Crawl-delay, which Scrapy does not."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Slow the shop's slot down to its Crawl-delay, then allow or refuse the request."""
        rules = getattr(rp, "rp", None)
        if isinstance(rules, Protego):
            self._slow_down(rules, request)
        super().process_request_2(rp, request)

    def _slow_down(self, rules: Protego, request: Request) -> None:
        agent = self.crawler.settings.get("USER_AGENT", "*")
        delay = rules.crawl_delay(str(agent)) or 0.0
        engine = self.crawler.engine
        if delay > 0 and engine is not None:
            downloader = engine.downloader
            slot = downloader.slots.get(downloader.get_slot_key(request))
            if slot is not None:
                slot.delay = max(slot.delay, min(float(delay), LONGEST_DELAY))


class Patience:
    """Waits as long as Retry-After asks, and leaves a shop alone after many failures in a row."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Patience:  # noqa: ARG003 Scrapy calls with it
        return cls()

    async def process_request(self, request: Request) -> None:
        """Sleep until the shop may be asked again; IgnoreRequest while its circuit is open."""
        shop = _shop(request)
        if self._failures.get(shop, 0) >= BREAK_AFTER:
            if time.monotonic() < self._until.get(shop, 0.0):
                raise IgnoreRequest(f"circuit open after {BREAK_AFTER} failures in a row")
            self._failures[shop] = BREAK_AFTER - 1  # one try closes it or opens it again
        wait = self._until.get(shop, 0.0) - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)

    def process_response(self, request: Request, response: Response) -> Response:
        """Remember how long the shop wants to be left alone."""
        shop = _shop(request)
        if response.status in PATIENT_STATUSES:
            wait = retry_after((response.headers.get("Retry-After") or b"").decode("latin-1"), time.time())
            self._until[shop] = time.monotonic() + wait
        if response.status >= 400 and response.status not in (404, 410):
            self._failed(shop)
        else:
            self._failures.pop(shop, None)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Count a failure to connect; our own refusals are none."""
        if not isinstance(exception, IgnoreRequest):
            self._failed(_shop(request))

    def _failed(self, shop: str) -> None:
        self._failures[shop] = self._failures.get(shop, 0) + 1
        if self._failures[shop] == BREAK_AFTER:
            self._until[shop] = max(self._until.get(shop, 0.0), time.monotonic() + BREAK_SECONDS)


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
