"""robots.txt: its rules, its Crawl-delay, and what an answer without rules means."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from protego import Protego
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser
from twisted.internet.defer import Deferred

from crawlers.fetch.backoff import PATIENT_STATUSES

LONGEST_DELAY = 60.0  # a longer Crawl-delay would starve the others of the queue
RULES_SECONDS, NO_RULES_SECONDS = 24 * 3600.0, 600.0  # how long rules hold, and a refusal for want of them
NOTHING_ALLOWED = b"User-agent: *\nDisallow: /\n"


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


def _is_robots(request: Request) -> bool:
    return bool(request.meta.get("dont_obey_robotstxt")) and request.url.endswith("/robots.txt")
