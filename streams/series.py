"""Series by the bytes of their names: a hash table that numba walks, whose arrays are its checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]
_jit: Any = numba.njit(cache=True, nogil=True)

SEPARATOR = b"\xff"  # in no UTF-8 text, so no two series have the same bytes
NONE = -1
SMALLEST = 1 << 12


class SeriesKey(NamedTuple):
    """What names a series."""

    competitor: str
    product_id: str
    seller: str
    price_type: str


class Arrays(NamedTuple):
    """The table as the compiled code sees it.

    `names` holds the bytes of all series one after the other, `ends` (capacity + 1,) where each
    one ends, beginning with 0 for none; `hashes` (capacity,); `places` (a power of two,) the slot
    in each place of the table, NONE where it is free.
    """

    names: Bytes
    ends: Ints
    hashes: npt.NDArray[np.uint64]
    places: Slots


def key_bytes(key: SeriesKey) -> bytes:
    """The bytes that stand for a series; lone surrogates are kept apart too."""
    return SEPARATOR.join([part.encode("utf-8", "surrogatepass") for part in key])


def keys_bytes(columns: Sequence[Sequence[str]]) -> list[bytes]:
    """The same for many series, their names column by column."""
    encoded = [[name.encode("utf-8", "surrogatepass") for name in column] for column in columns]
    return list(map(SEPARATOR.join, zip(*encoded, strict=True)))


def names_of(key: bytes) -> SeriesKey:
    """The names that the bytes of a key stand for."""
    return SeriesKey(*[part.decode("utf-8", "surrogatepass") for part in key.split(SEPARATOR)])


@_jit
def hash_on(found: np.uint64, data: Bytes, start: int, end: int) -> np.uint64:
    """Go on with a hash (FNV-1a) over some bytes."""
    for at in range(start, end):
        found = (found ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
    return found


@_jit
def hash_begin() -> np.uint64:
    """The hash of no bytes."""
    return np.uint64(0xCBF29CE484222325)


@_jit
def place_of(found: np.uint64, mask: int) -> int:
    """Where a hash belongs in a table: FNV's low bits alone are poor."""
    return np.int64((found ^ (found >> np.uint64(32))) & np.uint64(mask))  # type: ignore[return-value]


@_jit
def is_at(table: Arrays, slot: int, data: Bytes, start: int, end: int) -> bool:
    """Whether the series in a slot has these bytes."""
    first = table.ends[slot]
    if table.ends[slot + 1] - first != end - start:
        return False
    for at in range(end - start):  # noqa: SIM110 numba knows no all()
        if table.names[first + at] != data[start + at]:
            return False
    return True


@_jit
def find(table: Arrays, data: Bytes, start: int, end: int) -> tuple[int, np.uint64, int]:
    """Slot (NONE where it is new), hash and place of the series with these bytes."""
    found = hash_on(hash_begin(), data, start, end)
    mask = len(table.places) - 1
    place = place_of(found, mask)
    while table.places[place] != NONE:
        slot = table.places[place]
        if table.hashes[slot] == found and is_at(table, slot, data, start, end):
            return slot, found, place
        place = (place + 1) & mask
    return NONE, found, place


@_jit
def add_all(table: Arrays, size: int, data: Bytes, ends: Ints, slots: Slots) -> int:
    """Fill `slots` (n,), giving new series the next ones; there must be room. Returns the new size."""
    for row in range(len(slots)):
        start, end = ends[row], ends[row + 1]
        slot, found, place = find(table, data, start, end)
        if slot == NONE:
            slot = size
            first = table.ends[slot]
            table.names[first : first + end - start] = data[start:end]
            table.ends[slot + 1] = first + end - start
            table.hashes[slot] = found
            table.places[place] = slot
            size += 1
        slots[row] = slot
    return size


@_jit
def place_all(table: Arrays, size: int) -> None:
    """Fill an empty table with the series there are."""
    mask = len(table.places) - 1
    for slot in range(size):
        found = hash_on(hash_begin(), table.names, table.ends[slot], table.ends[slot + 1])
        table.hashes[slot] = found
        place = place_of(found, mask)
        while table.places[place] != NONE:
            place = (place + 1) & mask
        table.places[place] = slot


class SeriesTable:
    """Numbers series 0, 1, 2 ... in the order they first come.

    Attributes:
        size: how many there are.
        arrays: for compiled code; made anew when the table grows.
    """

    def __init__(self) -> None:
        self.size = 0
        self.arrays = _arrays(1024, 32 * 1024)

    def add(self, keys: Iterable[SeriesKey]) -> Slots:
        """The slot of each key, int32 (n,)."""
        return self.add_bytes([key_bytes(key) for key in keys])

    def add_bytes(self, keys: list[bytes]) -> Slots:
        """The same for keys as `key_bytes` makes them."""
        data = np.frombuffer(b"".join(keys), np.uint8)
        ends = np.concatenate([[0], np.cumsum(np.fromiter(map(len, keys), np.int64, len(keys)))])
        self._make_room(len(keys), len(data))
        slots = np.empty(len(keys), np.int32)
        self.size = add_all(self.arrays, self.size, data, ends, slots)
        return slots

    def __getitem__(self, slot: int) -> SeriesKey:
        start, end = self.arrays.ends[slot : slot + 2].tolist()
        return names_of(self.arrays.names[start:end].tobytes())

    def to_bytes(self) -> bytes:
        """Length of the names, ends of the series, names."""
        ends = self.arrays.ends[: self.size + 1]
        return ends.tobytes() + self.arrays.names[: ends[-1]].tobytes()

    @classmethod
    def from_bytes(cls, data: memoryview, size: int) -> SeriesTable:
        """The table that `to_bytes` wrote."""
        table = cls()
        ends = np.frombuffer(data[: 8 * (size + 1)], np.int64)
        names = np.frombuffer(data[8 * (size + 1) :], np.uint8)
        table.arrays = _arrays(max(1024, size), max(32 * 1024, len(names)))
        table.arrays.ends[: size + 1] = ends
        table.arrays.names[: len(names)] = names
        table.size = size
        place_all(table.arrays, size)
        return table

    def _make_room(self, series: int, names: int) -> None:
        old = self.arrays
        used = int(old.ends[self.size])
        more_series = self.size + series > len(old.hashes)
        if not more_series and used + names <= len(old.names):
            return
        capacity = max(len(old.hashes), 2 * (self.size + series)) if more_series else len(old.hashes)
        self.arrays = _arrays(capacity, max(len(old.names), 2 * (used + names)))
        self.arrays.ends[: self.size + 1] = old.ends[: self.size + 1]
        self.arrays.names[:used] = old.names[:used]
        place_all(self.arrays, self.size)


def _arrays(series: int, names: int) -> Arrays:
    places = SMALLEST
    while places < 2 * series:
        places *= 2
    return Arrays(
        np.zeros(names, np.uint8),
        np.zeros(series + 1, np.int64),
        np.zeros(series, np.uint64),
        np.full(places, NONE, np.int32),
    )
