"""A feed's file as a stream of bytes: unpacked on the way, with a bound on a row and on the whole."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Literal

from contracts.errors import UnreadablePageError

Kind = Literal["xml", "csv", "json", "jsonl"]

MOST_BYTES = 8 * 1024**3  # of an unpacked feed
MOST_OF_A_ROW = 4 * 1024**2
PACKED = b"\x1f\x8b"
HEAD = 4096


class Bounded(io.RawIOBase):
    """Bytes of a file. `mark` says that a row has ended; UnreadablePageError where one does not end."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._total = self._row = 0

    def readable(self) -> bool:
        """It is read only."""
        return True

    def mark(self) -> None:
        """A row has ended here."""
        self._row = 0

    def head(self) -> bytes:
        """The first bytes, which are read again; before anything else is read."""
        return self._file.peek(HEAD)[:HEAD]

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes."""
        try:
            count = self._file.readinto1(buffer)
        except (EOFError, OSError, zlib.error) as error:
            raise UnreadablePageError(f"a packed feed must be whole gzip; {error}") from error
        self._total += count
        self._row += count
        if self._row > MOST_OF_A_ROW or self._total > MOST_BYTES:
            what, most = ("row", MOST_OF_A_ROW) if self._row > MOST_OF_A_ROW else ("feed", MOST_BYTES)
            raise UnreadablePageError(f"a {what} may have {most} bytes; this one has more")
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def opened(path: Path) -> Bounded:
    """A file to read, unpacked where it is gzip, also twice: packed for the way and packed as it lies there."""
    file = path.open("rb")
    for _ in range(2):
        if file.peek(2)[:2] != PACKED:
            break
        try:
            file = io.BufferedReader(_Unpacked(file))
            file.peek(1)
        except (EOFError, OSError, zlib.error) as error:
            file.close()
            raise UnreadablePageError(f"a packed feed must be whole gzip; {error}") from error
    return Bounded(file)


class _Unpacked(gzip.GzipFile):
    """Closes what it reads from."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._packed = file

    def close(self) -> None:
        super().close()
        self._packed.close()


def kind_of(file: Bounded) -> Kind:
    """What the first bytes look like: XML, JSON (also one object a line), else a table."""
    head = file.head()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16
        head = head[2:].replace(b"\0", b"")
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return "xml"
    if head.startswith(b"["):
        return "json"
    if head.startswith(b"{"):
        first, _, second = head.partition(b"\n")
        return "jsonl" if first.rstrip().endswith(b"}") and second.lstrip().startswith(b"{") else "json"
    return "csv"
