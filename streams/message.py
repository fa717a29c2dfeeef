"""The rows of a message of observations: columns at once, objects only where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, overload

import msgspec
import numpy as np

from contracts.observations import Observation
from streams.kernel import Batch, Ints
from streams.names import words_of
from streams.noticed import promotion_mask
from streams.scan import FAILED, SHORTEST, TO_DECODE, UNSEEN, scan
from streams.state import MarketState

_row: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(Observation)


class Rows(Sequence[Observation]):
    """The observations of a message.

    Attributes:
        batch: their columns, for the kernel.
    """

    def __init__(self, data: bytes, ends: Ints, batch: Batch) -> None:
        self._data, self._ends, self.batch = data, ends, batch

    @classmethod
    def of(cls, data: bytes, state: MarketState) -> Self | None:
        """The rows, where the message is as our encoder writes it; None leaves it to the decoder.

        New series get their slots, as the decoder's way would give them.
        """
        known = state.size
        rows = cls._scanned(data, state)
        try:
            if rows is not None:
                rows._finish(known, state)  # noqa: SLF001 of its own class
                return rows
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
        state.series.forget(known)
        return None

    @classmethod
    def _scanned(cls, data: bytes, state: MarketState) -> Self | None:
        if not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError:
                return None
        most = len(data) // SHORTEST + 1
        state.series.make_room(most, len(data))
        ends, batch = np.empty(most + 1, np.int64), Batch.empty(most)
        count = scan(
            np.frombuffer(data, np.uint8), words_of(data), state.series.table, state.currency_codes, ends, batch
        )
        return None if count == FAILED else cls(data, ends, batch.first(count))

    def _finish(self, known: int, state: MarketState) -> None:
        """Look up what only objects tell: what promotions a row shows, and what a series is that is new."""
        batch = self.batch
        shown = np.flatnonzero(batch.promotions == TO_DECODE)
        if len(shown):
            batch.promotions[shown] = [promotion_mask(row) for row in self.some(shown.tolist())]
        if state.size > known:
            rows = np.flatnonzero(batch.slot >= known)
            _slots, first = np.unique(batch.slot[rows], return_index=True)
            state.begin(known, self.some(rows[first].tolist()))
        if (batch.currency < UNSEEN).any():
            self._code_currencies(state)

    def _code_currencies(self, state: MarketState) -> None:
        for row in np.flatnonzero(self.batch.currency < UNSEEN).tolist():  # in the order that the decoder meets them
            letters = UNSEEN - 1 - int(self.batch.currency[row])
            name = "".join(chr(65 + letters // 26**power % 26) for power in (2, 1, 0))
            self.batch.currency[row] = state.currency_codes[letters] = state.currencies[name]

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
        return self.some([row])[0]

    def some(self, rows: list[int]) -> list[Observation]:
        """The observations of some rows."""
        starts, ends = self._ends[rows].tolist(), self._ends[1:][rows].tolist()
        return [_row.decode(self._data[start : end - 1]) for start, end in zip(starts, ends, strict=True)]
