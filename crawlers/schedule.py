"""Which pages to fetch next with a budget of requests: those whose visit is worth most. Pure.

The worth of a visit is the delay it ends: with moves arriving at a page at `rate` on its shop's clock
(see `intensity`), each move waits from its arrival on; spending a visit where
importance * rate * (integral of the time since the last visit over the clock) is largest is Whittle's
index of that cost: rate * age ** 2 / 2 where the clock is even. The rate of a page is a Gamma-Poisson
estimate from its own visits that leans on its shop's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.times import DAY_MS
from crawlers.intensity import Clock, Floats, Intensity, Ints

LEAN_DAYS = 60.0  # days of its own that a page needs to weigh as much as its shop
SHOP_MOVES, SHOP_DAYS = 1.0, 30.0  # what is believed of a shop before its first visit
NEW_PAGE_DAYS = 30.0  # a page never seen is worth as much as one not seen for so long
MOST_DOUBLINGS = 5
NEVER = np.int64(-1)

Flags = NDArray[np.bool_]


class Schedule:
    """The pages' histories, one slot a page, and what is due.

    Args:
        shop: number of each page's shop, from 0.
        start_ms: a time before the first visit, epoch ms UTC.
        importance: weight of a delay at each page; 1 where none is given.
        longest_ms: no page waits longer while the budget allows; None knows no such bound.
        shortest_ms: no page is due again sooner.
        patience_ms: a page that failed is left alone so long, twice as long after each further failure.
    """

    def __init__(
        self,
        shop: Sequence[int] | Ints,
        start_ms: int,
        importance: Floats | None = None,
        longest_ms: int | None = None,
        shortest_ms: int = 0,
        patience_ms: int = 0,
    ) -> None:
        self._shop = np.asarray(shop, dtype=np.int64)
        pages, shops = len(self._shop), int(self._shop.max(initial=-1)) + 1
        self._start = start_ms - start_ms % DAY_MS
        self._importance = np.ones(pages) if importance is None else importance
        self._longest, self._shortest, self._patience = longest_ms, shortest_ms, patience_ms
        self._failures, self._not_before = np.zeros(pages, dtype=np.int64), np.zeros(pages, dtype=np.int64)
        self._moves, self._days = np.zeros(pages), np.zeros(pages)
        self._last = np.full(pages, NEVER)
        self._shop_moves, self._shop_days = np.full(shops, SHOP_MOVES), np.full(shops, SHOP_DAYS)
        self._intensity = Intensity(shops)

    def due(self, now_ms: int, budget: int, allowed: Flags | None = None) -> Ints:
        """At most `budget` slots of pages to fetch now, the most urgent first; only `allowed` ones."""
        worth = self._worth(now_ms)
        if self._longest is not None:
            worth[(self._last != NEVER) & (now_ms - self._last > self._longest)] += np.float64(1e12)
        worth[(now_ms < self._not_before) | ((self._last != NEVER) & (now_ms - self._last < self._shortest))] = -1.0
        if allowed is not None:
            worth[~allowed] = -1.0
        budget = min(budget, len(worth))
        chosen = np.argpartition(-worth, budget - 1)[:budget] if budget > 0 else np.zeros(0, dtype=np.int64)
        chosen = chosen[worth[chosen] >= 0.0]
        return chosen[np.lexsort((chosen, -worth[chosen]))]

    def visited(self, slots: Ints, now_ms: int, moved: Flags) -> None:
        """Good visits of these pages, each slot once, and whether each had moved since its last one."""
        if not len(slots):
            return
        clock, day = self._clock(now_ms)
        seen = self._last[slots] != NEVER
        again, moves = slots[seen], moved[seen]
        shop, since = self._shop[again], self._since(again)
        gap = clock.at(np.full(len(shop), day), shop)[0] - clock.at(since, shop)[0]
        self._intensity.learn(clock, shop, since, day, self._rate(again), moves)
        self._moves[again] += moves
        self._days[again] += gap
        shops = len(self._shop_moves)
        self._shop_moves += np.bincount(shop, moves, shops)
        self._shop_days += np.bincount(shop, gap, shops)
        self._last[slots] = now_ms
        self._failures[slots] = 0

    def failed(self, slots: Ints, now_ms: int) -> None:
        """Visits of these pages that showed no price: nothing is learned of them, and they wait."""
        self._not_before[slots] = now_ms + self._patience * 2 ** self._failures[slots]
        self._failures[slots] = np.minimum(self._failures[slots] + 1, MOST_DOUBLINGS)

    def _worth(self, now_ms: int) -> Floats:
        clock, day = self._clock(now_ms)
        every = np.arange(len(self._shop))
        since = self._since(every)
        numbers = np.arange(len(self._shop_moves))
        total, moment = clock.at(np.full(len(numbers), day), numbers)
        total_then, moment_then = clock.at(since, self._shop)
        waited = (moment[self._shop] - moment_then) - since * (total[self._shop] - total_then)
        waited = np.where(self._last == NEVER, NEW_PAGE_DAYS**2 / 2, np.maximum(waited, 0.0))
        worth: Floats = self._importance * self._rate(every) * waited
        return worth

    def _rate(self, slots: Ints) -> Floats:
        """Moves a day at pace 1 that are expected of these pages."""
        shop = self._shop[slots]
        of_shop = self._shop_moves[shop] / self._shop_days[shop]
        rate: Floats = (self._moves[slots] + LEAN_DAYS * of_shop) / (self._days[slots] + LEAN_DAYS)
        return rate

    def _clock(self, now_ms: int) -> tuple[Clock, float]:
        day = (now_ms - self._start) / DAY_MS
        return self._intensity.clock(day), day

    def _since(self, slots: Ints) -> Floats:
        return np.maximum(self._last[slots] - self._start, 0) / DAY_MS
