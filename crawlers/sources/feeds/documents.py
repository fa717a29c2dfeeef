"""Products of a JSON document: the objects of the list that the source names, or one object a line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import ijson
import msgspec

from contracts.errors import BadRowError, UnreadablePageError
from crawlers.sources.feeds.opening import Bounded

MOST_FIELDS = 1_000
MOST_TEXT = 5_000
MOST_DEPTH = 12


def objects(file: Bounded, items: str = "", lines: bool = False) -> Iterator[dict[str, str] | BadRowError]:
    """Values of each object by their path in lower case: {"price": {"amount": 5}} gives price.amount.

    `items`: path of the list, "" where it is the document itself. Numbers keep their digits.
    """
    found = _lines(file) if lines else _items(file, f"{items}.item" if items else "item")
    for number, one in enumerate(found, 1):
        if isinstance(one, dict):
            yield flat(one)
        elif isinstance(one, BadRowError):
            yield one
        else:
            yield BadRowError(f"item {number}: an object was expected, was {str(one)[:60]!r}", number)


def next_of(file: Bounded, path: str) -> str:
    """The text or number at a path; "" where there is none."""
    try:
        for value in ijson.items(file, path):
            return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    except (ijson.JSONError, UnicodeDecodeError):
        pass  # the rows of the same document said so
    return ""


def flat(one: dict[str, Any]) -> dict[str, str]:
    """Values by their path."""
    found: dict[str, str] = {}
    stack: list[tuple[str, Any, int]] = [("", one, 0)]
    while stack and len(found) < MOST_FIELDS:
        path, value, depth = stack.pop()
        if isinstance(value, (dict, list)):
            if depth < MOST_DEPTH:
                inner = value.items() if isinstance(value, dict) else enumerate(value[:MOST_FIELDS])
                stack += [(f"{path}.{key}" if path else str(key), held, depth + 1) for key, held in inner]
        elif value is not None:
            found[path.lower()] = _text(value)
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()[:MOST_TEXT]


def _items(file: Bounded, prefix: str) -> Iterator[Any]:
    count = 0
    try:
        for one in ijson.items(file, prefix):
            count += 1
            yield one
    except (ijson.JSONError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, UnreadablePageError):
            raise
        if not count:
            raise UnreadablePageError(f"JSON was expected; {_line(error)}") from error
        yield BadRowError(f"the document ends after item {count}: {_line(error)}; what follows was not read", count)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _lines(file: Bounded) -> Iterator[Any]:
    decoder = msgspec.json.Decoder(float_hook=str)
    for number, line in enumerate(io.BufferedReader(file, 16_384), 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield BadRowError(f"line {number}: {error}", number)
