"""Slots of series from codes of names: a hash table that numba walks."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_jit: Any = numba.njit(cache=True, nogil=True)


@_jit  # type: ignore[untyped-decorator]
def _place(first: int, second: int, mask: int) -> int:
    mixed = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(second) * np.uint64(0xC2B2AE3D27D4EB4F)
    return np.int64((mixed ^ (mixed >> np.uint64(29))) & np.uint64(mask))  # type: ignore[return-value]


@_jit  # type: ignore[untyped-decorator]
def _find(first: Ints, second: Ints, table: Ints, size: int, slots: npt.NDArray[np.int32], start: int) -> int:
    """Fill `slots` from row `start` on; returns the first row that would overfill the table, or the end."""
    mask = len(table) - 1
    for row in range(start, len(first)):
        place = _place(first[row], second[row], mask)
        while table[place, 2] >= 0 and (table[place, 0] != first[row] or table[place, 1] != second[row]):
            place = (place + 1) & mask
        if table[place, 2] < 0:
            if 2 * size > mask:
                return row
            table[place, 0], table[place, 1], table[place, 2] = first[row], second[row], size
            size += 1
        slots[row] = table[place, 2]
    return len(first)


@_jit  # type: ignore[untyped-decorator]
def _grow(old: Ints, new: Ints) -> None:
    mask = len(new) - 1
    for number in range(len(old)):
        if old[number, 2] >= 0:
            place = _place(old[number, 0], old[number, 1], mask)
            while new[place, 2] >= 0:
                place = (place + 1) & mask
            new[place] = old[number]


class SlotTable:
    """Numbers pairs of codes 0, 1, 2 ... in the order they first appear."""

    def __init__(self) -> None:
        self._table = _empty(1 << 12)
        self.size = 0

    def find(self, first: Ints, second: Ints) -> npt.NDArray[np.int32]:
        """The number of each pair, (n,); `size` grows with those that are new."""
        slots = np.empty(len(first), np.int32)
        done = 0
        while True:
            done = _find(first, second, self._table, self.size, slots, done)
            self.size = max(self.size, int(slots[:done].max()) + 1) if done else self.size
            if done == len(first):
                return slots
            bigger = _empty(4 * len(self._table))
            _grow(self._table, bigger)
            self._table = bigger


def _empty(capacity: int) -> Ints:
    return np.full((capacity, 3), -1, np.int64)
