"""A second policy beside the one in force: what each would raise from the same messages. It acts on nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pyarrow import parquet

from alerts.book import AlertBook
from contracts.events import MarketEvent
from contracts.policy import Policy
from streams.partition import Partition

Only = Literal["live", "shadow"]
REMEMBERED = 100_000  # events of one side that the other may still raise


class Differing(NamedTuple):
    """An event that one policy raises and the other does not; `alerts` are the new ones that follow from it.

    `only` is None where the other has raised it after all: it waited longer.
    """

    only: Only | None
    event: MarketEvent
    alerts: int


class Side:
    """One policy with all its state."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self._book = policy, AlertBook(policy.alerting, policy.detection)
        self._partitions: dict[int, Partition] = {}

    def take(self, number: int, offset: int, value: bytes | None) -> dict[str, tuple[MarketEvent, int]]:
        """Events of a message by id, with the number of alerts each opens."""
        partition = self._partitions.setdefault(number, Partition(number, self.policy.detection))
        events, _bad, _rows = partition.take(offset, value)
        return {event.event_id: (event, self._opened(event)) for event in events}

    def _opened(self, event: MarketEvent) -> int:
        return sum(alert.status == "opened" for alert in self._book.on_event(event))


class Shadow:
    """Two policies over the same stream.

    Attributes:
        counts: by side, kind of event and "same" or "only"; alerts by side.
    """

    def __init__(self, live: Policy, shadow: Policy) -> None:
        self._sides: dict[Only, Side] = {"live": Side(live), "shadow": Side(shadow)}
        self.counts: Counter[tuple[str, str]] = Counter()
        self._open: dict[str, Only] = {}

    def take(self, number: int, offset: int, value: bytes | None, count: bool = True) -> list[Differing]:
        """What differs in one message of observations; without `count` it only builds up the state."""
        live, shadow = (side.take(number, offset, value) for side in self._sides.values())
        if not count:
            return []
        for name, side in (("live", live), ("shadow", shadow)):
            self.counts[name, "alerts"] += sum(alerts for _event, alerts in side.values())
        self.counts.update(("both", type(live[key][0]).__name__) for key in live.keys() & shadow.keys())
        found = [self._noted("live", *live[key]) for key in live.keys() - shadow.keys()]
        found += [self._noted("shadow", *shadow[key]) for key in shadow.keys() - live.keys()]
        return sorted(found, key=lambda one: (one.event.observed_at, one.event.event_id))

    def _noted(self, side: Only, event: MarketEvent, alerts: int) -> Differing:
        kind, other = type(event).__name__, self._open.get(event.event_id, side)
        if other != side:
            del self._open[event.event_id]
            self.counts[f"only_{other}", kind] -= 1
            self.counts["both", kind] += 1
            return Differing(None, event, alerts)
        self.counts[f"only_{side}", kind] += 1
        self._open[event.event_id] = side
        if len(self._open) > REMEMBERED:
            del self._open[next(iter(self._open))]
        return Differing(side, event, alerts)

    def summary(self) -> dict[str, object]:
        """Both policies' versions, and events and alerts counted so far."""
        versions: dict[str, object] = {name: side.policy.version for name, side in self._sides.items()}
        groups = ("both", "only_live", "only_shadow")
        events = {
            group: {kind: n for (where, kind), n in sorted(self.counts.items()) if where == group and n}
            for group in groups
        }
        return {**versions, **events, "alerts": {name: self.counts[name, "alerts"] for name in versions}}


def difference(first: Path, second: Path) -> dict[str, dict[str, int]]:
    """Events by kind that only one of two events.parquet holds, and those in both."""
    sides = [_ids(first), _ids(second)]
    found: dict[str, dict[str, int]] = {"both": {}, "only_first": {}, "only_second": {}}
    for kind in sorted({kind for side in sides for kind in side}):
        one, two = (side.get(kind, np.empty(0, np.uint64)) for side in sides)
        both = len(np.intersect1d(one, two))
        for name, count in (("both", both), ("only_first", len(one) - both), ("only_second", len(two) - both)):
            found[name][kind] = count
    return found


def _ids(path: Path) -> dict[str, npt.NDArray[np.uint64]]:
    """The last 64 bits of each id, by kind: eight bytes an event, whatever the recording's length."""
    found: dict[str, list[npt.NDArray[np.uint64]]] = {}
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["event_id", "kind"]):
            numbers = _last_bits(batch.column("event_id").to_pylist())
            kinds = np.array(batch.column("kind").to_pylist())
            for kind in np.unique(kinds):
                found.setdefault(str(kind), []).append(numbers[kinds == kind])
    return {kind: np.unique(np.concatenate(parts)) for kind, parts in found.items()}


def _last_bits(ids: Iterable[str]) -> npt.NDArray[np.uint64]:
    return np.frombuffer(bytes.fromhex("".join([name[-16:] for name in ids])), ">u8").astype(np.uint64)
