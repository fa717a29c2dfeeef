"""Products of competitors that feeds, listings and sitemaps name and nobody watches: what matching looks at next."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from contracts.times import DAY_MS
from crawlers.matching.products import Offered, Product
from crawlers.storage.database import opened

MOST = 2_000_000
KEPT_MS = 60 * DAY_MS  # that no source has named for so long
AGAIN_MS = 7 * DAY_MS  # a page that could not be read is tried again after
_TABLES = """
CREATE TABLE IF NOT EXISTS discovered (
    competitor TEXT NOT NULL, product_id TEXT NOT NULL, url TEXT NOT NULL, name TEXT NOT NULL, brand TEXT NOT NULL,
    gtin TEXT NOT NULL, mpn TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    looked_at INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (competitor, product_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS discovered_by_url ON discovered (competitor, url);
CREATE INDEX IF NOT EXISTS discovered_to_look_at ON discovered (competitor, looked_at) WHERE name = '';
"""
_NOTE = """
INSERT INTO discovered (competitor, product_id, url, name, brand, gtin, mpn, first_seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (competitor, product_id) DO UPDATE SET
    url = CASE excluded.url WHEN '' THEN url ELSE excluded.url END,
    name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END,
    brand = CASE excluded.brand WHEN '' THEN brand ELSE excluded.brand END,
    gtin = CASE excluded.gtin WHEN '' THEN gtin ELSE excluded.gtin END,
    mpn = CASE excluded.mpn WHEN '' THEN mpn ELSE excluded.mpn END,
    last_seen = excluded.last_seen
"""
_TO_LOOK_AT = """
SELECT product_id, url FROM discovered
WHERE competitor = ? AND name = '' AND url <> '' AND looked_at <= ? ORDER BY looked_at, first_seen, product_id LIMIT ?
"""


class Candidate(NamedTuple):
    """A page that is named somewhere and that nobody has looked at."""

    product_id: str
    url: str


class Discovered:
    """The list, in the same file as what is remembered of pages. Times are epoch ms UTC."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        self._connection, self._lock, self._most = opened(path, _TABLES), threading.Lock(), most

    def note(self, found: Iterable[Offered], now_ms: int) -> None:
        """Products that a source names; what is known of them already and not said now stays."""
        values = [
            (one.competitor, one.product.key, one.url, one.product.name, one.product.brand, one.product.gtin,
             one.product.mpn, now_ms, now_ms)
            for one in found
        ]  # fmt: skip
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany(_NOTE, values)
            self._connection.execute("COMMIT")

    def note_pages(self, competitor: str, pages: Iterable[Candidate], now_ms: int) -> None:
        """Pages that a source names without saying of what, unless a product is known to be there."""
        with self._lock:
            self._connection.execute("BEGIN")
            for page in pages:
                seen = (now_ms, competitor, page.url)
                if not self._connection.execute(
                    "UPDATE discovered SET last_seen = ? WHERE competitor = ? AND url = ?", seen
                ).rowcount:
                    empty = (competitor, page.product_id, page.url, "", "", "", "", now_ms, now_ms)
                    self._connection.execute(_NOTE, empty)
            self._connection.execute("COMMIT")

    def to_look_at(self, competitor: str, most: int, now_ms: int) -> list[Candidate]:
        """Pages to fetch to learn what they are of, those never tried first; they count as tried."""
        with self._lock:
            found = self._connection.execute(_TO_LOOK_AT, (competitor, max(0, now_ms - AGAIN_MS), most)).fetchall()
            self._connection.executemany(
                "UPDATE discovered SET looked_at = ? WHERE competitor = ? AND product_id = ?",
                [(now_ms, competitor, product_id) for product_id, _ in found],
            )
        return [Candidate(*row) for row in found]

    def products(self) -> Iterator[Offered]:
        """Everything that can be matched."""
        rows = self._connection.execute(
            "SELECT competitor, product_id, name, brand, gtin, mpn, url FROM discovered "
            "WHERE name <> '' OR gtin <> '' OR mpn <> '' ORDER BY competitor, product_id"
        )
        for competitor, key, name, brand, gtin, mpn, url in rows:
            yield Offered(competitor, Product(key=key, name=name, brand=brand, gtin=gtin, mpn=mpn), url)

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM discovered").fetchone()[0])

    def prune(self, now_ms: int) -> None:
        """Forget what no source names any more, and what was seen longest ago of too many."""
        with self._lock:
            self._connection.execute("DELETE FROM discovered WHERE last_seen < ?", (now_ms - KEPT_MS,))
            if (extra := len(self) - self._most) > 0:
                self._connection.execute(
                    "DELETE FROM discovered WHERE (competitor, product_id) IN "
                    "(SELECT competitor, product_id FROM discovered ORDER BY last_seen, product_id LIMIT ?)",
                    (extra,),
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
