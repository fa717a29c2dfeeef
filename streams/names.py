"""Names numbered in the order they first come: a hash table that numba walks, and guesses before it hashes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
# Without counts of references, which take half of the time where arrays are passed on: nothing here makes any.
_options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
compiled: Any = numba.njit(**_options)
inlined: Any = numba.njit(**_options, forceinline=True)

NONE = -1
SMALLEST = 1 << 12
WORD = 8  # bytes
SIZE, LAST = 0, 1  # places in `Table.cursor`


class Texts(NamedTuple):
    """A column of texts: the bytes of all, and where each begins and ends, (n + 1,)."""

    data: Bytes
    ends: Slots


class Table(NamedTuple):
    """The table as compiled code sees it.

    `names` holds the bytes of all names one after the other (`words` the same), `ends` (capacity + 1,) where each
    ends, beginning with 0 for none; `groups` and `hashes` (capacity,); `places` (a power of two,)
    the slot in each place of the table, NONE where it is free. `cursor` is how many slots are in
    use and the one looked up last; `after` (capacity + 1,) at one above a slot is the slot that
    came after it the last time, at 0 the very first: a shop's snapshots list its products in much
    the same order, so most rows are found by one comparison.
    """

    names: Bytes
    words: Words
    ends: Ints
    groups: Ints
    hashes: npt.NDArray[np.uint64]
    after: Slots
    places: Slots
    cursor: Ints


def words_of(data: bytes | Bytes) -> Words:
    """The eight bytes that begin at each place of some data, (n - 7,): they overlap."""
    return np.ndarray((max(0, len(data) - WORD + 1),), np.uint64, data, 0, (1,))


@inlined
def hash_on(found: np.uint64, data: Bytes, start: int, end: int) -> np.uint64:
    """Go on with a hash (FNV-1a) over some bytes."""
    for at in range(start, end):
        found = (found ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
    return found


@inlined
def hash_begin(group: int) -> np.uint64:
    """The hash of no bytes in a group."""
    return (np.uint64(0xCBF29CE484222325) ^ np.uint64(group)) * np.uint64(0x9E3779B97F4A7C15)


@inlined
def place_of(found: np.uint64, mask: int) -> int:
    """Where a hash belongs in a table: FNV's low bits alone are poor."""
    return np.int64((found ^ (found >> np.uint64(32))) & np.uint64(mask))  # type: ignore[return-value]


@inlined
def note(table: Table, slot: int) -> None:
    """A slot was looked up: it is the guess for what comes after the one before it."""
    table.after[table.cursor[LAST] + 1] = slot
    table.cursor[LAST] = slot


@inlined
def enter(table: Table, place: int, group: int, found: np.uint64, end: int) -> int:
    """Give the next slot to a name whose bytes lie behind all others, up to `end`."""
    slot = table.cursor[SIZE]
    table.ends[slot + 1], table.groups[slot], table.hashes[slot], table.places[place] = end, group, found, slot
    table.after[slot + 1] = NONE
    table.cursor[SIZE] = slot + 1
    return slot


@inlined
def copy(data: Bytes, start: int, end: int, names: Bytes, at: int) -> None:
    """Write some bytes at `at`."""
    for offset in range(end - start):
        names[at + offset] = data[start + offset]


@inlined
def _is_at(table: Table, slot: int, group: int, data: Bytes, words: Words, start: int, end: int) -> bool:
    first, length = table.ends[slot], end - start
    if table.groups[slot] != group or table.ends[slot + 1] - first != length:
        return False
    if length < WORD:
        for at in range(length):  # noqa: SIM110 numba knows no all()
            if table.names[first + at] != data[start + at]:
                return False
        return True
    for at in range(0, length - WORD, WORD):
        if table.words[first + at] != words[start + at]:
            return False
    return table.words[first + length - WORD] == words[end - WORD]


@inlined
def _place(table: Table, found: np.uint64, group: int, data: Bytes, words: Words, start: int, end: int) -> int:
    """Where a name is, or belongs."""
    mask = len(table.places) - 1
    place = place_of(found, mask)
    while table.places[place] != NONE:
        slot = table.places[place]
        if table.hashes[slot] == found and _is_at(table, slot, group, data, words, start, end):
            break
        place = (place + 1) & mask
    return place


