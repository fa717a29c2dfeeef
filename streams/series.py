"""Series by the bytes of their names, whose table is part of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from streams.names import NameTable, Slots, Texts

SEPARATOR = b"\xff"  # in no UTF-8 text, so no two series have the same bytes


class SeriesKey(NamedTuple):
    """What names a series."""

    competitor: str
    product_id: str
    seller: str
    price_type: str


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


class SeriesTable(NameTable):
    """Numbers series 0, 1, 2 ... in the order they first come."""

    def add(self, keys: Iterable[SeriesKey]) -> Slots:
        """The slot of each key, int32 (n,)."""
        return self.add_bytes([key_bytes(key) for key in keys])

    def add_bytes(self, keys: list[bytes]) -> Slots:
        """The same for keys as `key_bytes` makes them."""
        ends = np.zeros(len(keys) + 1, np.int32)
        np.cumsum(np.fromiter(map(len, keys), np.int32, len(keys)), out=ends[1:], dtype=np.int32)
        return self.find(np.zeros(len(keys), np.int64), Texts(np.frombuffer(b"".join(keys), np.uint8), ends))

    def __getitem__(self, slot: int) -> SeriesKey:
        return names_of(self.name(slot))
