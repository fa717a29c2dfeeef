"""The price at the start of the cap window, from our own prices in event time.

Points may arrive in any order and more than once: the answer depends on the set alone.
"""

from __future__ import annotations

from bisect import bisect_right, insort

from contracts.times import DAY_MS

KEEP_MS = 45 * DAY_MS  # the 30-day low needs the price that was in force when its window began


class PriceHistory:
    """Prices of one SKU in one currency and when each came into force (epoch ms, UTC)."""

    __slots__ = ("_points",)

    def __init__(self) -> None:
        self._points: list[tuple[int, int]] = []

    def add(self, at: int, price_minor: int) -> None:
        """A price in force from `at`; zero and negative ones are no prices."""
        point = (at, price_minor)
        if price_minor <= 0 or point in self._points[-8:]:
            return
        if point not in self._points:
            insort(self._points, point)
        self._forget(self._points[-1][0] - KEEP_MS)

    def _forget(self, before: int) -> None:
        # The newest point before the horizon stays: it is the price in force there.
        keep_from = max(0, bisect_right(self._points, (before, 0)) - 1)
        if keep_from:
            del self._points[:keep_from]

    def at(self, moment: int) -> int | None:
        """The price in force at a moment; the first one known where the moment is earlier; None without any."""
        if not self._points:
            return None
        return self._points[max(0, bisect_right(self._points, (moment, 1 << 62)) - 1)][1]

    def lowest(self, since: int, until: int) -> int | None:
        """The lowest price in force at any time in [since, until]; None without any."""
        inside = [price for at, price in self._points if since < at <= until]
        start = self.at(since)
        return min(inside, default=start) if start is None else min([start, *inside])
