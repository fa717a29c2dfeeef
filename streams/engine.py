"""The detector as live, backtest and tests run it: batches of observations in, market events out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from contracts.codec import decode_observations, encode
from contracts.events import MarketEvent
from contracts.observations import Observation, within_int64
from contracts.policy import Detection
from contracts.times import DAY_MS
from streams.kernel import (
    COUNTERS,
    DELISTED,
    HIT_COLUMNS,
    HITS_PER_ROW,
    INVALID,
    N_DELISTED,
    N_INVALID,
    NO_PRICE,
    Batch,
    Ints,
    rules_of,
    walk,
)
from streams.listing import missing
from streams.message import Rows
from streams.noticed import NO_PROMOTION, delisted, event_of, promotion_mask
from streams.series import SeriesKey, key_bytes
from streams.state import MarketState

AVAILABILITY_CODE = {"Unknown": 0, "InStock": 1, "OutOfStock": 2}


class Engine:
    """Market state and rules of one partition (or of a whole recording).

    The events do not depend on how the stream is cut into batches.

    Attributes:
        state: what is remembered; `MarketState.to_bytes` is its checkpoint.
        rejected: row numbers of the last batch whose price or currency is none.
    """

    def __init__(self, detection: Detection, state: MarketState | None = None, counts: Ints | None = None) -> None:
        self.detection = detection
        self.state = state or MarketState(detection)
        self.rejected: list[int] = []
        self._rules = rules_of(detection)
        self._counts = np.zeros(len(COUNTERS), np.int64)
        if counts is not None:
            self._counts += counts
        self._hits = np.empty((0, HIT_COLUMNS), np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """What was counted since the engine was made, by the names of `kernel.COUNTERS`."""
        return dict(zip(COUNTERS, self._counts.tolist(), strict=True))

    def observe(self, rows: Sequence[Observation]) -> list[MarketEvent]:
        """Events that follow from a batch of observations, in the order of their rows."""
        try:
            columns = self._columns(rows)
        except OverflowError:  # JSON knows no largest integer, int64 does
            columns = self._columns([within_int64(row) for row in rows])
        return self.observe_columns(columns, lambda numbers: [rows[number] for number in numbers])

    def observe_message(self, data: bytes | None) -> tuple[list[MarketEvent], Sequence[Observation]]:
        """The same for the bytes of a message; its rows are decoded as they are asked for. UndecodableError."""
        rows = None if data is None else Rows.of(data, self.state)
        if rows is not None:
            return self.observe_columns(rows.batch, rows.some), rows
        decoded = decode_observations(data)
        return self.observe(decoded), decoded

    def observe_columns(self, columns: Batch, some: Callable[[list[int]], Sequence[Observation]]) -> list[MarketEvent]:
        """The same for a batch that is columns already; `some` gives the observations of eventful rows."""
        return self.events_of(self.hits_of(columns), some)

    def hits_of(self, columns: Batch) -> Ints:
        """What happened in a batch, (hits, HIT_COLUMNS), in the order of its rows; `rejected` has its invalid rows."""
        state, count = self.state, len(columns.slot)
        if len(self._hits) < HITS_PER_ROW * count:
            self._hits = np.empty((HITS_PER_ROW * count, HIT_COLUMNS), np.int64)
        parts: list[Ints] = []
        self.rejected = []
        at = 0
        while at < count:
            invalid = self._counts[N_INVALID]
            found, at = walk(state.slots, state.shops, columns, self._rules, at, self._counts, self._hits)
            hits = self._hits[:found]
            parts.append(hits.copy() if self._counts[N_INVALID] == invalid else self._valid(hits))
            if at < count:
                parts.append(self._gone(at, int(columns.slot[at]), int(columns.observed_at[at])))
        return np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else self._hits[:0]

    def _valid(self, hits: Ints) -> Ints:
        invalid = hits[:, 1] == INVALID
        self.rejected += hits[invalid, 0].tolist()
        valid: Ints = hits[~invalid]
        return valid

    def events_of(self, hits: Ints, some: Callable[[list[int]], Sequence[Observation]]) -> list[MarketEvent]:
        """The events of `hits_of`."""
        events: list[MarketEvent] = []
        found = hits.tolist()
        seen = iter(some([hit[0] for hit in found if hit[1] != DELISTED]))
        for _row, what, *numbers in found:
            if what == DELISTED:
                events.append(delisted(self.state.series[numbers[0]], numbers[1]))
            else:
                events += event_of(next(seen), what, numbers)
        return events

    def _gone(self, row: int, slot: int, now: int) -> Ints:
        """Search the shop of a row that is the first of its day for products nobody has seen lately."""
        gone = missing(self.state, int(self.state.slots[slot]["competitor"]), now, self._rules.delist)
        self._counts[N_DELISTED] += len(gone)
        hits = np.zeros((len(gone), HIT_COLUMNS), np.int64)
        hits[:, 0], hits[:, 1], hits[:, 2], hits[:, 3] = row, DELISTED, gone, now
        return hits

    def _columns(self, rows: Sequence[Observation]) -> Batch:
        currencies = self.state.currencies
        keys, at, prices, codes, stock, promotions = [], [], [], [], [], []
        for row in rows:
            keys.append(key_bytes(SeriesKey(row.competitor, row.product_id, row.seller, row.price_type)))
            at.append(row.observed_at)
            price = row.price_minor
            prices.append(NO_PRICE if price is None else price)
            codes.append(currencies[row.currency])
            stock.append(AVAILABILITY_CODE[row.availability])
            unusual = row.promotions or row.list_price_minor or row.availability == "Unknown"
            promotions.append(promotion_mask(row) if unusual else NO_PROMOTION)
        times, amounts = np.array(at, np.int64), np.array(prices, np.int64)  # beyond int64: before anything is changed
        return Batch(
            self.state.add(keys, [row.category for row in rows]),
            times,
            amounts,
            np.array(codes, np.int32),
            np.array(stock, np.int8),
            np.array(promotions, np.int32),
        )


def warm_up(detection: Detection) -> None:
    """Compile, or load, all that messages and checkpoints need, so that the first ones do not wait for it."""
    engine = Engine(detection)
    for day in range(60):  # long enough for a product to be gone
        seen = range(2 if day < 2 else 1)
        rows = [Observation("a", f"{number}", day * DAY_MS, 100, "EUR", category="c") for number in seen]
        engine.observe_message(encode(tuple(rows)))
    many = 2 * len(engine.state.slots)
    engine.state.add([b"a\xff%d\xff\xffregular" % number for number in range(many)], [""] * many)
    MarketState.from_bytes(engine.state.to_bytes(), detection)
