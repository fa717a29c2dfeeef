"""Files on their way: what is downloaded, and the last copy of each feed whose server can say that it is unchanged."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

from contracts.ids import content_hash
from crawlers.pages.observe import Answer
from crawlers.sources.source import Source
from crawlers.storage.conditional import WHOLE_EVERY_MS, conditions, header_value
from crawlers.storage.pages import Page, PageStore

STALE_SECONDS = 24 * 3600  # a part that old belongs to no crawl that runs


class FeedCopies:
    """A folder for downloads. Times are epoch ms UTC."""

    def __init__(self, folder: Path, store: PageStore) -> None:
        self._folder, self._store, self._numbers = folder, store, itertools.count()
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.glob("*.part"):
            if time.time() - part.stat().st_mtime > STALE_SECONDS:
                part.unlink(missing_ok=True)

    def part(self) -> Path:
        """A name for a download."""
        return self._folder / f"{os.getpid()}-{next(self._numbers)}.part"

    def copy(self, source: Source) -> Path:
        """Where the last copy of a feed is, if there is one."""
        return self._folder / f"{content_hash(f'{source.competitor} {source.url}'.encode())[:32]}.feed"

    def headers(self, source: Source, now_ms: int) -> dict[str, str]:
        """Headers that ask for a feed only if it has changed; none where there is no copy, or an old one."""
        page = self._store.page(source.competitor, source.url)
        if page is None or now_ms - page.whole_at > WHOLE_EVERY_MS or not self.copy(source).exists():
            return {}
        return conditions(page)

    def keep(self, source: Source, part: Path, answer: Answer) -> Path:
        """Where a download lies from now on: as the feed's copy where its server will know it again."""
        page = Page(
            whole_at=answer.observed_at,
            etag=header_value(answer.etag),
            last_modified=header_value(answer.last_modified),
        )
        if not conditions(page):
            return part
        self._store.learn(source.competitor, source.url, page, answer.observed_at)
        return part.replace(self.copy(source))
