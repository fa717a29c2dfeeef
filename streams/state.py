"""The market state: a struct of arrays, one slot a series, and its bytes for a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.errors import TamperedError
from contracts.ids import content_hash
from contracts.money import is_currency
from contracts.observations import Observation
from contracts.policy import Detection
from streams.names import Slots
from streams.scan import CURRENCIES, UNSEEN
from streams.series import SeriesKey, SeriesTable, key_bytes, keys_bytes, names_of

FORMAT = 4
NEVER = np.iinfo(np.int64).min
KINDS = 16  # of promotions, at most

SLOT = np.dtype(
    [
        ("last", np.int64),  # last accepted price, minor units; 0: none yet
        ("anchor", np.int64),  # price at the last move raised
        ("ring", np.int64, (5,)),  # the last five accepted prices
        ("seen_at", np.int64),  # observed_at of the last price taken in, epoch ms
        ("checked_at", np.int64),  # observed_at of the last availability taken in
        ("held", np.int64),  # a price in quarantine; 0: none
        ("held_currency", np.int32),
        ("currency", np.int32),  # code of the series' currency; -1: none yet
        ("competitor", np.int32),
        ("category", np.int32),
        ("move_bp", np.int32),  # threshold of a move
        ("promotions", np.int32),  # bit mask of the promotion kinds now shown
        ("seen_price", np.int64),  # the last offer taken in, lowest or not
        ("window", np.int64),  # when the crawl window began
        ("window_low", np.int64),  # the offer that counts in it, and when it was seen
        ("window_at", np.int64),
        ("dip_from", np.int64),  # a cut that may return: price before, lowest since, when; 0: none
        ("dip_price", np.int64),
        ("dip_at", np.int64),
        ("bucket", np.int64),  # time bucket in which the product was last counted for mass moves
        ("ring_size", np.int8),
        ("ring_next", np.int8),
        ("availability", np.int8),  # last confirmed
        ("pending", np.int8),  # how often the opposite was seen since
        ("raises_moves", np.int8),  # 1 where the policy names the price type
        ("window_in_stock", np.int8),
        ("deferred", np.int8),  # 1: the window's offer is a rise that waits for the window to close
        ("rose", np.int8),  # 1: the window began with a rise
        ("suspect", np.int8),  # 1: a higher price was seen in the window and is taken for another offer
        ("many", np.int8),  # windows for which several offers are still expected
        ("delisted", np.int8),
        ("jumped", np.int8),  # bit mask of the causes it was counted for in its bucket
    ],
    align=True,
)

SHOP = np.dtype(
    [
        ("first_seen_at", np.int64),
        ("swept_day", np.int64),  # day on which products that are gone were last looked for
        ("returned_at", np.int64),  # when it was seen again after so long that nothing is known of its products
        ("bucket", np.int64),  # the time bucket of `seen`, `jumped` and `changes`
        ("seen", np.int64),  # products seen in it
        ("jumped", np.int64, (4,)),  # products that moved, were held back, lost their price
        ("told", np.int64),
        ("kind_used_at", np.int64, (KINDS,)),  # when a kind of promotion was last seen, epoch ms
        ("changes", np.int64, (128,)),  # changes of the first products that moved, basis points
    ],
    align=True,
)


NEW_SHOP = np.zeros((), SHOP)
NEW_SHOP["first_seen_at"] = NEW_SHOP["swept_day"] = NEW_SHOP["bucket"] = NEVER
NEW_SHOP["returned_at"] = NEVER
NEW_SHOP["kind_used_at"] = NEVER
# A series before its first observation.
NEW_SERIES = np.zeros(1, SLOT)
NEW_SERIES["seen_at"] = NEW_SERIES["checked_at"] = NEVER
NEW_SERIES["window"] = NEW_SERIES["bucket"] = NEVER
NEW_SERIES["currency"] = NEW_SERIES["held_currency"] = -1


class Codes(dict[str, int]):
    """Names to small integers, in the order they first appear: `codes[name]`."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__((name, code) for code, name in enumerate(names))
        self.names: list[str] = list(self)

    def __missing__(self, name: str) -> int:
        code = self[name] = len(self.names)
        self.names.append(name)
        return code


class CurrencyCodes(Codes):
    """Codes of currencies; -1 for one that ISO 4217 does not know."""

    def __missing__(self, name: str) -> int:
        if is_currency(name):
            return super().__missing__(name)
        self[name] = -1
        return -1


