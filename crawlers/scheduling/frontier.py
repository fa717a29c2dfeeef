"""Whose turn it is: the schedule over a watchlist, with a budget of requests, in flight and by shop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from contracts.topics import CrawlRequest
from crawlers.pages.watchlist import Row
from crawlers.scheduling import learned
from crawlers.scheduling.product_lines import brand
from crawlers.scheduling.schedule import Bounds, Schedule

PENDING_PER_SHOP = 16  # more would only wait in the downloader's queue, in an order of yesterday
LONGEST_ROUNDS, SHORTEST_ROUNDS = 4.0, 0.25
FRESH_ROUNDS, MOST_FRESH_MS = 1 / 64, 30_000  # so long an order holds: reckoning a million pages takes a while


class Frontier:
    """Pages of a watchlist in the order in which they are worth a visit. Times are epoch ms UTC.

    Args:
        every_s: how often a page is fetched on average: the budget is rows / every_s a second.
        shop_per_minute: at most so many pages of one shop a minute; None: no such bound.
        pending_per_shop: at most so many pages of one shop under way; what is asked for waits for them only.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        every_s: float,
        now_ms: int,
        shop_per_minute: float | None = None,
        pending_per_shop: int = PENDING_PER_SHOP,
    ) -> None:
        self._rows, self._most_pending = rows, pending_per_shop
        self._shops = sorted({row.competitor for row in rows})
        number = {name: place for place, name in enumerate(self._shops)}
        self._shop = np.array([number[row.competitor] for row in rows], dtype=np.int64)
        round_ms = every_s * 1000.0
        self.schedule = Schedule(
            self._shop,
            now_ms,
            np.array([row.importance for row in rows]),
            np.array([brand(row.competitor, row.name, row.url) for row in rows], dtype=np.uint64),
            Bounds(
                longest_ms=int(round_ms * LONGEST_ROUNDS),
                shortest_ms=int(round_ms * SHORTEST_ROUNDS),
                patience_ms=int(round_ms),
                fresh_ms=min(MOST_FRESH_MS, int(round_ms * FRESH_ROUNDS)),
            ),
        )
        self._keys = learned.page_keys((row.competitor, row.url) for row in rows)
        self._slot_of = {(row.competitor, row.url): slot for slot, row in enumerate(rows)}
        self._pending = np.zeros(len(rows), dtype=np.bool_)
        self._busy = np.zeros(len(self._shops), dtype=np.int64)
        self._ended: dict[int, int | None] = {}
        self._rate, self._budget, self._last = len(rows) / round_ms, 0.0, now_ms
        self._per_ms = None if shop_per_minute is None else shop_per_minute / 60_000
        self._shop_budget = np.full(len(self._shops), 1.0)
        self.pressing: list[int] = []

    def press(self, requests: Iterable[CrawlRequest]) -> None:
        """Pages that were asked for go first; those of other watchlists are none of ours."""
        for request in requests:
            slot = self._slot_of.get((request.competitor, request.url))
            if slot is not None and slot not in self.pressing:
                self.pressing.append(slot)

    def next(self, now_ms: int) -> list[tuple[Row, bool]]:
        """Rows to fetch now, and whether each was asked for; those count as pending until `ended`."""
        self.learn(now_ms)
        self._earn(now_ms)
        urgent = [slot for slot in self.pressing if not self._pending[slot]]
        self.pressing = []
        allowed = ~self._pending & (self._busy < self._most_pending)[self._shop]
        if self._per_ms is not None:
            allowed &= (self._shop_budget >= 1.0)[self._shop]
        allowed[urgent] = False
        due = self.schedule.due(now_ms, max(0, int(self._budget) - len(urgent)), allowed).tolist()
        chosen = [*urgent, *self._within_shops(due)]
        self._budget = max(-self._most(), self._budget - len(chosen))
        for slot in chosen:
            self._pending[slot] = True
            self._busy[self._shop[slot]] += 1
            self._shop_budget[self._shop[slot]] -= 1.0
        return [(self._rows[slot], place < len(urgent)) for place, slot in enumerate(chosen)]

    def ended(self, row: Row, good: bool, price_minor: int | None) -> None:
        """How a visit ended; a price tells whether the page has moved."""
        slot = self._slot_of[row.competitor, row.url]
        if self._pending[slot]:
            self._pending[slot] = False
            self._busy[self._shop[slot]] -= 1
        self._ended[slot] = (price_minor or 0) if good else None

    def learn(self, now_ms: int) -> None:
        """Let the schedule know how visits ended."""
        good = {slot: price for slot, price in self._ended.items() if price is not None}
        bad = [slot for slot, price in self._ended.items() if price is None]
        slots, prices = np.array(list(good), dtype=np.int64), np.array(list(good.values()), dtype=np.int64)
        self.schedule.visited(slots, now_ms, prices)
        self.schedule.failed(np.array(bad, dtype=np.int64), now_ms)
        self._ended = {}

    def state(self) -> learned.State:
        """What was learned until now, to be kept over a restart."""
        return learned.state(self.schedule, self._keys, self._shops)

    def restore(self, state: learned.State, now_ms: int) -> int:
        """Go on from what was learned before a restart; how many pages are known."""
        return learned.restore(self.schedule, self._keys, self._shops, state, now_ms)

    def _earn(self, now_ms: int) -> None:
        passed, self._last = max(0, now_ms - self._last), now_ms
        self._budget = min(self._budget + self._rate * passed, self._most())
        if self._per_ms is not None:
            self._shop_budget = np.minimum(self._shop_budget + self._per_ms * passed, max(1.0, self._per_ms * 10_000))

    def _most(self) -> float:
        """Budget that may be saved up: a second of it, at least one page of each shop."""
        return max(self._rate * 1000.0, float(len(self._busy)))

    def _within_shops(self, slots: list[int]) -> list[int]:
        """The slots that fit into what each shop has left."""
        room = self._most_pending - self._busy
        if self._per_ms is not None:
            room = np.minimum(room, self._shop_budget.astype(np.int64))
        kept = []
        for slot in slots:
            shop = self._shop[slot]
            if room[shop] > 0:
                room[shop] -= 1
                kept.append(slot)
        return kept
