"""When prices move: bursts of a shop, and what a page's last move says of its next. Pure.

The hazard of a page is `pace * rate * own`. `pace` is how fast the shop's clock runs in each bin of six
hours (10 on a day of new prices), apart for pages that are below their former price; `rate` is moves a day
by the direction and the age of the last move seen: a price that fell comes back when its campaign ends.
`own` is the page's (see `schedule`). Every visit is evidence of what lies between it and the one before:
a page that did not move is exposure, a move is shared among the bins by what was expected of each
(expectation-maximisation of a Poisson process seen at visits only).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

BIN = 0.25  # days
BINS_A_DAY, WEEK_BINS = 4, 28
BINS = 180  # how far back bins are told apart: 45 days
COHORTS = 46  # ages in days; the last is "older", and "never moved"
NONE, FELL, ROSE = 0, 1, 2  # directions of the last move seen
DIRECTIONS = 3
AGE_EDGES = (*range(1, 23), 29, 42)  # days; ages between two edges share a rate
AGES = len(AGE_EDGES) + 1
AGE_OF_DAY = np.searchsorted(np.array(AGE_EDGES), np.arange(COHORTS), "right")
BELIEVED = np.array([0.005, 0.05, 0.015])  # moves a day by direction, before anything was seen
# Evidence that weighs as much as what is believed beforehand: expected moves, and page-days for rates.
WEEK_MOVES, BURST_MOVES, SHOP_MOVES, DIRECTION_MOVES = 30.0, 3.0, 20.0, 10.0
ALL_DAYS, AGE_DAYS = 500.0, 100.0
HALF_LIFE = 180.0  # days after which what was seen weighs half
MOST_AT_ONCE = 3.0  # moves that one visit may have found


class Gaps(NamedTuple):
    """What visits at one time say of the time before them, each visit with its own gap.

    Args:
        expected: moves expected in the gap, of a page with `own` 1.
        found: moves that were found, where a visit that finds one may have missed others; 0 without one.
        middle: when a move in the gap is expected, days.
    """

    expected: Floats
    found: Floats
    middle: Floats


class Intensity:
    """The clocks and rates of all shops. Times are days since a midnight in UTC."""

    def __init__(self, shops: int) -> None:
        self.shops = shops
        self.first_bin = 0
        self.moves = np.zeros((shops, 2, BINS))
        self.exposure = np.zeros((shops, 2, BINS))
        self.week_moves = np.zeros((shops, 2, WEEK_BINS))
        self.week_exposure = np.zeros((shops, 2, WEEK_BINS))
        self.age_moves = np.zeros((shops, DIRECTIONS, AGES))
        self.age_exposure = np.zeros((shops, DIRECTIONS, AGES))
        self._place = np.full(shops * DIRECTIONS * COHORTS, -1, dtype=np.int64)

    def cohort(self, shop: Ints, direction: Ints, moved: Floats, day: float) -> Ints:
        """Numbers of the cohorts whose pages share a hazard: shop, direction, and day of the last move."""
        age = np.clip(int(day) - moved.astype(np.int64), 0, COHORTS - 1)
        age = np.where(direction == NONE, COHORTS - 1, age)
        cohort: Ints = (shop * DIRECTIONS + direction) * COHORTS + age
        return cohort

    def reckon(self, day: float, cohorts: Ints) -> None:
        """Bring the clocks up to `day` for these cohorts (each may come several times)."""
        self._advance(day)
        self._pace, rates = self._paces(), self._rates()
        used = np.bincount(cohorts, minlength=len(self._place)) > 0
        self._place = np.where(used, np.cumsum(used) - 1, -1)
        number = np.flatnonzero(used)
        age = number % COHORTS
        self._direction, self._shop = number // COHORTS % DIRECTIONS, number // (COHORTS * DIRECTIONS)
        ago = int(day) - (self.first_bin + np.arange(BINS)) // BINS_A_DAY
        then = np.clip(age[:, None] - ago, 0, COHORTS - 1)
        self._age = AGE_OF_DAY[np.where(age[:, None] == COHORTS - 1, COHORTS - 1, then)]
        self._now = rates[self._shop, self._direction, AGE_OF_DAY[age]]
        rate = rates[self._shop[:, None], self._direction[:, None], self._age]
        self._hazard = self._pace[self._shop, (self._direction == FELL).astype(np.int64)] * rate
        self._total = np.hstack([np.zeros((len(number), 1)), np.cumsum(self._hazard, axis=1) * BIN])

    def covers(self, day: float, cohorts: Ints) -> bool:
        """Whether `reckon` has been called for this time and these cohorts."""
        return int(day / BIN) - self.first_bin == BINS - 1 and bool((self._place[cohorts] >= 0).all())

    def total(self, cohorts: Ints, day: Floats | float) -> Floats:
        """Moves expected until `day` by a clock that began long ago; differences of it are what counts."""
        row = self._place[cohorts]
        since = np.clip(np.asarray(day) / BIN - self.first_bin, 0.0, BINS - 1e-9)
        bins = since.astype(np.int64)
        total: Floats = self._total[row, bins] + self._hazard[row, bins] * (since - bins) * BIN
        return total

    def rate(self, cohorts: Ints) -> Floats:
        """Moves a day at pace 1 that are expected of pages of these cohorts now."""
        rate: Floats = self._now[self._place[cohorts]]
        return rate

    def learn(self, cohorts: Ints, since: Floats, day: float, own: Floats, moved: Flags) -> Gaps:
        """Visits at `day` of pages last visited at `since`, and whether each has moved."""
        row = self._place[cohorts]
        since = np.maximum(since, self.first_bin * BIN)
        expected = np.maximum(self.total(cohorts, day) - self.total(cohorts, since), 0.0)
        first = np.clip((since / BIN).astype(np.int64) - self.first_bin, 0, BINS - 1)
        lengths = np.maximum(int(day / BIN) - self.first_bin - first + 1, 1)
        who = np.repeat(np.arange(len(row)), lengths)
        bins = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[who]
        begin = np.maximum(since[who], (bins + self.first_bin) * BIN)
        end = np.minimum(day, (bins + self.first_bin + 1) * BIN)
        overlap = np.maximum(end - begin, 0.0)
        weight = self._hazard[row[who], bins] * overlap
        share = weight / np.maximum(np.bincount(who, weight, len(row)), 1e-12)[who]
        middle: Floats = np.clip(np.bincount(who, share * (begin + end) / 2, len(row)), since, day)
        mean = own * expected
        several = np.minimum(mean / np.maximum(-np.expm1(-mean), 1e-9), MOST_AT_ONCE)
        found: Floats = np.where(moved, several, 0.0)
        self._add(row[who], bins, share * found[who], own[who] * overlap)
        return Gaps(expected, found, middle)

    def _add(self, row: Ints, bins: Ints, moves: Floats, own_days: Floats) -> None:
        shop, direction, age = self._shop[row], self._direction[row], self._age[row, bins]
        fell = (direction == FELL).astype(np.int64)
        pace = self._pace[shop, fell, bins]
        exposure = own_days * self._hazard[row, bins] / pace
        week = (bins + self.first_bin) % WEEK_BINS
        for place, seen, chances in (
            ((shop, fell, bins), self.moves, self.exposure),
            ((shop, fell, week), self.week_moves, self.week_exposure),
        ):
            np.add.at(seen, place, moves)
            np.add.at(chances, place, exposure)
        np.add.at(self.age_moves, (shop, direction, age), moves)
        np.add.at(self.age_exposure, (shop, direction, age), own_days * pace)

    def _advance(self, day: float) -> None:
        """Drop bins that are too old, make room for new ones, and let what is old weigh less."""
        shift = int(day / BIN) - (self.first_bin + BINS - 1)
        if shift <= 0:
            return
        kept, room = min(shift, BINS), np.zeros((self.shops, 2, min(shift, BINS)))
        self.moves = np.concatenate([self.moves[:, :, kept:], room], axis=2)
        self.exposure = np.concatenate([self.exposure[:, :, kept:], room], axis=2)
        self.first_bin += shift
        for seen in (self.week_moves, self.week_exposure, self.age_moves, self.age_exposure):
            np.multiply(seen, 0.5 ** (shift * BIN / HALF_LIFE), out=seen)

    def _paces(self) -> Floats:
        """How fast each clock runs in each bin: what the time of the week makes one expect, and what was seen."""
        week = (self.week_moves + WEEK_MOVES) / (self.week_exposure + WEEK_MOVES)
        week /= week.mean(axis=2, keepdims=True)
        usual = week[:, :, (self.first_bin + np.arange(BINS)) % WEEK_BINS]
        expected = self.exposure * usual
        burst = (self.moves.sum(axis=1) + BURST_MOVES) / (expected.sum(axis=1) + BURST_MOVES)
        pace: Floats = usual * (self.moves + BURST_MOVES * burst[:, None]) / (expected + BURST_MOVES)
        return pace

    def _rates(self) -> Floats:
        """Moves a day by shop, direction and age, each leaning on the next more general one."""
        moves, days = self.age_moves, self.age_exposure
        general = (moves.sum(axis=0) + ALL_DAYS * BELIEVED[:, None]) / (days.sum(axis=0) + ALL_DAYS)
        shop = (moves.sum(axis=(1, 2)) + SHOP_MOVES) / ((days * general).sum(axis=(1, 2)) + SHOP_MOVES)
        leaning = general * shop[:, None, None]
        kind = (moves.sum(axis=2) + DIRECTION_MOVES) / ((days * leaning).sum(axis=2) + DIRECTION_MOVES)
        leaning = leaning * kind[:, :, None]
        rates: Floats = (moves + AGE_DAYS * leaning) / (days + AGE_DAYS)
        return rates