class MarketState:
    """All that is remembered of the market between two batches.

    Attributes:
        series: numbers the series by their names.
        currency_codes: int32 (CURRENCIES,), the code of each three letters; UNSEEN until asked for.
        slots: structured array (capacity,) of `SLOT`; the first `size` are in use.
        shop_of: int32 (capacity,), the competitor of each slot once more: to look through it is cheap.
        shops: structured array of `SHOP`, one a competitor.
    """

    def __init__(self, detection: Detection) -> None:
        self.detection = detection
        self.series = SeriesTable()
        self.slots = np.zeros(1024, SLOT)
        self.shop_of = np.zeros(1024, np.int32)
        self.competitors = Codes()
        self.categories = Codes()
        self.currencies = CurrencyCodes()
        self.currency_codes = np.full(CURRENCIES, UNSEEN, np.int32)
        self.shops = np.full(16, NEW_SHOP)
        self._threshold = cache(detection.move_threshold_bp)

    @property
    def size(self) -> int:
        """Number of series known."""
        return self.series.size

    def slot_of(self, key: SeriesKey, category: str = "") -> int:
        """The slot of a series, a new one where the series is new."""
        return int(self.add([key_bytes(key)], [category])[0])

    def add(self, keys: list[bytes], categories: Sequence[str]) -> Slots:
        """The slot of each series, int32 (n,); new ones get slots in the order they come.

        Args:
            keys: as `key_bytes` makes them.
            categories: one a key; that with which a series first comes counts.
        """
        start = self.size
        slots = self.series.add_bytes(keys)
        if self.size == start:
            return slots
        new, at = np.unique(slots, return_index=True)
        rows = at[new >= start].tolist()
        competitors, _products, _sellers, types = zip(*[names_of(keys[row]) for row in rows], strict=True)
        self._begin(start, competitors, types, [categories[row] for row in rows])
        return slots

    def add_new(self, columns: Sequence[Sequence[str]], categories: Sequence[str]) -> None:
        """Give the next slots to series that are known to be new, each once; columns as in SeriesKey."""
        start = self.size
        self.series.add_bytes(keys_bytes(columns))
        self._begin(start, columns[0], columns[3], categories)

    def begin(self, start: int, rows: Sequence[Observation]) -> None:
        """What was seen first of each series that has a slot from `start` on."""
        self._begin(start, [r.competitor for r in rows], [r.price_type for r in rows], [r.category for r in rows])

    def _begin(self, start: int, competitors: Sequence[str], types: Sequence[str], categories: Sequence[str]) -> None:
        while self.size > len(self.slots):
            self.slots, self.shop_of = _grown(self.slots), _grown(self.shop_of)
        fresh, raising = self.slots[start : self.size], self.detection.price_types
        _bytes(fresh)[:] = _bytes(NEW_SERIES)  # field by field takes ten times as long
        fresh["competitor"] = list(map(self.competitors.__getitem__, competitors))
        self.shop_of[start : self.size] = fresh["competitor"]
        fresh["category"] = list(map(self.categories.__getitem__, categories))
        fresh["move_bp"] = list(map(self._threshold, categories, competitors))
        fresh["raises_moves"] = [name in raising for name in types]
        while len(self.competitors) > len(self.shops):
            self.shops = np.concatenate([self.shops, np.full_like(self.shops, NEW_SHOP)])

    def to_bytes(self) -> bytes:
        """The state as bytes: a JSON header, then the arrays. Equal states give equal bytes."""
        header = msgspec.json.encode(
            {
                "format": FORMAT,
                "size": self.size,
                "itemsize": SLOT.itemsize + SHOP.itemsize,
                "competitors": self.competitors.names,
                "categories": self.categories.names,
                "currencies": self.currencies.names,
                "detection": _fingerprint(self.detection),
            }
        )
        keys = self.series.to_bytes()
        parts = [
            len(header).to_bytes(8, "little"),
            header,
            len(keys).to_bytes(8, "little"),
            keys,
            self.slots[: self.size].tobytes(),
            self.shops.tobytes(),
        ]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes, detection: Detection) -> MarketState:
        """The state that `to_bytes` wrote; TamperedError where the bytes are of another format."""
        state = cls(detection)
        view = memoryview(data)
        header_end = 8 + int.from_bytes(view[:8], "little")
        header = msgspec.json.decode(view[8:header_end])
        if header["format"] != FORMAT or header["itemsize"] != SLOT.itemsize + SHOP.itemsize:
            raise TamperedError(f"a checkpoint must have format {FORMAT}, was {header['format']}: rebuild the state")
        keys_end = header_end + 8 + int.from_bytes(view[header_end : header_end + 8], "little")
        state.series.take_over(view[header_end + 8 : keys_end], header["size"])
        slots_end = keys_end + header["size"] * SLOT.itemsize
        capacity = max(1024, header["size"])
        state.slots = np.zeros(capacity, SLOT)
        state.slots[: header["size"]] = np.frombuffer(view[keys_end:slots_end], SLOT)
        state.shop_of = state.slots["competitor"].copy()
        state.competitors = Codes(header["competitors"])
        state.categories = Codes(header["categories"])
        state.currencies = CurrencyCodes(header["currencies"])
        state.shops = np.frombuffer(view[slots_end:], SHOP).copy()
        if header["detection"] != _fingerprint(detection):
            state._apply_thresholds()
        return state

    def _apply_thresholds(self) -> None:
        rows = self.slots[: self.size]
        pairs, where = np.unique(np.stack([rows["category"], rows["competitor"]]), axis=1, return_inverse=True)
        thresholds = [
            self._threshold(self.categories.names[category], self.competitors.names[competitor])
            for category, competitor in pairs.T.tolist()
        ]
        rows["move_bp"] = np.array(thresholds, np.int32)[where.ravel()]
        rows["raises_moves"] = [
            key.price_type in self.detection.price_types for key in map(self.series.__getitem__, range(self.size))
        ]


def _grown(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Four times as much room: pages that nobody touches cost nothing, those that are copied do."""
    more = np.zeros(4 * len(array), array.dtype)
    _bytes(more[: len(array)])[:] = _bytes(array)
    return more


def _bytes(slots: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return slots.view(np.uint8).reshape(len(slots), -1)


def _fingerprint(detection: Detection) -> str:
    return content_hash(msgspec.json.encode(detection))
