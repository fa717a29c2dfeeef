"""The rows of a message of observations: columns at once, objects only where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, overload

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.money import LARGEST_MINOR
from contracts.observations import Observation
from streams.kernel import NO_PRICE, UNKNOWN, Batch
from streams.noticed import CANNOT_SAY, PROMOTION_KINDS, promotion_mask
from streams.scan import AT, AVAILABILITY, BEGIN, COLUMNS, CURRENCY, END, FAILED, LIST_PRICE, PRICE, SHOWN, SLOT, scan
from streams.series import NONE, SeriesKey, key_bytes
from streams.state import UNSEEN, MarketState

WAS_NOW = 1 << PROMOTION_KINDS.index("was_now")
_row: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(Observation)


class Rows(Sequence[Observation]):
    """The observations of a message.

    Attributes:
        batch: their columns, for the kernel.
    """

    def __init__(self, data: bytes, places: npt.NDArray[np.int64], batch: Batch) -> None:
        self._data, self._places, self.batch = data, places, batch

    @classmethod
    def of(cls, data: bytes, state: MarketState) -> Self | None:
        """The rows, where the message is as our encoder writes it; None leaves it to the decoder.

        New series get their slots, as the decoder's way would give them.
        """
        found = _scanned(data, state)
        if found is None:
            return None
        columns = np.ascontiguousarray(found.T)
        try:
            shown = {row: _decoded(data, found[row]) for row in np.flatnonzero(columns[SHOWN]).tolist()}
            new = [_decoded(data, found[row]) for row in np.flatnonzero(columns[SLOT] == NONE).tolist()]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        slots = columns[SLOT].astype(np.int32)
        if new:
            keys = [key_bytes(SeriesKey(row.competitor, row.product_id, row.seller, row.price_type)) for row in new]
            slots[columns[SLOT] == NONE] = state.add(keys, [row.category for row in new])
        batch = Batch(
            slots,
            columns[AT],
            columns[PRICE],
            _currencies(columns[CURRENCY], state),
            columns[AVAILABILITY].astype(np.int8),
            _masks(columns, shown),
        )
        return cls(data, columns[: END + 1], batch)

    def __len__(self) -> int:
        return len(self.batch.slot)

    @overload
    def __getitem__(self, row: int) -> Observation: ...
    @overload
    def __getitem__(self, row: slice) -> list[Observation]: ...
    def __getitem__(self, row: int | slice) -> Observation | list[Observation]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        if row >= len(self):
            raise IndexError(row)
        return _decoded(self._data, self._places[:, row])

    def some(self, rows: list[int]) -> list[Observation]:
        """The observations of some rows."""
        return [_decoded(self._data, self._places[:, row]) for row in rows]


def _scanned(data: bytes, state: MarketState) -> npt.NDArray[np.int64] | None:
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
    rows = np.empty((data.count(b"},{") + 1, COLUMNS), np.int64)
    count = scan(np.frombuffer(data, np.uint8), state.series.arrays, rows)
    return None if count == FAILED else rows[:count]


def _decoded(data: bytes, place: npt.NDArray[np.int64]) -> Observation:
    return _row.decode(data[int(place[BEGIN]) : int(place[END])])


def _currencies(packed: npt.NDArray[np.int64], state: MarketState) -> npt.NDArray[np.int32]:
    codes = state.currency_codes[packed]
    if (codes == UNSEEN).any():
        _, first = np.unique(packed, return_index=True)
        for row in np.sort(first):  # in the order they come: so the codes are those of the decoder's way
            name = "".join(chr(65 + int(packed[row]) // 26**power % 26) for power in (2, 1, 0))
            state.currency_codes[packed[row]] = state.currencies[name]
        codes = state.currency_codes[packed]
    return codes


def _masks(columns: npt.NDArray[np.int64], shown: dict[int, Observation]) -> npt.NDArray[np.int32]:
    """Promotions as `promotion_mask` gives them; rows that show some were decoded."""
    masks = np.zeros(columns.shape[1], np.int32)
    price, was = columns[PRICE], columns[LIST_PRICE]
    struck = (was != NO_PRICE) & (was != 0) & (np.abs(was) <= LARGEST_MINOR) & (price != NO_PRICE) & (price != 0)
    masks[struck & (was > price)] = WAS_NOW
    masks[columns[AVAILABILITY] == UNKNOWN] = CANNOT_SAY
    for row, seen in shown.items():
        masks[row] = promotion_mask(seen)
    return masks
