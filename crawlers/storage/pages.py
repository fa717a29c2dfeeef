"""What the crawl remembers of pages from one visit to the next, over restarts: a bounded SQLite file.

It may be deleted at any time: then every page is fetched whole once more.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import msgspec

from contracts.observations import Observation
from contracts.times import DAY_MS
from crawlers.storage.database import opened

FILE = "crawl.sqlite"  # in the data folder
MOST_PAGES, MOST_OFFERS = 500_000, 5_000_000
KEPT_MS = 30 * DAY_MS  # a page that gave nothing good for so long is forgotten
_TABLES = """
CREATE TABLE IF NOT EXISTS pages (
    competitor TEXT NOT NULL, url TEXT NOT NULL, seen_at INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (competitor, url)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_by_time ON pages (seen_at);
CREATE TABLE IF NOT EXISTS offers (
    competitor TEXT NOT NULL, product_id TEXT NOT NULL, facts INTEGER NOT NULL, PRIMARY KEY (competitor, product_id)
) WITHOUT ROWID;
"""


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page says which product it is of; "" where it is silent."""

    sku: str = ""
    gtin: str = ""
    canonical: str = ""
    name: str = ""


UNKNOWN = Identity()


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page said when it was last read whole.

    Args:
        seen: the observation; None where the page never gave one.
        whole_at: when it last came whole, epoch ms UTC.
        same: how many visits in a row have said the same.
        failure: why the last visit gave nothing; "" where it did.
        url: where the answer came from, after redirects.
        etag, last_modified: as the server stated them.
        reading: what the page was read with; another reading may find something else.
    """

    seen: Observation | None = None
    whole_at: int = 0
    same: int = 0
    failure: str = ""
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    reading: str = ""
    identity: Identity = UNKNOWN


class PageStore:
    """One page a (competitor, URL). Every write is on its own; none waits for the disk."""

    def __init__(self, path: Path, most_pages: int = MOST_PAGES) -> None:
        self._connection, self._lock, self._most = opened(path, _TABLES), threading.Lock(), most_pages

    def page(self, competitor: str, url: str) -> Page | None:
        """What is known of a page."""
        row = self._execute("SELECT body FROM pages WHERE competitor = ? AND url = ?", (competitor, url)).fetchone()
        if row is None:
            return None
        try:
            return msgspec.msgpack.decode(row[0], type=Page)
        except msgspec.MsgspecError:
            return None  # of another version

    def learn(self, competitor: str, url: str, page: Page, now_ms: int) -> None:
        """Take the place of what was known of a page."""
        values = (competitor, url, now_ms, msgspec.msgpack.encode(page))
        self._execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?)", values)

    def differs(self, competitor: str, product_id: str, facts: int) -> bool:
        """Whether a row of a feed says something else than the last time; False where there was none."""
        key = (competitor, product_id)
        row = self._execute("SELECT facts FROM offers WHERE competitor = ? AND product_id = ?", key).fetchone()
        if row is None or row[0] != facts:
            self._execute("INSERT OR REPLACE INTO offers VALUES (?, ?, ?)", (*key, facts))
        return row is not None and bool(row[0] != facts)

    def prune(self, now_ms: int) -> None:
        """Forget pages that are old, and the oldest of too many; all rows of feeds where they are too many."""
        if self._execute("SELECT count(*) FROM offers", ()).fetchone()[0] > MOST_OFFERS:
            self._execute("DELETE FROM offers", ())
        self._execute("DELETE FROM pages WHERE seen_at < ?", (now_ms - KEPT_MS,))
        oldest = self._execute("SELECT seen_at FROM pages ORDER BY seen_at DESC LIMIT 1 OFFSET ?", (self._most,))
        if (row := oldest.fetchone()) is not None:
            self._execute("DELETE FROM pages WHERE seen_at <= ?", row)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _execute(self, statement: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        with self._lock:
            return self._connection.execute(statement, values)


def merged(found: Identity, known: Identity) -> Identity:
    """What a page says of its product now, and where it is silent what it said before."""
    one, two = msgspec.structs.astuple(found), msgspec.structs.astuple(known)
    return Identity(*(new or old for new, old in zip(one, two, strict=True)))
