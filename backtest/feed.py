"""From frames to the detector's columns: names become codes once a row group, series become slots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backtest.frame import NO_PRICE, Frame
from backtest.slots import SlotTable
from contracts.events import MarketEvent
from contracts.observations import Promotion
from contracts.policy import Detection
from streams.engine import AVAILABILITY_CODE, Engine
from streams.kernel import Batch
from streams.noticed import CANNOT_SAY, NO_PROMOTION, PROMOTION_KINDS
from streams.series import SeriesKey, key_bytes

ROWS = 65_536  # rows a batch: the kernel's room for hits is 128 bytes a row
SERIES = ("competitor", "product_id", "seller", "price_type")
WAS_NOW = 1 << PROMOTION_KINDS.index("was_now")


class Names:
    """Codes of one column's names; the mapping of the dictionary seen last is kept."""

    def __init__(self, code: Callable[[str], int]) -> None:
        self._code = code
        self._seen = pa.array([], pa.string())
        self._codes = np.empty(0, np.int64)
        self._names: list[str] = []
        self._places: npt.NDArray[np.int32] | None = None

    def codes(self, frame: Frame, name: str) -> npt.NDArray[np.int64] | int:
        """The code of each row, (n,), or the one code that all rows have."""
        dictionary, places = frame.dictionary(name)
        known = len(self._seen)
        if len(dictionary) < known or not dictionary.slice(0, known).equals(self._seen):
            known = 0
        if len(dictionary) > known:  # a dictionary grows from batch to batch: only what is new is looked up
            names = ["" if name is None else name for name in dictionary.slice(known).to_pylist()]
            self._codes = np.concatenate([self._codes[:known], np.fromiter(map(self._code, names), np.int64)])
            self._names = self._names[:known] + names
        self._seen, self._places = dictionary, places
        return int(self._codes[0]) if places is None else self._codes[places]

    def at(self, row: int) -> str:
        """The name in a row of the frame seen last."""
        return self._names[0 if self._places is None else self._places[row]]


class Feed:
    """One detector and the way of recorded rows into it: same events as live, without structs for quiet rows."""

    def __init__(self, detection: Detection) -> None:
        self.engine = Engine(detection)
        self.slots = SlotTable()
        self._known: dict[str, dict[str, int]] = {name: {} for name in SERIES}
        self._series = {name: Names(_numbered(known)) for name, known in self._known.items()}
        self._currency = Names(self.engine.state.currencies.__getitem__)
        self._availability = Names(AVAILABILITY_CODE.__getitem__)
        self._masks: dict[str | None, int] = {None: NO_PROMOTION}

    def observe(self, frame: Frame) -> list[MarketEvent]:
        """Events that follow from a frame of at most ROWS rows, in the order of its rows."""
        slot = self._slots(frame)
        availability = _full(self._availability.codes(frame, "availability"), frame.rows, np.int8)
        columns = Batch(
            slot,
            frame.observed_at,
            frame.price,
            _full(self._currency.codes(frame, "currency"), frame.rows, np.int32),
            availability,
            self._promotions(frame, availability),
        )
        return self.engine.observe_columns(columns, lambda row: frame.observation(row, self._names_at(row)))

    def _names_at(self, row: int) -> dict[str, str]:
        found = {name: names.at(row) for name, names in self._series.items()}
        found["currency"], found["availability"] = self._currency.at(row), self._availability.at(row)
        return found

    def _slots(self, frame: Frame) -> npt.NDArray[np.int32]:
        codes = {name: self._series[name].codes(frame, name) for name in SERIES}
        first = _pair(codes["competitor"], codes["product_id"], frame.rows)
        second = _pair(codes["seller"], codes["price_type"], frame.rows)
        before = self.slots.size
        slots = self.slots.find(first, second)
        if self.slots.size > before:
            # Slots are numbered in the order of first appearance: so are the state's.
            new, at = np.unique(slots, return_index=True)
            rows = at[new >= before]
            competitors, products, sellers, types = (self._at(name, codes[name], rows) for name in SERIES)
            keys = [key_bytes(SeriesKey(*names)) for names in zip(competitors, products, sellers, types, strict=True)]
            self.engine.state.add(keys, frame.texts("category", rows))
        return slots

    def _at(self, name: str, codes: npt.NDArray[np.int64] | int, rows: npt.NDArray[np.int64]) -> list[str]:
        names = list(self._known[name])
        return [names[codes]] * len(rows) if isinstance(codes, int) else [names[c] for c in codes[rows].tolist()]

    def _promotions(self, frame: Frame, availability: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        mask = np.zeros(frame.rows, np.int32)
        shown, listed = frame.promotions(), frame.list_price()
        if shown is not None:
            mask |= np.fromiter(map(self._mask, shown.to_pylist()), np.int32, frame.rows)
        if listed is not None:
            both = (listed != NO_PRICE) & (listed != 0) & (frame.price != NO_PRICE) & (frame.price != 0)
            mask[both & (listed > frame.price)] |= WAS_NOW
        mask[availability == 0] = CANNOT_SAY
        return mask

    def _mask(self, text: str | None) -> int:
        mask = self._masks.get(text)
        if mask is None:
            mask = NO_PROMOTION
            for promotion in msgspec.json.decode(text or "[]", type=tuple[Promotion, ...]):
                mask |= 1 << PROMOTION_KINDS.index(promotion.kind)
            if len(self._masks) < 100_000:
                self._masks[text] = mask
        return mask


def _numbered(known: dict[str, int]) -> Callable[[str], int]:
    return lambda name: known.setdefault(name, len(known))


def _full(codes: npt.NDArray[np.int64] | int, rows: int, kind: Any) -> npt.NDArray[Any]:
    return np.full(rows, codes, kind) if isinstance(codes, int) else codes.astype(kind)


def _pair(high: npt.NDArray[np.int64] | int, low: npt.NDArray[np.int64] | int, rows: int) -> npt.NDArray[np.int64]:
    pair = (high << 32) | low
    return np.full(rows, pair, np.int64) if isinstance(pair, int) else pair
