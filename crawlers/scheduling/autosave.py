"""Keeps what a crawl has learned of its pages: reads it at the start, writes it now and then and at the end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from pathlib import Path

from contracts.errors import BadInputError
from crawlers.scheduling import learned
from crawlers.scheduling.frontier import Frontier

LOG = logging.getLogger(__name__)
SAVE_SECONDS = 60.0
SHARE = 100  # at most a hundredth of the time goes into writing


class Autosave:
    """The file at `path`. What cannot be read or written is a line in the log, never the end of a crawl."""

    def __init__(self, path: Path, save_seconds: float = SAVE_SECONDS) -> None:
        self._path, self._every = path, save_seconds
        self._next = time.monotonic() + save_seconds

    def restore(self, frontier: Frontier, now_ms: int) -> int:
        """Go on from the file, where there is a good one; how many of the pages were known. Times in epoch ms."""
        try:
            state = learned.read(self._path)
            return 0 if state is None else frontier.restore(state, now_ms)
        except BadInputError as error:
            LOG.warning("%s", error)
            return 0

    async def save_if_due(self, frontier: Frontier) -> None:
        """Write what was learned where the last time is long enough ago, beside the crawl."""
        began = time.monotonic()
        if began < self._next:
            return
        self._next = float("inf")
        await asyncio.to_thread(self._write, frontier.state())
        self._next = time.monotonic() + max(self._every, SHARE * (time.monotonic() - began))

    def save(self, frontier: Frontier) -> None:
        """Write what was learned now."""
        self._write(frontier.state())

    def _write(self, state: learned.State) -> None:
        try:
            learned.write(self._path, state)
        except OSError as error:
            LOG.warning("what the crawl has learned cannot be written to %s: %s; make room there", self._path, error)


def autosave_of(folder: Path, watchlist: Path) -> Autosave:
    """The autosave of a watchlist: crawls of several lists in one data folder do not disturb each other."""
    digest = hashlib.blake2b(str(watchlist.absolute()).encode(), digest_size=4).hexdigest()
    return Autosave(folder / f"{watchlist.stem}-{digest}.npz")
