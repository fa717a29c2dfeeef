"""What one crawl is to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crawlers.pages.watchlist import Row
from crawlers.scheduling.autosave import Autosave
from runtime.settings import Settings


@dataclass(frozen=True)
class Job:
    """One crawl.

    Args:
        rows: the pages to watch.
        every: seconds between two visits of a page on average; None: one round, then the crawl ends.
        allow_private: also private and loopback addresses (the demo).
        known: products that are not watched, but known where a feed or a listing names them.
        autosave: where what is learned of the pages is kept over a restart.
        progress: called every so often with the outcomes so far.
    """

    rows: Sequence[Row]
    settings: Settings
    every: float | None = None
    allow_private: bool = False
    known: Sequence[Row] = ()
    autosave: Autosave | None = None
    progress: Callable[[Counter[str]], None] = lambda _: None
