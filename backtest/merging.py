"""Events of several partitions into one stream, by time, a frame's worth at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backtest.feed import Feed
from backtest.frame import Frame
from backtest.output import EVENTS_SCHEMA
from contracts.events import MarketEvent
from contracts.policy import Detection
from streams.engine import Engine
from streams.state import MarketState

Ints = npt.NDArray[np.int64]


class Chunk(NamedTuple):
    """Events in their order.

    `latest` is the time that orders: late events must not overtake, so it is the latest one seen
    in the partition so far. `partition` is that of each, `table` has them as rows of
    events.parquet and `objects` as structs, which is empty where nobody asked for them.
    """

    latest: Ints
    partition: Ints
    table: pa.RecordBatch
    objects: Sequence[MarketEvent]

    def part(self, start: int, end: int) -> Chunk:
        """Events [start, end)."""
        return Chunk(
            self.latest[start:end],
            self.partition[start:end],
            self.table.slice(start, end - start),
            self.objects[start:end],
        )


class Saved(NamedTuple):
    """A source as it was between two frames; `state` and `counts` are its engine's."""

    read: int
    latest: int
    held: Chunk | None
    state: bytes
    counts: tuple[int, ...]


class Source:
    """One partition: its frames, what detects in it, and the events that wait for those of other partitions.

    Attributes:
        read: frames taken from the recording so far.
        held: events that were not given away yet.
    """

    def __init__(self, number: int, frames: Iterator[Frame], detection: Detection, objects: bool) -> None:
        self.number, self._frames, self._detection, self._objects = number, frames, detection, objects
        self.feed = Feed(detection)
        self.read, self.latest, self.ended = 0, 0, False
        self.held: Chunk | None = None

    def saved(self) -> Saved:
        """What `restore` needs to go on from here."""
        engine = self.feed.engine
        counts = tuple(engine.counts.values())
        return Saved(self.read, self.latest, self.held, engine.state.to_bytes(), counts)

    def restore(self, saved: Saved) -> None:
        """Go on where another has saved itself: the frames it took are read and passed over."""
        state = MarketState.from_bytes(saved.state, self._detection)
        engine = Engine(self._detection, state, np.array(saved.counts, np.int64))
        self.feed = Feed(self._detection, engine)
        self.read, self.latest, self.held = saved.read, saved.latest, saved.held
        for _ in range(saved.read):
            next(self._frames)

    def fill(self) -> int:
        """Read until there is an event to give, or the end; returns the rows read."""
        rows = 0
        while not self.ended and self.held is None:
            frame = next(self._frames, None)
            if frame is None:
                self.ended = True
                break
            rows, self.read = rows + frame.rows, self.read + 1
            self.held = self._chunk(frame)
        return rows

    def _chunk(self, frame: Frame) -> Chunk | None:
        found = self.feed.observe(frame)
        table = found.table()
        if not table.num_rows:
            return None
        at = table.column("observed_at").cast(pa.int64()).to_numpy()
        latest = np.maximum.accumulate(np.maximum(at, self.latest))
        self.latest = int(latest[-1])
        return Chunk(latest, np.full(len(at), self.number), table, found.events() if self._objects else ())

    def give(self, moment: int, number: int) -> Chunk | None:
        """The events held up to a moment; those of that very moment where no partition before `number` has some."""
        if self.held is None:
            return None
        end = int(np.searchsorted(self.held.latest, moment, "right" if self.number <= number else "left"))
        given, rest = self.held.part(0, end), self.held.part(end, len(self.held.latest))
        self.held = rest if len(rest.latest) else None
        return given


def merged(sources: Sequence[Source]) -> Iterator[tuple[int, Chunk]]:
    """Rows read, and the events that are next: by time, then partition, then place in it.

    What is given depends on the frames, its order does not.
    """
    while True:
        rows = sum(source.fill() for source in sources)
        waiting = [source.held for source in sources if source.held is not None]
        if not waiting:
            if rows:
                yield rows, _joined([])
            return
        moment, number = min((int(chunk.latest[-1]), int(chunk.partition[-1])) for chunk in waiting)
        yield rows, _joined(chunk for source in sources if (chunk := source.give(moment, number)))


def _joined(found: Iterable[Chunk]) -> Chunk:
    chunks = [chunk for chunk in found if len(chunk.latest)]
    if not chunks:
        return Chunk(np.zeros(0, np.int64), np.zeros(0, np.int64), pa.RecordBatch.from_pylist([], EVENTS_SCHEMA), ())
    if len(chunks) == 1:
        return chunks[0]
    latest = np.concatenate([chunk.latest for chunk in chunks])
    order = np.argsort(latest, kind="stable")
    objects = [event for chunk in chunks for event in chunk.objects]
    return Chunk(
        latest[order],
        np.concatenate([chunk.partition for chunk in chunks])[order],
        pa.concat_batches([chunk.table for chunk in chunks]).take(pa.array(order)),
        [objects[place] for place in order.tolist()] if objects else (),
    )
