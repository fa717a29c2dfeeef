"""Where an interrupted backtest goes on: its state in one file, replaced whole, of one recording and policy only."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from contracts.errors import TamperedError
from contracts.ids import content_hash
from contracts.policy import Policy

SECONDS = 15.0  # between two states
SHARE = 0.05  # of the time at most: a large state is written less often
OURS = ("alerts", "backtest", "contracts", "pricing", "streams")
OTHERS = {"builtins", "collections", "copyreg", "numpy", "numpy._core.multiarray", "numpy._core.numeric", "pyarrow.lib"}
BUILTINS = {"set", "frozenset", "list", "dict", "tuple", "bytearray", "complex", "range", "slice"}


class StateFile:
    """The state of a backtest on disk.

    Args:
        fingerprint: of what the state belongs to; another's is left alone.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self._fingerprint = path, fingerprint
        self._next = time.monotonic() + SECONDS

    def load(self) -> Any:
        """What was saved last; None where that is nothing, of something else, or of no use."""
        try:
            with self.path.open("rb") as file:
                ours = file.readline().rstrip(b"\n").decode() == self._fingerprint
                return _Unpickler(file).load() if ours else None
        except (OSError, ValueError, EOFError, AttributeError, pickle.UnpicklingError, TamperedError):
            return None

    def due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() >= self._next

    def save(self, state: Any) -> None:
        """Replace what was saved, at once or not at all; it survives a power cut."""
        started = time.monotonic()
        partial = self.path.with_name(f"{self.path.name}.new")
        with partial.open("wb") as file:
            file.write(self._fingerprint.encode() + b"\n")
            _dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)
        took = time.monotonic() - started
        self._next = time.monotonic() + max(SECONDS, took / SHARE)


def fingerprint_of(paths: Iterable[Path], options: Iterable[object], policies: Iterable[Policy]) -> str:
    """A hash of all that results follow from: files by name, size and time, options, policies, our own code."""
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    versions = [policy.version for policy in policies]
    return content_hash(msgspec.json.encode([files, list(options), versions, _code()]))


@cache
def _code() -> str:
    root = Path(__file__).parents[1]
    return content_hash(b"".join(path.read_bytes() for room in OURS for path in sorted((root / room).rglob("*.py"))))


class _Pickler(pickle.Pickler):
    """Structs go by their own encoding: it leaves defaults out, and decoding gives back the very objects.

    An equal object instead would be written out in the JSON that ids and hashes are made of.
    """

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, msgspec.Struct):
            return _decoded, (type(obj), msgspec.msgpack.encode(obj))
        return NotImplemented


def _decoded(kind: Any, data: bytes) -> Any:
    return _decoder(kind)(data)


@cache
def _decoder(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.msgpack.Decoder(kind).decode


class _Unpickler(pickle.Unpickler):
    """Makes nothing but our own classes, containers and arrays, whatever the file says."""

    def find_class(self, module: str, name: str) -> Any:
        harmless = module in OTHERS and (module != "builtins" or name in BUILTINS)
        if not harmless and module.partition(".")[0] not in OURS:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong into the state of a backtest")
        return super().find_class(module, name)


def _dump(state: Any, file: BinaryIO) -> None:
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(state)
