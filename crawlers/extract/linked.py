"""JSON-LD: every object of every script, mended where shops break it, flattened to items."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from crawlers.extract.document import whole

MAX_SCRIPTS, MAX_OBJECTS, MAX_SCRIPT = 60, 2_000, 2_000_000
_CONTROL = re.compile(r"[\x00-\x1f]+")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_WRAPPERS = re.compile(
    r"^\s*(?:<!--|/\*.{0,40}?\*/|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>|;)\s*$", re.DOTALL
)


def items(tree: LexborHTMLParser) -> tuple[list[dict[str, Any]], int]:
    """All top-level objects (of `@graph` and lists too) in page order, and how many scripts were broken."""
    found: list[dict[str, Any]] = []
    broken = 0
    for script in tree.css('script[type*="ld+json" i]')[:MAX_SCRIPTS]:
        text = script.text()
        if not text or len(text) > MAX_SCRIPT:
            continue
        value = loads(text)
        if value is None:
            broken += 1
        found.extend(_objects(value))
    return found, broken


def loads(text: str) -> Any:
    """A JSON value; control characters, comments and trailing commas are mended; None where it stays broken.

    Numbers with a fraction come as text, so that no price ever passes through a float.
    """
    text = whole(text)
    for attempt in (str, _bare, _mended, _unescaped):
        try:
            return json.loads(attempt(text), parse_float=str, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _bare(text: str) -> str:
    return _WRAPPERS.sub("", _WRAPPERS.sub("", text))


def _mended(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", _CONTROL.sub(" ", _bare(text)))


def _unescaped(text: str) -> str:
    return _mended(html.unescape(text))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    stack, left = [value], MAX_OBJECTS
    while stack and left:
        left -= 1
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, dict):
            yield one
            stack.extend(one[key] for key in ("@graph", "mainEntity") if isinstance(one.get(key), (list, dict)))
