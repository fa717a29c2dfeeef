"""Pages as the shop sent them, kept by their hash where the console shows them, for a time and within a size.

`<folder>/ab/abcd....html.gz`, the hash being that of the unpacked file.
"""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from contracts.ids import content_hash
from contracts.times import DAY_MS
from crawlers.extract.document import MAX_BYTES

LEVEL = 6


def shown(body: bytes) -> bytes:
    """The part of a page that is looked at and kept."""
    return body[:MAX_BYTES]


def evidence_of(body: bytes) -> str:
    """What an observation names its page by: the hash of what is kept of it."""
    return content_hash(shown(body))


class _File(NamedTuple):
    needed_at: int  # epoch ns
    size: int
    path: Path


class Snapshots:
    """A folder of pages. One that is needed again counts as new.

    Args:
        most_days: a page that nobody needed for so long is removed.
        most_bytes: above it the pages that were needed longest ago are removed.
    """

    def __init__(self, folder: Path, most_days: int, most_bytes: int) -> None:
        self._folder, self._most_days, self._most_bytes = folder, most_days, most_bytes
        self._pruning = threading.Lock()

    def keep(self, body: bytes) -> str:
        """Keep a page, once however often it comes; its hash."""
        evidence = evidence_of(body)
        path = self.path(evidence)
        try:
            os.utime(path)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}.part")
            partial.write_bytes(gzip.compress(shown(body), LEVEL, mtime=0))
            partial.replace(path)
        return evidence

    def path(self, evidence: str) -> Path:
        """Where a page is kept, whether it is there or not."""
        return self._folder / evidence[:2] / f"{evidence}.html.gz"

    def prune(self, now_ms: int) -> int:
        """Remove what is too old or too much; how many pages. Two at once do the work of one."""
        if not self._pruning.acquire(blocking=False):
            return 0
        try:
            files = sorted(self._files(), reverse=True)
            oldest, left, removed = (now_ms - self._most_days * DAY_MS) * 1_000_000, self._most_bytes, 0
            for file in files:
                left -= file.size
                if left < 0 or file.needed_at < oldest:
                    file.path.unlink(missing_ok=True)
                    removed += 1
            return removed
        finally:
            self._pruning.release()

    def _files(self) -> Iterator[_File]:
        for folder in self._folder.glob("??"):
            with os.scandir(folder) as found:
                for entry in found:
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        continue  # another crawl on this folder was quicker
                    yield _File(status.st_mtime_ns, status.st_size, Path(entry.path))
