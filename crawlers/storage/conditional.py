"""Conditional requests (RFC 9110, 13): what to send back so that a server answers only what has changed. Pure."""

from __future__ import annotations

from contracts.times import DAY_MS
from crawlers.storage.pages import Page

WHOLE_EVERY_MS = DAY_MS  # a server may call a page unchanged wrongly, but not for longer than this
LONGEST_TAG = 500


def conditions(page: Page) -> dict[str, str]:
    """Headers that ask for something only if it is not as it was."""
    stated = {"If-None-Match": page.etag, "If-Modified-Since": page.last_modified}
    return {name: value for name, value in stated.items() if value}


def header_value(value: str) -> str:
    """What a server stated, where it can be sent back."""
    return value if len(value) <= LONGEST_TAG and value.isprintable() else ""
