"""When a shop changes its prices: moves come in bursts, so time counts more in some hours than in others. Pure.

A shop's clock runs at `m` in each bin of six hours: 1 is its ordinary pace, 10 a day of new prices.
Every visit is evidence: a page that moved since its last visit says that time ran fast in between,
a page that did not says the opposite; what is expected at a time of the week is learned likewise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.times import DAY_MS, HOUR_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BIN_MS = 6 * HOUR_MS
BIN = BIN_MS / DAY_MS  # days
WEEK_BINS = 7 * DAY_MS // BIN_MS
LONGEST_GAP_BINS = 160  # older time is not told apart any more
PRIOR = 3.0  # expected moves that a bin must have seen before it speaks for itself


class Clock(NamedTuple):
    """Integrals of every shop's pace up to the edges of bins: of m, and of m times time; in days."""

    pace: Floats
    total: Floats
    moment: Floats

    def at(self, day: Floats, shop: Ints) -> tuple[Floats, Floats]:
        """Both integrals at times `day` (days since the start) on the clocks of `shop`."""
        place = np.minimum((day / BIN).astype(np.int64), self.pace.shape[1] - 1)
        rest = day - place * BIN
        pace = self.pace[shop, place]
        return self.total[shop, place] + pace * rest, self.moment[shop, place] + pace * rest * (place * BIN + rest / 2)


class Intensity:
    """The clocks of all shops, learned from visits. Times are days since `start_ms`, a midnight in UTC."""

    def __init__(self, shops: int) -> None:
        self._moves = np.zeros((shops, WEEK_BINS))
        self._expected = np.zeros((shops, WEEK_BINS))

    def clock(self, day: float) -> Clock:
        """The clocks up to `day`."""
        last = int(day / BIN)
        self._reach(last)
        moves, expected = self._moves[:, : last + 1], self._expected[:, : last + 1]
        pace = (moves + PRIOR * self._of_the_week(moves, expected)) / (expected + PRIOR)
        middle = (np.arange(last + 1) + 0.5) * BIN
        return Clock(pace, _integral(pace), _integral(pace * middle))

    def learn(
        self, clock: Clock, shop: Ints, since: Floats, day: float, rate: Floats, moved: NDArray[np.bool_]
    ) -> None:
        """Visits at `day` of pages last visited at `since`, expected to move `rate` times a day at pace 1."""
        last = int(day / BIN)
        first = np.maximum((since / BIN).astype(np.int64), last - LONGEST_GAP_BINS)
        lengths = last - first + 1
        who = np.repeat(np.arange(len(shop)), lengths)
        bins = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[who]
        overlap = np.minimum(day, (bins + 1) * BIN) - np.maximum(since[who], bins * BIN)
        overlap = np.maximum(overlap, 0.0)
        weight = clock.pace[shop[who], bins] * overlap
        share = weight / np.maximum(np.bincount(who, weight, len(shop))[who], 1e-12)
        np.add.at(self._expected, (shop[who], bins), rate[who] * overlap)
        np.add.at(self._moves, (shop[who], bins), share * moved[who])

    def _reach(self, last: int) -> None:
        missing = last + 1 - self._moves.shape[1]
        if missing > 0:
            more = np.zeros((self._moves.shape[0], missing + WEEK_BINS))
            self._moves, self._expected = np.hstack([self._moves, more]), np.hstack([self._expected, more])

    def _of_the_week(self, moves: Floats, expected: Floats) -> Floats:
        """What each bin's time of the week makes one expect."""
        shops, bins = moves.shape
        weeks = -(-bins // WEEK_BINS)
        room = ((0, 0), (0, weeks * WEEK_BINS - bins))
        per_week = np.pad(moves, room).reshape(shops, weeks, WEEK_BINS).sum(axis=1)
        chances = np.pad(expected, room).reshape(shops, weeks, WEEK_BINS).sum(axis=1)
        ratio: Floats = np.tile((per_week + PRIOR) / (chances + PRIOR), weeks)[:, :bins]
        return ratio


def _integral(values: Floats) -> Floats:
    return np.hstack([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1) * BIN])
