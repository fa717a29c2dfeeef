"""Product lines: pages of one shop and brand at the same price, which mostly move together. Pure.

A member that has moved is evidence about the others that have not been visited since, one that has not
moved is evidence that none has. So one member at a time stands watch for its line: it is worth a visit for
all of them, and when it has moved the others are worth one at once. Lines live in a table of fixed size
by a hash of brand and price; two that fall on one place disturb each other a little.
"""

from __future__ import annotations

import re
import zlib
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from crawlers.scheduling.intensity import Floats, Intensity, Ints

TOGETHER = 0.5  # of moves of one member, how many the others make, too
FOLLOWERS = 2.0  # members that must have been visited before an event speaks for itself
STEPS = 8  # of the share that followed, each with what was learned of it
LEARNED = 10.0  # followers a step needs before it speaks for itself
WATCHED = 0.5  # of what a member on watch would find at the others
MOST_WATCHED = 5
SAME_EVENT = 0.02  # of the window that is left where a move still belongs to the event
MOST_LIKELY = 0.98
_WORD = re.compile(r"[^\W\d_]{2,}")


def brand(competitor: str, name: str, url: str = "") -> int:
    """A number for shop and brand, which is the first word of a name, or of the last part of an address."""
    found = _WORD.search(name) or _WORD.search(urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1])
    return zlib.crc32(f"{competitor}\0{found[0].casefold() if found else url}".encode())


class Lines:
    """The lines of all pages and their last events: a window of days in which the first member moved."""

    def __init__(self, shop: Ints, brand: NDArray[np.uint64], shops: int) -> None:
        self._shop, self._brand = shop, brand
        self.size = 1 << max(2, (2 * len(shop) - 1).bit_length())
        self.line = np.full(len(shop), -1, dtype=np.int64)
        self.members = np.zeros(self.size, dtype=np.int32)
        self.begin, self.end = np.full(self.size, -1.0), np.full(self.size, -1.0)
        self.moved, self.stayed = np.zeros(self.size), np.zeros(self.size)
        self.visited_at = np.full(self.size, -1.0)
        steps = (np.arange(STEPS) + 0.5) / STEPS
        self.followed = np.tile(0.6 * LEARNED * steps, (shops, 1))
        self.asked = np.full((shops, STEPS), LEARNED)

    def join(self, pages: Ints, price: Ints, days: Floats) -> None:
        """These pages, visited at `days`, belong to the lines of their prices from now on."""
        left, line = self.line[pages], self._place(pages, price)
        before, other = left >= 0, left != line
        np.maximum.at(self.visited_at, left[before], days[before])
        np.maximum.at(self.visited_at, line, days)
        np.add.at(self.members, left[other & before], -1)
        np.add.at(self.members, line[other], 1)
        self.line[pages] = line

    def boost(self, intensity: Intensity, pages: Ints, cohorts: Ints, last: Floats) -> Floats:
        """Moves expected of each page because others of its line moved since `last`."""
        window = self._window(intensity, self.line[pages], cohorts, last)
        shop, step = self._shop[pages], self._step(pages)
        chance = np.clip(self.followed[shop, step] / self.asked[shop, step], 0.0, MOST_LIKELY)
        boost: Floats = -np.log1p(-chance * window)
        return boost

    def watched(self, last: Floats) -> tuple[Floats, Floats]:
        """When each page's line was last visited, and how many others it stands watch for, of all pages."""
        line = np.maximum(self.line, 0)
        order = last + np.arange(len(last)) * 1e-9
        oldest = np.full(self.size, np.inf)
        np.minimum.at(oldest, line[self.line >= 0], order[self.line >= 0])
        on_watch = (self.line >= 0) & (oldest[line] == order)
        others = WATCHED * np.clip(self.members[line] - 1, 0, MOST_WATCHED)
        return np.maximum(self.visited_at[line], last), np.where(on_watch, others, 0.0)

    def learn(
        self, intensity: Intensity, pages: Ints, cohorts: Ints, last: Floats, day: float, moved: NDArray[np.bool_]
    ) -> None:
        """Visits at `day` of pages last visited at `last`, before they join their new lines."""
        line = self.line[pages]
        window = self._window(intensity, line, cohorts, last)
        told = window > 0.5
        place = (self._shop[pages][told], self._step(pages)[told])
        np.add.at(self.followed, place, moved[told].astype(np.float64))
        np.add.at(self.asked, place, 1.0)
        self._open(line[moved & (window <= SAME_EVENT)], day)
        np.add.at(self.moved, line[moved], 1.0)
        np.maximum.at(self.begin, line[moved], np.minimum(last[moved], self.end[line[moved]]))
        stayed = ~moved
        window = self._window(intensity, line, cohorts, last)
        np.add.at(self.stayed, line[stayed], window[stayed])

    def _open(self, line: Ints, day: float) -> None:
        """A new event at these lines, which ended by `day`."""
        self.begin[line], self.end[line] = -1.0, day
        self.moved[line], self.stayed[line] = 0.0, 0.0

    def _window(self, intensity: Intensity, line: Ints, cohorts: Ints, last: Floats) -> Floats:
        """The part of the window of the line's event, by the page's clock, that lies after `last`."""
        begin, end = self.begin[line], self.end[line]
        early, late = intensity.total(cohorts, begin), intensity.total(cohorts, end)
        then = intensity.total(cohorts, np.clip(last, begin, np.maximum(begin, end)))
        length = late - early
        part = np.where(length > 1e-9, (late - then) / np.maximum(length, 1e-9), 1.0)
        window: Floats = np.where((line >= 0) & (last < end), part, 0.0)
        return window

    def _step(self, pages: Ints) -> Ints:
        """The step of the share of members that followed the first, of those visited since."""
        line, shop = self.line[pages], self._shop[pages]
        usual = (self.followed.sum(axis=1) / self.asked.sum(axis=1))[shop]
        others = np.maximum(self.moved[line] - 1.0, 0.0)
        share = (others + FOLLOWERS * usual) / (others + self.stayed[line] + FOLLOWERS)
        step: Ints = np.minimum((share * STEPS).astype(np.int64), STEPS - 1)
        return step

    def _place(self, pages: Ints, price: Ints) -> Ints:
        mixed = self._brand[pages] * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= price.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
        return ((mixed ^ mixed >> np.uint64(32)) & np.uint64(self.size - 1)).astype(np.int64)
