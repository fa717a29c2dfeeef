"""Addresses of a sitemap and the sitemaps of an index, in the order of the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from contracts.errors import UnreadablePageError
from crawlers.sources.feeds.markup import forget, parsed, text_of
from crawlers.sources.feeds.opening import kind_of, opened

MOST_ADDRESSES = 200_000  # the protocol allows 50,000 a file
LONGEST = 2_048


class Address(NamedTuple):
    """A page, or another sitemap."""

    url: str
    is_sitemap: bool


def addresses(path: Path) -> Iterator[Address]:
    """Addresses of a sitemap in XML, packed or not, or of a plain list; UnreadablePageError where it is neither."""
    with closing(opened(path)) as file:
        found = 0
        if kind_of(file) != "xml":
            for line in file.head().splitlines()[:1]:
                if not line.strip().lower().startswith((b"http://", b"https://")):
                    raise UnreadablePageError(f"a sitemap was expected; began with {line[:60]!r}")
            for line in io.BufferedReader(file):
                file.mark()
                url = line.decode("utf-8", "replace").strip()
                if url and len(url) <= LONGEST and found < MOST_ADDRESSES:
                    found += 1
                    yield Address(url, False)
            return
        walk = parsed(file, ("{*}url", "{*}sitemap"))
        for node in walk:
            file.mark()
            place = next((child for child in node if isinstance(child.tag, str) and child.tag.endswith("loc")), None)
            url = text_of(place) if place is not None else ""
            if url and len(url) <= LONGEST and found < MOST_ADDRESSES:
                found += 1
                yield Address(url, node.tag.endswith("sitemap"))
            forget(node)
        if walk.broken and not found:
            raise UnreadablePageError(f"a sitemap was expected; {walk.broken}")
