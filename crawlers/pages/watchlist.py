"""The watchlist: which pages to look at, row by row, with the line of every mistake."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from contracts.errors import BadInputError, BadRowError
from runtime.sheets import Sheet, Values

COLUMNS = ("competitor", "url", "sku")
MAX_ROWS = 1_000_000
MOST_IMPORTANCE = 1000.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A page to watch. `product_id` is the shop's own id; without one the page's path names the product."""

    competitor: str
    url: str
    sku: str = ""
    product_id: str = ""
    name: str = ""
    category: str = ""
    match_confidence: float = 1.0
    importance: float = 1.0
    line: int = 0

    @property
    def product(self) -> str:
        """The product's id in its series: stated, or the URL's path and query."""
        if self.product_id:
            return self.product_id
        parts = urlsplit(self.url)
        return (parts.path.strip("/") + (f"?{parts.query}" if parts.query else ""))[:200] or "/"


class Watchlist(msgspec.Struct, frozen=True):
    """Rows that can be watched, and a BadRowError for each that cannot."""

    rows: tuple[Row, ...]
    errors: tuple[BadRowError, ...]


def read(path: Path, encoding: str = "") -> Watchlist:
    """A watchlist from CSV or Excel; BadInputError where it is unusable. The same page twice is an error of the second.

    Args:
        encoding: see `runtime.sheets.Sheet`.
    """
    return _checked(Sheet(path, encoding, COLUMNS).rows(), str(path))


def _checked(values: Iterable[tuple[int, Values]], name: str) -> Watchlist:
    rows, errors, seen = [], [], dict[tuple[str, str], int]()
    for line, text in values:
        if line > MAX_ROWS:
            raise BadInputError(f"{name} has more than {MAX_ROWS} rows; divide it")
        try:
            row = _row(text, line, name)
            first = seen.setdefault((row.competitor, row.url), row.line)
            if first != row.line:
                raise BadRowError(f"{name} line {row.line}: the page is on line {first} already", row.line)
            rows.append(row)
        except BadRowError as error:
            errors.append(error)
    return Watchlist(tuple(rows), tuple(errors))


def _row(values: Values, line: int, name: str) -> Row:
    if None in values:
        raise BadRowError(f"{name} line {line}: more values than columns; quote values with commas", line)
    text = {str(key): str(value or "").strip() for key, value in values.items()}
    if not text["competitor"]:
        raise BadRowError(f"{name} line {line}: competitor must not be empty", line)
    url = urlsplit(text["url"]) if "[" not in text["url"] else urlsplit("")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise BadRowError(
            f"{name} line {line}: url must begin with http:// or https://, was {text['url'][:80]!r}", line
        )
    return Row(
        competitor=text["competitor"],
        url=text["url"],
        sku=text["sku"],
        product_id=text.get("product_id", ""),
        name=text.get("name", ""),
        category=text.get("category", ""),
        match_confidence=_number(text, "match_confidence", 1.0, line, name),
        importance=_number(text, "importance", MOST_IMPORTANCE, line, name),
        line=line,
    )


def _number(text: dict[str, str], column: str, most: float, line: int, name: str) -> float:
    """A number from 0 to `most`; 1 where none is given."""
    given = text.get(column, "")
    try:
        value = float(given) if given else 1.0
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= most:
        raise BadRowError(f"{name} line {line}: {column} must be from 0 to {most:g}, was {given[:20]!r}", line)
    return value
