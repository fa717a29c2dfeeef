"""robots.txt with Crawl-delay, Retry-After, and a circuit breaker for each shop."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from protego import Protego
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser
from twisted.internet.defer import Deferred

LONGEST_DELAY = 60.0  # a longer Crawl-delay would starve the others of the queue
LONGEST_WAIT = 600.0
SHORT_WAIT = 1.0  # for so long a request may keep its place among those under way
PATIENT_STATUSES = frozenset({429, 503})
BREAK_AFTER, BREAK_SECONDS = 20, 300.0
RULES_SECONDS, NO_RULES_SECONDS = 24 * 3600.0, 600.0  # how long rules hold, and a refusal for want of them
NOTHING_ALLOWED = b"User-agent: *\nDisallow: /\n"
ASKED_AGAIN = "priceradar_asked_again"


class PostponedError(IgnoreRequest):
    """A request that is to be made again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the shop wants to be left alone for {seconds:.0f} s")
        self.seconds = seconds


class CrawlDelay(RobotsTxtMiddleware):
    """Obeys robots.txt as Scrapy does, its Crawl-delay too, and reads it again every day."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._read_at: dict[str, float] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules for a request; those that are too old are read again."""
        shop = urlsplit(request.url).netloc
        rules = self._parsers.get(shop)
        keeps = RULES_SECONDS if isinstance(rules, RobotParser) and rules.allowed("/", "*") else NO_RULES_SECONDS
        if time.monotonic() - self._read_at.setdefault(shop, time.monotonic()) > keeps:
            if not isinstance(rules, Deferred):
                self._parsers.pop(shop, None)
            self._read_at[shop] = time.monotonic()
        found = await super().robot_parser(request)
        # Of several requests that wait for the rules Scrapy hands them to the first only; the others would be free.
        known = self._parsers.get(shop)
        return known if isinstance(known, RobotParser) else found

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Slow the shop's slot down to its Crawl-delay, then allow or refuse the request."""
        rules = getattr(rp, "rp", None)
        if isinstance(rules, Protego):
            self._slow_down(rules, request)
        super().process_request_2(rp, request)

    def _slow_down(self, rules: Protego, request: Request) -> None:
        agent = self.crawler.settings.get("USER_AGENT", "*")
        delay = min(float(rules.crawl_delay(str(agent)) or 0.0), LONGEST_DELAY)
        engine = self.crawler.engine
        if delay <= 0 or engine is None:
            return
        downloader = engine.downloader
        key = downloader.get_slot_key(request)
        downloader.per_slot_settings.setdefault(key, {})["delay"] = max(delay, downloader._delay)  # noqa: SLF001
        if (slot := downloader.slots.get(key)) is not None:
            slot.delay = max(slot.delay, delay)


class RobotsAnswers:
    """What an answer to robots.txt means where it holds no rules (RFC 9309, 2.3.1).

    The shop's own refusal is no rule; where it fails or cannot be reached, nothing is allowed for now.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        """The rules, or what stands for them."""
        if not _is_robots(request) or response.status < 400:
            return response
        failed = response.status >= 500 or response.status in PATIENT_STATUSES
        return response.replace(body=NOTHING_ALLOWED if failed else b"")

    def process_exception(self, request: Request, exception: Exception) -> Response | None:
        """Nothing is allowed where the rules cannot be read; our own refusals stay what they are."""
        if not _is_robots(request) or isinstance(exception, IgnoreRequest):
            return None
        return Response(request.url, body=NOTHING_ALLOWED)


class Patience:
    """Waits as long as Retry-After asks, and leaves a shop alone after many failures in a row."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._trying: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Patience:  # noqa: ARG003 Scrapy calls with it
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


def _is_robots(request: Request) -> bool:
    return bool(request.meta.get("dont_obey_robotstxt")) and request.url.endswith("/robots.txt")
