"""Scrapy's responses as the rest of the crawl reads them."""

from __future__ import annotations

import time

from scrapy.http import Response

from crawlers.visits import Answer


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


def now_ms() -> int:
    """Epoch ms UTC."""
    return time.time_ns() // 1_000_000
