"""From frames to the detector's columns: names become codes once a row group, series become slots."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backtest.eventful import Eventful
from backtest.frame import NO_PRICE, Frame, texts
from contracts.observations import Promotion
from contracts.policy import Detection
from streams.engine import AVAILABILITY_CODE, Engine
from streams.kernel import Batch
from streams.names import NameTable, Texts
from streams.noticed import CANNOT_SAY, NO_PROMOTION, PROMOTION_KINDS
from streams.state import Codes, MarketState

ROWS = 1 << 17  # rows a batch: the kernel's room for hits is 392 bytes a row, used as far as there are hits
GROUP = ("competitor", "seller", "price_type")  # with the product they name a series
WAS_NOW = 1 << PROMOTION_KINDS.index("was_now")


class Names:
    """Codes of one column's names; the mapping of the dictionary seen last is kept.

    Args:
        code: of a name, as a mapping that makes up those it lacks.
        kind: of the codes given.
    """

    def __init__(self, column: str, code: dict[str, int], kind: type[np.integer[Any]] = np.int64) -> None:
        self._column, self.code = column, code.__getitem__
        self._seen = pa.array([], pa.string())
        self._codes = np.empty(0, kind)
        self._names: list[str] = []
        self._places: npt.NDArray[np.int32] | None = None

    def codes(self, frame: Frame, name: str) -> npt.NDArray[Any] | int:
        """The code of each row, (n,), or the one code that all rows have."""
        dictionary, places = frame.dictionary(name)
        known = len(self._seen)
        if len(dictionary) < known or not dictionary.slice(0, known).equals(self._seen):
            known = 0
        if len(dictionary) > known:  # a dictionary grows from batch to batch: only what is new is looked up
            names = texts(self._column, dictionary.slice(known).to_pylist())
            more = np.fromiter(map(self.code, names), self._codes.dtype, len(names))
            self._codes = np.concatenate([self._codes[:known], more])
            self._names = self._names[:known] + names
        self._seen, self._places = dictionary, places
        return int(self._codes[0]) if places is None else self._codes[places]

    def at(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """The names in some rows of the frame seen last."""
        if self._places is None:
            return self._names[:1] * len(rows)
        return [self._names[place] for place in self._places[rows].tolist()]


class Feed:
    """One detector and the way of recorded rows into it: same events as live, without structs for quiet rows.

    Args:
        engine: one that has seen the rows up to here, to go on with.
    """

    def __init__(self, detection: Detection, engine: Engine | None = None) -> None:
        self.engine = engine or Engine(detection)
        self.slots = NameTable()
        self._group = {name: Names(name, Codes()) for name in GROUP}
        self._currency = Names("currency", self.engine.state.currencies, np.int32)
        self._availability = Names("availability", AVAILABILITY_CODE, np.int8)
        self._masks: dict[str | None, int] = {None: NO_PROMOTION}
        if engine is not None:
            self._know(engine.state)

    def _know(self, state: MarketState) -> None:
        """Give the series of a state the slots that they have there."""
        keys = [state.series[slot] for slot in range(state.size)]
        codes = [self._group[name].code for name in GROUP]
        groups = [_group(*(code(getattr(key, name)) for code, name in zip(codes, GROUP, strict=True))) for key in keys]
        products = [key.product_id.encode("utf-8", "surrogatepass") for key in keys]
        ends = np.cumsum([0, *map(len, products)], dtype=np.int32)
        self.slots.find(np.array(groups, np.int64), Texts(np.frombuffer(b"".join(products), np.uint8), ends))

    def observe(self, frame: Frame) -> Eventful:
        """What follows from a frame of at most ROWS rows, in the order of its rows."""
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
        hits = self.engine.hits_of(columns)
        known = {**self._group, "currency": self._currency, "availability": self._availability}
        return Eventful(self.engine, frame, hits, {name: names.at(hits[:, 0]) for name, names in known.items()})

    def _slots(self, frame: Frame) -> npt.NDArray[np.int32]:
        shop, seller, kind = (names.codes(frame, name) for name, names in self._group.items())
        groups = _full(_group(shop, seller, kind), frame.rows, np.int64)
        before = self.slots.size
        slots = self.slots.find(groups, frame.packed("product_id"))
        if self.slots.size > before:
            # Slots are numbered in the order of first appearance: so are the state's.
            rows = np.flatnonzero(slots >= before)
            rows = rows[np.unique(slots[rows], return_index=True)[1]]
            competitors, sellers, types = (names.at(rows) for names in self._group.values())
            columns = (competitors, frame.texts("product_id", rows), sellers, types)
            self.engine.state.add_new(columns, frame.texts("category", rows))
        return slots

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


def _group(shop: Any, seller: Any, kind: Any) -> Any:
    return (shop << 40) | (seller << 16) | kind


def _full(codes: npt.NDArray[Any] | int, rows: int, kind: Any) -> npt.NDArray[Any]:
    return np.full(rows, codes, kind) if isinstance(codes, int) else codes.astype(kind, copy=False)
