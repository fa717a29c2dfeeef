"""A recording through the same cores as live, with `observed_at` as the clock."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alerts.book import AlertBook
from alerts.severity import Exposure, exposure_of
from backtest.facts import read_facts
from backtest.feed import Feed
from backtest.merging import Chunk, Source, merged
from backtest.output import EVENTS, Output, Tables
from backtest.recording import Recording
from backtest.report import render
from backtest.shadow import difference
from backtest.tally import Tally
from contracts.events import MarketEvent, PriceMoved
from contracts.policy import Policy
from contracts.topics import CATALOG, DECISIONS, MATCHES, SALES, STOCK, Topic
from pricing.agent import PricingAgent

Progress = Callable[[int], None]


class Run:
    """One policy over one recording.

    Attributes:
        tally: what was counted so far.
        counts: the detector's counters, complete when `events` is exhausted.
    """

    def __init__(self, recording: Recording, policy: Policy, progress: Progress = lambda _rows: None) -> None:
        self.recording, self.policy, self._progress = recording, policy, progress
        self.tally = Tally()
        self.counts: Counter[str] = Counter()

    def events(self) -> Iterator[tuple[int, MarketEvent]]:
        """Partition and event, of all partitions by time; within a partition in the order live has them."""
        for chunk in self.chunks(objects=True):
            yield from zip(chunk.partition.tolist(), chunk.objects, strict=True)

    def chunks(self, objects: bool) -> Iterator[Chunk]:
        """The same many at once, as rows of events.parquet; as objects only where they are asked for."""
        recording, detection = self.recording, self.policy.detection
        sources = [Source(n, recording.frames(n), Feed(detection), objects) for n in recording.partitions]
        for rows, chunk in merged(sources):
            self._progress(rows)
            yield chunk
        for source in sources:
            self.counts.update(source.feed.engine.counts)

    def write(self, tables: Tables) -> dict[str, object]:
        """Run to the end, write events, alerts and proposals, and give what summary.json says."""
        started = time.perf_counter()
        agent, facts, book = PricingAgent(self.policy), Facts(self.recording.path), AlertBook(self.policy.alerting)
        for chunk in self.chunks(objects=True):
            self.tally.events(chunk.table)
            tables.events.add_batch(chunk.table)
            for event in chunk.objects:
                self.tally.index.reach(event.observed_at, agent.state)
                facts.tell(agent, event.observed_at)
                for alert in book.on_event(event, _exposure(agent, event)):
                    self.tally.alert(alert)
                    tables.alerts.add(alert)
                if not (event.sku or agent.state.matches):
                    continue  # none of ours
                for proposal in agent.on_event(event):
                    self.tally.proposal(proposal)
                    tables.proposals.add(proposal)
        self.tally.index.note(agent.state)
        return self.summary(time.perf_counter() - started)

    def summary(self, seconds: float) -> dict[str, object]:
        """What summary.json says."""
        return {
            "recording": str(self.recording.path),
            "policy": self.policy.version,
            **self.tally.summary(dict(self.counts)),
            "out_of_order": self.counts["out_of_order"] + self.recording.reordered,
            "skipped_files": self.recording.skipped,
            "seconds": round(seconds, 3),
            "observations_per_second": round(self.counts["observations"] / seconds) if seconds else 0,
        }


class Facts:
    """Tells the agent what was known by a time: facts come before the events of that time."""

    def __init__(self, folder: Path) -> None:
        self._waiting: list[tuple[int, Topic, Any]] = read_facts(folder)[::-1]

    def tell(self, agent: PricingAgent, now: int) -> None:
        """Tell every fact up to `now` that was not told yet."""
        while self._waiting and self._waiting[-1][0] <= now:
            _time, topic, value = self._waiting.pop()
            _tell(agent, topic, value)


def _exposure(agent: PricingAgent, event: MarketEvent) -> Exposure | None:
    """What a move puts at risk of ours, as far as the recording knew by then."""
    state = agent.state.skus.get(event.sku) if event.sku and isinstance(event, PriceMoved) else None
    if state is None:
        return None
    demand = state.sales.forecast(event.observed_at)
    return exposure_of(state.item, state.stock, None if demand is None else demand.mean)


def _tell(agent: PricingAgent, topic: Topic, value: Any) -> None:
    handlers: dict[str, Callable[[Any], None]] = {
        CATALOG.name: agent.on_item,
        MATCHES.name: agent.on_match,
        STOCK.name: agent.on_stock,
        SALES.name: agent.on_sales,
        DECISIONS.name: agent.on_decision,
    }
    handlers[topic.name](value)


@contextmanager
def _nothing_old_collected() -> Iterator[None]:
    """The garbage collector leaves alone what is there already: half a million objects of libraries."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def backtest(
    recording: Recording,
    policy: Policy,
    out: Path,
    progress: Progress = lambda _rows: None,
    compare: Policy | None = None,
) -> Run:
    """Run a policy over a recording and write the results to `out`; BadRecordingError, BadInputError.

    With `compare` a second policy runs over the same rows: its tables lie in `out`/compare, and
    summary and report show both side by side.
    """
    run = Run(recording, policy, progress)
    with Output(out) as output, _nothing_old_collected():
        summary, tallies = run.write(output.tables), [run.tally]
        if compare is not None:
            second = Run(recording.again(), compare, progress)
            tables = output.second()
            summary = {**summary, "compare": second.write(tables)}
            output.tables.close()
            tables.close()
            summary["difference"] = difference(output.tables.folder / EVENTS, tables.folder / EVENTS)
            tallies.append(second.tally)
        output.summary(summary)
        output.report(render(summary, tallies))
    return run
