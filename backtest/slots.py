"""Slots of series from the bytes of their names: a hash table that numba walks, and guesses before it hashes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from streams.series import NONE, hash_begin, hash_on, place_of

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]
_jit: Any = numba.njit(cache=True, nogil=True)

SMALLEST = 1 << 12


class Texts(NamedTuple):
    """A column of texts: the bytes of all, and where each begins and ends, (n + 1,)."""

    data: Bytes
    ends: Slots


class Arrays(NamedTuple):
    """The table: names and groups of the series by slot, their hashes, and what lies in each place.

    `after` (capacity,) is the slot that was seen after a slot the last time: a shop's snapshots
    list its products in much the same order, so most rows are found by one comparison.
    """

    names: Bytes
    ends: Ints
    groups: Ints
    hashes: npt.NDArray[np.uint64]
    after: Slots
    places: Slots


@_jit  # type: ignore[untyped-decorator]
def _is_at(table: Arrays, slot: int, group: int, data: Bytes, start: int, end: int) -> bool:
    first = table.ends[slot]
    if table.groups[slot] != group or table.ends[slot + 1] - first != end - start:
        return False
    for at in range(end - start):  # noqa: SIM110 numba knows no all()
        if table.names[first + at] != data[start + at]:
            return False
    return True


@_jit  # type: ignore[untyped-decorator]
def _place(table: Arrays, found: np.uint64, group: int, data: Bytes, start: int, end: int) -> int:
    """Where a series is, or belongs."""
    mask = len(table.places) - 1
    place = place_of(found, mask)
    while table.places[place] != NONE:
        slot = table.places[place]
        if table.hashes[slot] == found and _is_at(table, slot, group, data, start, end):
            break
        place = (place + 1) & mask
    return place  # type: ignore[no-any-return]


@_jit  # type: ignore[untyped-decorator]
def _find(
    table: Arrays, size: int, before: int, groups: Ints, data: Bytes, ends: Slots, slots: Slots, begin: int
) -> tuple[int, int]:
    """Fill `slots` from row `begin` on; gives the first row that has no room, or the end, and the new size."""
    for row in range(begin, len(slots)):
        group, start, end = groups[row], ends[row], ends[row + 1]
        slot = table.after[before]
        if slot == NONE or not _is_at(table, slot, group, data, start, end):
            found = hash_on((hash_begin() ^ np.uint64(group)) * np.uint64(0x9E3779B97F4A7C15), data, start, end)
            place = _place(table, found, group, data, start, end)
            slot = table.places[place]
            if slot == NONE:
                slot, first = size, table.ends[size]
                if size + 1 >= len(table.hashes) or first + end - start > len(table.names):
                    return row, size
                table.names[first : first + end - start] = data[start:end]
                table.ends[slot + 1] = first + end - start
                table.groups[slot], table.hashes[slot], table.places[place] = group, found, slot
                size += 1
            table.after[before] = slot
        slots[row] = before = slot
    return len(slots), size


@_jit  # type: ignore[untyped-decorator]
def _place_all(table: Arrays, size: int) -> None:
    mask = len(table.places) - 1
    for slot in range(size):
        place = place_of(table.hashes[slot], mask)
        while table.places[place] != NONE:
            place = (place + 1) & mask
        table.places[place] = slot


class SlotTable:
    """Numbers series 0, 1, 2 ... in the order they first appear.

    Attributes:
        size: how many there are.
    """

    def __init__(self) -> None:
        self.size = 0
        self._table = _arrays(SMALLEST, 16 * SMALLEST)
        self._before = -1  # the last place of `after` is that of the very first row

    def find(self, groups: Ints, products: Texts) -> Slots:
        """The slot of each row, (n,); `size` grows with those that are new.

        Args:
            groups: what tells two series with a product of the same name apart, (n,).
        """
        slots = np.empty(len(groups), np.int32)
        done = 0
        while done < len(groups):
            done, self.size = _find(self._table, self.size, self._before, groups, *products, slots, done)
            self._before = int(slots[done - 1]) if done else self._before
            if done < len(groups):
                self._grow(int(products.ends[-1] - products.ends[done]))
        return slots

    def _grow(self, more: int) -> None:
        old, used = self._table, int(self._table.ends[self.size])
        capacity = 4 * len(old.hashes) if 4 * self.size > len(old.hashes) else len(old.hashes)
        self._table = new = _arrays(capacity, 2 * (used + more))
        new.names[:used] = old.names[:used]
        for name in ("groups", "hashes", "after"):
            getattr(new, name)[: self.size] = getattr(old, name)[: self.size]
        new.ends[: self.size + 1] = old.ends[: self.size + 1]
        new.after[-1] = old.after[-1]
        _place_all(new, self.size)


def _arrays(capacity: int, names: int) -> Arrays:
    places = SMALLEST
    while places < 2 * capacity:
        places *= 2
    return Arrays(
        np.zeros(names, np.uint8),
        np.zeros(capacity + 1, np.int64),
        np.zeros(capacity, np.int64),
        np.zeros(capacity, np.uint64),
        np.full(capacity, NONE, np.int32),
        np.full(places, NONE, np.int32),
    )
