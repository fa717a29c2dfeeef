"""Batches that Kafka does not take now, on disk: in order, bounded, and there again after a restart."""

from __future__ import annotations

import bisect
import threading
from pathlib import Path

import msgspec

MOST_BYTES = 256 * 1024 * 1024


class Parcel(msgspec.Struct, frozen=True, array_like=True):
    """A message for Kafka."""

    topic: str
    partition: int | None
    value: bytes
    headers: list[tuple[str, bytes]] = []


class Spool:
    """A queue of files, one a message. A file stays until `delete`: what is sent may still be lost."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most = folder, most_bytes
        folder.mkdir(parents=True, exist_ok=True)
        for partial in folder.glob("*.part"):
            partial.unlink()
        self._waiting = sorted(folder.glob("*.parcel"))
        self._sizes = {path: path.stat().st_size for path in self._waiting}
        self._number = int(self._waiting[-1].stem) + 1 if self._waiting else 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def size(self) -> int:
        """Bytes on disk, with what is under way."""
        return sum(self._sizes.values())

    @property
    def full(self) -> bool:
        """Whether nothing more may be added: the crawl must wait."""
        return self.size >= self._most

    @property
    def waiting(self) -> bool:
        """Whether something is there that is not under way."""
        return bool(self._waiting)

    def reserve(self) -> int:
        """The number of the next message: where it stands in the order, on disk or not."""
        with self._lock:
            self._number += 1
            return self._number - 1

    def add(self, parcel: Parcel, number: int | None = None) -> None:
        """Put a message at the place that was reserved for it, or at the end."""
        number = self.reserve() if number is None else number
        with self._lock:
            path = self._folder / f"{number:012}.parcel"
            data = msgspec.msgpack.encode(parcel)
            partial = path.with_suffix(".part")
            partial.write_bytes(data)
            partial.replace(path)
            self._sizes[path] = len(data)
            bisect.insort(self._waiting, path)

    def take(self) -> tuple[Path, Parcel] | None:
        """The first message, now under way: `delete` it or `put_back`."""
        with self._lock:
            if not self._waiting:
                return None
            path = self._waiting.pop(0)
        return path, msgspec.msgpack.decode(path.read_bytes(), type=Parcel)

    def put_back(self, path: Path) -> None:
        """A message that was not taken waits again, in its old place."""
        with self._lock:
            bisect.insort(self._waiting, path)

    def delete(self, path: Path) -> None:
        """A message has arrived."""
        with self._lock:
            path.unlink(missing_ok=True)
            self._sizes.pop(path, None)