@compiled
def _find(table: Table, groups: Ints, data: Bytes, words: Words, ends: Slots, slots: Slots, begin: int) -> int:
    """Fill `slots` from row `begin` on; gives the first row that has no room, or the end."""
    for row in range(begin, len(slots)):
        group, start, end = groups[row], ends[row], ends[row + 1]
        slot = table.after[table.cursor[LAST] + 1]
        if slot == NONE or not _is_at(table, slot, group, data, words, start, end):
            found = hash_on(hash_begin(group), data, start, end)
            place = _place(table, found, group, data, words, start, end)
            slot = table.places[place]
            if slot == NONE:
                first = table.ends[table.cursor[SIZE]]
                if table.cursor[SIZE] == len(table.hashes) or first + end - start > len(table.names):
                    return row
                copy(data, start, end, table.names, first)
                slot = enter(table, place, group, found, first + end - start)
        note(table, slot)
        slots[row] = slot
    return len(slots)


@compiled
def _place_all(table: Table, hash_anew: bool) -> None:
    """Fill the empty places of a table with what it holds."""
    mask = len(table.places) - 1
    for slot in range(table.cursor[SIZE]):
        if hash_anew:
            start = hash_begin(table.groups[slot])
            table.hashes[slot] = hash_on(start, table.names, table.ends[slot], table.ends[slot + 1])
        place = place_of(table.hashes[slot], mask)
        while table.places[place] != NONE:
            place = (place + 1) & mask
        table.places[place] = slot


class NameTable:
    """Gives names the slots 0, 1, 2 ... in the order they first come.

    Attributes:
        table: for compiled code, which may add names where `make_room` was called; made anew when it grows.
    """

    def __init__(self) -> None:
        self.table = _empty(1024, 32 * 1024)

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.table.cursor[SIZE])

    def find(self, groups: Ints, names: Texts) -> Slots:
        """The slot of each name, (n,); `size` grows with those that are new.

        Args:
            groups: what tells two names of the same bytes apart, (n,).
        """
        slots, words = np.empty(len(groups), np.int32), words_of(names.data)
        done = 0
        while done < len(groups):
            done = _find(self.table, groups, names.data, words, names.ends, slots, done)
            if done < len(groups):
                self.make_room(1, int(names.ends[done + 1] - names.ends[done]))
        return slots

    def make_room(self, slots: int, length: int) -> None:
        """Room for so many more names, of so many bytes together."""
        old, size = self.table, self.size
        used = int(old.ends[size])
        more_slots, more_names = size + slots > len(old.hashes), used + length > len(old.names)
        if not (more_slots or more_names):
            return
        self.table = new = _empty(
            2 * (size + slots) if more_slots else len(old.hashes),
            2 * (used + length) if more_names else len(old.names),
        )
        new.names[:used] = old.names[:used]
        new.ends[: size + 1], new.after[: size + 1] = old.ends[: size + 1], old.after[: size + 1]
        new.groups[:size], new.hashes[:size] = old.groups[:size], old.hashes[:size]
        new.cursor[:] = old.cursor
        _place_all(new, False)

    def forget(self, size: int) -> None:
        """Take back the names that came after the first `size`."""
        if size == self.size:
            return
        self.table.cursor[:] = size, NONE
        self.table.after[:] = NONE
        self.table.places[:] = NONE
        _place_all(self.table, False)

    def name(self, slot: int) -> bytes:
        """The bytes of a name."""
        start, end = self.table.ends[slot : slot + 2].tolist()
        return self.table.names[start:end].tobytes()

    def to_bytes(self) -> bytes:
        """Where the names end, and the names; their groups are not among them."""
        ends = self.table.ends[: self.size + 1]
        return ends.tobytes() + self.table.names[: ends[-1]].tobytes()

    def take_over(self, data: memoryview, size: int) -> None:
        """Hold the names that `to_bytes` wrote in place of its own, all of group 0."""
        ends = np.frombuffer(data[: 8 * (size + 1)], np.int64)
        names = np.frombuffer(data[8 * (size + 1) :], np.uint8)
        self.table = _empty(max(1024, size), max(32 * 1024, len(names)))
        self.table.ends[: size + 1] = ends
        self.table.names[: len(names)] = names
        self.table.cursor[SIZE] = size
        _place_all(self.table, True)


def _empty(slots: int, names: int) -> Table:
    places = SMALLEST
    while places < 2 * slots:
        places *= 2
    texts = np.zeros(names, np.uint8)
    return Table(
        texts,
        words_of(texts),
        np.zeros(slots + 1, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.uint64),
        np.full(slots + 1, NONE, np.int32),
        np.full(places, NONE, np.int32),
        np.array([0, NONE], np.int64),
    )
