"""What spiders yield besides observations."""

from __future__ import annotations

from typing import NamedTuple

from contracts.errors import PriceRadarError
from crawlers.pages.watchlist import Row


class FailedRow(NamedTuple):
    """A row of a feed or listing that gave no observation: its texts as JSON, and why."""

    competitor: str
    value: bytes
    error: PriceRadarError


class FailedPage(NamedTuple):
    """A page that gave no observation: why, and the hash of what came instead."""

    row: Row
    error: PriceRadarError
    evidence: str = ""
