"""A shop on loopback whose every answer a test decides, and crawls of it in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.receiver import serving


class Reply(NamedTuple):
    """What the shop answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 never changed


class Asked(NamedTuple):
    """What the shop was asked, and when (monotonic seconds)."""

    path: str
    headers: dict[str, str]
    at: float


Page = Callable[[Asked], Reply]


class LocalShop:
    """`pages`: path (with query) to a function; what is not there is 404."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []

    def paths(self) -> list[str]:
        """What was asked for, robots.txt aside."""
        return [one.path for one in self.asked if one.path != "/robots.txt"]


@contextmanager
def local_shop(host: str = "127.0.0.1") -> Iterator[LocalShop]:
    """A shop on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, time.monotonic())
            shop.asked.append(asked)
            reply = shop.pages.get(self.path, lambda _: Reply(b"<h1>gone</h1>", 404))(asked)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **reply.headers}.items():
                self.send_header(name, value)
            body = b"" if reply.status == 304 else reply.body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler, host) as port:
        shop = LocalShop(port)
        yield shop


def product(
    price: str, name: str = "Chair A4711", sku: str = "4711", gtin: str = "", stock: str = "InStock", head: str = ""
) -> bytes:
    """A product page with JSON-LD and visible text."""
    data = {
        "@type": "Product",
        "name": name,
        "sku": sku,
        "gtin13": gtin,
        "offers": {
            "@type": "Offer",
            "price": price,
            "priceCurrency": "EUR",
            "availability": f"https://schema.org/{stock}",
        },
    }
    markup = json.dumps({"@context": "https://schema.org", **data})
    return (
        f'<html><head><title>{name}</title>{head}<script type="application/ld+json">{markup}</script></head>'
        f"<body><h1>{name}</h1><p class=price>€ {price}</p></body></html>"
    ).encode()


class Crawled(NamedTuple):
    """What a crawl gave."""

    seen: list[dict[str, Any]]
    dead: list[dict[str, Any]]
    outcomes: dict[str, int]
    browser: bool  # whether the package that drives one was imported
    errors: str


def crawl_once(folder: Path, rows: list[dict[str, Any]], **given: Any) -> Crawled:
    """One crawl with its data in `folder`."""
    script, arguments = Path(__file__).with_name("run_crawl.py"), {"data": str(folder), "rows": rows, **given}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script), json.dumps(arguments)]
    result = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=90, check=False
    )
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    ended = next(line for line in lines if "outcomes" in line)
    return Crawled(
        [line["seen"] for line in lines if "seen" in line],
        [line["dead"] for line in lines if "dead" in line],
        Counter(ended["outcomes"]),
        ended["browser"],
        result.stderr,
    )
