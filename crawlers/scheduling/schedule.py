"""Which pages to fetch next with a budget of requests: those whose visit is worth most. Pure.

A visit ends the waiting of the moves that have come since the last one, so what counts is how many are
expected now: by the clock of the shop, by the age and direction of the page's last move (`intensity`), by
the moves of its product line (`lines`) and by what the page did before (Gamma-Poisson). They are divided by
the root of the page's rate: where moves come evenly, visits in proportion to the root of the rate make the
mean delay of a move least, and rate ** 0.5 * age is Whittle's index of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.times import DAY_MS
from crawlers.scheduling.intensity import FELL, ROSE, Flags, Floats, Intensity, Ints
from crawlers.scheduling.product_lines import TOGETHER, Lines

SHAPE = 1.0  # of the Gamma distribution of rates among the pages of a shop: expected moves before a page counts
OWN_BELOW = 0.5  # below its former price a page's own rate tells less: the campaign's end does
HALF_LIFE = 180.0  # days after which a page's moves weigh half
LEAST_RATE = 1e-5  # moves a day
NEW_PAGE, OVERDUE = 1e6, 1e12  # worth of a page never seen, and of one that has waited too long
MOVE_SHARE = 20  # a twentieth, 5 %: what counts as a move
MOST_DOUBLINGS = 5
NEVER = np.int64(-1)


@dataclass(frozen=True)
class Bounds:
    """How long pages wait.

    Args:
        longest_ms: no page waits longer while the budget allows; None knows no such bound.
        shortest_ms: no page is due again sooner.
        patience_ms: a page that failed is left alone so long, twice as long after each further failure.
        fresh_ms: so long what the pages are worth is not reckoned again.
    """

    longest_ms: int | None = None
    shortest_ms: int = 0
    patience_ms: int = 0
    fresh_ms: int = 0


UNBOUND = Bounds()


class Schedule:
    """The pages' histories, one slot a page, and what is due.

    Args:
        shop: number of each page's shop, from 0.
        start_ms: a time before the first visit, epoch ms UTC.
        importance: weight of a delay at each page; 1 where none is given.
        brand: a number by shop and brand, the same for pages whose prices may move together;
            none: every page is alone.
    """

    def __init__(
        self,
        shop: Sequence[int] | Ints,
        start_ms: int,
        importance: Floats | None = None,
        brand: NDArray[np.uint64] | None = None,
        bounds: Bounds = UNBOUND,
    ) -> None:
        self.shop = np.asarray(shop, dtype=np.int64)
        pages, shops = len(self.shop), int(self.shop.max(initial=-1)) + 1
        self.start = start_ms - start_ms % DAY_MS
        self._importance = np.ones(pages) if importance is None else np.sqrt(importance)
        self._bounds = bounds
        self._failures, self._not_before = np.zeros(pages, dtype=np.int64), np.zeros(pages, dtype=np.int64)
        self.last, self.price = np.full(pages, NEVER), np.zeros(pages, dtype=np.int64)
        self.direction, self.moved_at = np.zeros(pages, dtype=np.int8), np.zeros(pages, dtype=np.float32)
        self.moves, self.expected = np.zeros(pages, dtype=np.float32), np.zeros(pages, dtype=np.float32)
        self.intensity = Intensity(shops)
        alone = np.arange(pages, dtype=np.uint64)
        self.lines = Lines(self.shop, alone if brand is None else brand, shops)
        self._worth, self._reckoned = np.zeros(0), NEVER

    def due(self, now_ms: int, budget: int, allowed: Flags | None = None) -> Ints:
        """At most `budget` slots of pages to fetch now, the most urgent first; only `allowed` ones."""
        if self._reckoned == NEVER or not 0 <= now_ms - self._reckoned < self._bounds.fresh_ms:
            self._worth, self._reckoned = self._reckon(now_ms), np.int64(now_ms)
        worth = self._worth.copy()
        seen, waited = self.last != NEVER, now_ms - self.last
        if self._bounds.longest_ms is not None:
            worth[seen & (waited > self._bounds.longest_ms)] += OVERDUE
        worth[(now_ms < self._not_before) | (seen & (waited < self._bounds.shortest_ms))] = -1.0
        if allowed is not None:
            worth[~allowed] = -1.0
        budget = min(budget, len(worth))
        chosen = np.argpartition(-worth, budget - 1)[:budget] if budget > 0 else np.zeros(0, dtype=np.int64)
        chosen = chosen[worth[chosen] >= 0.0]
        return chosen[np.lexsort((chosen, -worth[chosen]))]

    def visited(self, slots: Ints, now_ms: int, prices: Ints) -> None:
        """Good visits of these pages, each slot once, and their prices in minor units; 0 where none is shown."""
        if not len(slots):
            return
        seen = (self.last[slots] != NEVER) & (self.price[slots] > 0) & (prices > 0)
        if seen.any():
            self._learn(slots[seen], now_ms, prices[seen])
        shown = prices > 0
        self.price[slots[shown]] = prices[shown]
        self.lines.join(slots, self.price[slots], np.full(len(slots), self._day(now_ms)))
        self.last[slots] = now_ms
        self._failures[slots] = 0
        if len(self._worth):
            self._worth[slots] = 0.0  # until it is reckoned again

    def failed(self, slots: Ints, now_ms: int) -> None:
        """Visits of these pages that showed no price: nothing is learned of them, and they wait."""
        self._not_before[slots] = now_ms + self._bounds.patience_ms * 2 ** self._failures[slots]
        self._failures[slots] = np.minimum(self._failures[slots] + 1, MOST_DOUBLINGS)

    def _learn(self, pages: Ints, now_ms: int, prices: Ints) -> None:
        before, day, last = self.price[pages], self._day(now_ms), self._days(pages)
        moved = np.abs(prices - before) * MOVE_SHARE > before
        cohorts = self._cohorts(pages, day)
        if not self.intensity.covers(day, cohorts):
            self.intensity.reckon(day, self._cohorts(np.arange(len(self.shop)), day))
        self.lines.learn(self.intensity, pages, cohorts, last, day, moved)
        expected, found, middle = self.intensity.learn(cohorts, last, day, self._own(pages), moved)
        fading = 0.5 ** ((day - last) / HALF_LIFE)
        self.moves[pages] = self.moves[pages] * fading + found
        self.expected[pages] = self.expected[pages] * fading + expected
        self.moved_at[pages[moved]] = middle[moved]
        self.direction[pages[moved]] = np.where(prices < before, FELL, ROSE)[moved]

    def _reckon(self, now_ms: int) -> Floats:
        """What a visit of each page is worth now."""
        every, day = np.arange(len(self.shop)), self._day(now_ms)
        cohorts, last, own = self._cohorts(every, day), self._days(every), self._own(every)
        self.intensity.reckon(day, cohorts)
        clock = self.intensity
        then, now = clock.total(cohorts, last), clock.total(cohorts, day)
        watched_at, others = self.lines.watched(last)
        watched = clock.total(cohorts, watched_at)
        # That others of the line were seen where they were makes a move before that less likely.
        moves = own * (now - then - TOGETHER * (watched - then) + TOGETHER * others * (now - watched))
        moves += self.lines.boost(clock, every, cohorts, last)
        rate = np.maximum(own * clock.rate(cohorts), LEAST_RATE)
        worth = np.where(self.last == NEVER, NEW_PAGE, moves / np.sqrt(rate))
        weighed: Floats = self._importance * np.maximum(worth, 0.0)
        return weighed

    def _own(self, pages: Ints) -> Floats:
        """How much faster these pages move than their cohorts."""
        own: Floats = (self.moves[pages] + SHAPE) / (self.expected[pages] + SHAPE)
        return np.where(self.direction[pages] == FELL, own**OWN_BELOW, own)

    def _cohorts(self, pages: Ints, day: float) -> Ints:
        direction, moved = self.direction[pages].astype(np.int64), self.moved_at[pages].astype(np.float64)
        return self.intensity.cohort(self.shop[pages], direction, moved, day)

    def _day(self, now_ms: int) -> float:
        return (now_ms - self.start) / DAY_MS

    def _days(self, pages: Ints) -> Floats:
        return np.where(self.last[pages] == NEVER, -1.0, (self.last[pages] - self.start) / DAY_MS)
