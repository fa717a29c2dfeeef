"""Three demo shops on loopback, as real HTTP servers with moving prices.

    with Market(seed=1) as market:
        write_watchlist(path, market.addresses)   # {"north-star": "http://127.0.0.1:40111", ...}

The clock of the schedule starts at `start()`, or at the first product page when `on_first_visit`.
"""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from contracts.ids import content_hash
from demo.pages import BLOCKED, feed, listing, product_page
from demo.samples import PRODUCTS, catalogue, product_id
from demo.schedule import SHOPS, Offer, Schedule

ROBOTS = "User-agent: *\nDisallow: /cart\nAllow: /\nSitemap: {base}/sitemap.xml\n"
GTINS = [item.gtin for item in catalogue(0)]
INDEX = {product_id(index): index for index in range(len(PRODUCTS))}


class Market:
    """Starts and stops the three shops. `speed` 2 makes prices move twice as early."""

    def __init__(self, seed: int = 1, speed: float = 1.0, on_first_visit: bool = False) -> None:
        self._schedule = Schedule(seed)
        self._speed = speed
        self._started = None if on_first_visit else time.monotonic()
        self._on_first_visit = on_first_visit
        self._served: set[tuple[int, int]] = set()
        self._lock = threading.Lock()
        self._servers: list[ThreadingHTTPServer] = []

    def start(self) -> None:
        """Open the shops on free loopback ports and start the schedule."""
        self._started = None if self._on_first_visit else time.monotonic()
        for shop in range(len(SHOPS)):
            server = _Server(("127.0.0.1", 0), _Shop, self, shop)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True, name=SHOPS[shop]).start()

    def stop(self) -> None:
        """Close the shops and wait until their ports are free."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def addresses(self) -> dict[str, str]:
        """Base URL of every shop by name, without a slash at the end."""
        return {
            name: f"http://127.0.0.1:{server.server_port}" for name, server in zip(SHOPS, self._servers, strict=True)
        }

    @property
    def seconds(self) -> float:
        """Seconds of the schedule that have passed."""
        return 0.0 if self._started is None else (time.monotonic() - self._started) * self._speed

    def offer(self, shop: int, product: int) -> Offer:
        """What the shop shows now; a glitch or block strikes one call only."""
        with self._lock:
            if self._started is None:
                self._started = time.monotonic()
            offer = self._schedule.offer(shop, product, self.seconds)
            if offer.odd and (shop, product) in self._served:
                return offer._replace(odd="")
            if offer.odd:
                self._served.add((shop, product))
        return offer._replace(price_minor=offer.price_minor * 100) if offer.odd == "glitch" else offer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], market: Market, shop: int
    ) -> None:
        super().__init__(address, handler)
        self.market = market
        self.shop = shop
        self.base = f"http://127.0.0.1:{self.server_port}"


class _Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answer one request: listing, robots.txt, sitemap, feed or a product page."""
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(listing(self.server.shop))
        elif path == "/robots.txt":
            self._send(ROBOTS.format(base=self.server.base), kind="text/plain")
        elif path == "/sitemap.xml":
            self._send(self._sitemap(), kind="application/xml")
        elif path == "/feed.xml":
            offers = [self.server.market.offer(self.server.shop, index) for index in range(len(PRODUCTS))]
            self._send(feed(self.server.base, offers, GTINS), kind="application/xml")
        elif path.startswith("/p/") and (index := INDEX.get(path[3:])) is not None:
            self._product(index)
        else:
            self._send("<!doctype html><title>404</title><h1>没有这个页面</h1>", status=404)

    def _product(self, index: int) -> None:
        offer = self.server.market.offer(self.server.shop, index)
        if offer.odd == "block":
            self._send(BLOCKED)
            return
        url = f"{self.server.base}/p/{product_id(index)}"
        self._send(product_page(self.server.shop, index, offer, url, GTINS[index]))

    def _sitemap(self) -> str:
        urls = "".join(f"<url><loc>{self.server.base}/p/{key}</loc></url>" for key in INDEX)
        return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'

    def _send(self, text: str, status: int = 200, kind: str = "text/html") -> None:
        body = text.encode()
        tag = f'"{content_hash(body)[:16]}"'
        unchanged = status == 200 and self.headers.get("If-None-Match") == tag
        self.send_response(304 if unchanged else status)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", "0" if unchanged else str(len(body)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's names
        """Requests are not worth a line each."""
