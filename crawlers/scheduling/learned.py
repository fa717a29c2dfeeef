"""What a crawl has learned of its pages, kept over a restart: one file, replaced as a whole.

Its size is that of the watchlist, about 40 bytes a page. Pages are known by their address and shops by
their name, so a watchlist may have changed meanwhile. A file that is broken costs only what was learned.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from contracts.times import DAY_MS
from crawlers.scheduling.schedule import NEVER, Schedule

VERSION = 1
OF_PAGES = ("last", "price", "direction", "moved_at", "moves", "expected")
OF_CLOCKS = ("moves", "exposure", "week_moves", "week_exposure", "age_moves", "age_exposure")
OF_FOLLOWERS = ("followed", "asked")
OF_EVENTS = ("begin", "end", "moved", "stayed")
State = Mapping[str, NDArray[Any]]


def page_keys(pages: Iterable[tuple[str, str]]) -> NDArray[np.uint64]:
    """A number for each (competitor, url) that is the same in every process."""
    digests = (hashlib.blake2b(f"{shop}\0{url}".encode(), digest_size=8).digest() for shop, url in pages)
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def state(schedule: Schedule, keys: NDArray[np.uint64], shops: Sequence[str]) -> State:
    """What a schedule has learned, copied: pages that were visited, shops, and open events of lines."""
    seen = np.flatnonzero(schedule.last != NEVER)
    clock, lines = schedule.intensity, schedule.lines
    lively = np.flatnonzero(lines.end >= 0.0)
    head = {"version": VERSION, "start": schedule.start, "first_bin": clock.first_bin, "lines_size": lines.size}
    return {
        **{name: np.array(value, dtype=np.int64) for name, value in head.items()},
        "shops": np.array([name.encode() for name in shops], dtype=bytes),
        "keys": keys[seen],
        "lines": lively,
        **{f"page_{name}": getattr(schedule, name)[seen] for name in OF_PAGES},
        **{f"clock_{name}": getattr(clock, name).copy() for name in OF_CLOCKS},
        **{f"line_{name}": getattr(lines, name).copy() for name in OF_FOLLOWERS},
        **{f"line_{name}": getattr(lines, name)[lively] for name in OF_EVENTS},
    }


def write(path: Path, learned: State) -> None:
    """Replace the file at `path` as a whole, whenever the process may die. OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **learned)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read(path: Path) -> State | None:
    """What was learned, None where there is no file yet; BadInputError where it is broken."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            learned = {name: arrays[name] for name in arrays.files}
        _check(learned)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BadInputError(
            f"what the crawl has learned is broken in {path}: {str(error)[:100]}; "
            "the crawl begins to learn anew, the file will be replaced"
        ) from error
    return learned


def restore(schedule: Schedule, keys: NDArray[np.uint64], shops: Sequence[str], learned: State, now_ms: int) -> int:
    """Give a new schedule what was learned; how many of its pages are known. Nothing where the clock went back."""
    known, last = learned["keys"], learned["page_last"]
    if last.max(initial=0) > now_ms + DAY_MS:
        return 0
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, keys, sorter=order), len(known) - 1)] if len(known) else None
    if place is None:
        return 0
    here = np.flatnonzero(known[place] == keys)
    schedule.start = int(learned["start"])
    for name in OF_PAGES:
        getattr(schedule, name)[here] = learned[f"page_{name}"][place[here]]
    _restore_shops(schedule, shops, learned)
    days = (schedule.last[here] - schedule.start) / DAY_MS
    schedule.lines.join(here, schedule.price[here], days)
    if int(learned["lines_size"]) == schedule.lines.size:
        for name in OF_EVENTS:
            getattr(schedule.lines, name)[learned["lines"]] = learned[f"line_{name}"]
    return len(here)


def _restore_shops(schedule: Schedule, shops: Sequence[str], learned: State) -> None:
    before = {name.decode(): number for number, name in enumerate(learned["shops"].tolist())}
    pairs = [(number, before[name]) for number, name in enumerate(shops) if name in before]
    now, then = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    schedule.intensity.first_bin = int(learned["first_bin"])
    for name in OF_CLOCKS:
        getattr(schedule.intensity, name)[now] = learned[f"clock_{name}"][then]
    for name in OF_FOLLOWERS:
        getattr(schedule.lines, name)[now] = learned[f"line_{name}"][then]


def _check(learned: State) -> None:
    """ValueError or KeyError where something is missing, of another shape, or not a number."""
    if int(learned["version"]) != VERSION:
        raise ValueError(f"version {VERSION} was expected, was {int(learned['version'])}")
    fresh = state(Schedule([0], 0), page_keys([("", "")]), [""])
    lengths = {"page": len(learned["keys"]), "clock": len(learned["shops"]), "line": len(learned["shops"])}
    for name, example in fresh.items():
        found, kind = learned[name], name.split("_", 1)[0]
        events = name.removeprefix("line_") in OF_EVENTS
        length = len(learned["lines"]) if events else lengths.get(kind)
        shape = example.shape if length is None else (length, *example.shape[1:])
        if name in ("keys", "shops", "lines"):
            shape = (len(found),)
        if found.shape != shape or found.dtype.kind != example.dtype.kind:
            raise ValueError(f"{name} of shape {shape} was expected, was {found.shape} of {found.dtype}")
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise ValueError(f"{name} holds what is not a number")
    _check_ranges(learned)


def _check_ranges(learned: State) -> None:
    for name, most in (("lines", int(learned["lines_size"]) - 1), ("page_direction", 2)):
        if len(learned[name]) and not 0 <= learned[name].min() <= learned[name].max() <= most:
            raise ValueError(f"{name} must be from 0 to {most}, was {learned[name].max()}")
    for name, values in learned.items():
        if name.startswith(("clock_", "page_")) and values.size and values.min() < 0:
            raise ValueError(f"{name} must not be negative, was {values.min()}")
