"""A recording through the same cores as live, with `observed_at` as the clock."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from alerts.book import AlertBook
from alerts.severity import Exposure, exposure_of
from backtest.again import decided_again
from backtest.facts import read_facts
from backtest.merging import Chunk, Saved, Source, merged
from backtest.output import Output, Tables
from backtest.recording import Recording
from backtest.report import render
from backtest.resuming import fingerprint_of
from backtest.shadow import difference
from backtest.tally import Tally
from contracts.events import MarketEvent, PriceMoved
from contracts.policy import Policy
from contracts.proposals import Proposal
from pricing.agent import PricingAgent, PricingState

Progress = Callable[[int], None]
Save = Callable[[Callable[[], "Progressed"]], None]


class Progressed(NamedTuple):
    """How far a run is: parts of its tables, its sources, and all that follows from their events."""

    sealed: int
    sources: Sequence[Saved]
    tally: Tally
    state: PricingState
    book: AlertBook
    told: int
    rows: int
    seconds: float


class Finished(NamedTuple):
    """A run that came to its end."""

    summary: dict[str, object]
    tally: Tally
    counts: Counter[str]


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
        self.agent, self.book = PricingAgent(policy), AlertBook(policy.alerting, policy.detection)
        self._sources: list[Source] = []
        self._rows, self._seconds = 0, 0.0

    def events(self) -> Iterator[tuple[int, MarketEvent]]:
        """Partition and event, of all partitions by time; within a partition in the order live has them."""
        for chunk in self.chunks(objects=True):
            yield from zip(chunk.partition.tolist(), chunk.objects, strict=True)

    def chunks(self, objects: bool, saved: Sequence[Saved] = ()) -> Iterator[Chunk]:
        """The same many at once, as rows of events.parquet; as objects only where they are asked for."""
        recording, detection = self.recording, self.policy.detection
        self._sources = [Source(n, recording.frames(n), detection, objects) for n in recording.partitions]
        for source, known in zip(self._sources, saved, strict=False):
            source.restore(known)
        for rows, chunk in merged(self._sources):
            self._rows += rows
            self._progress(rows)
            yield chunk
        for source in self._sources:
            self.counts.update(source.feed.engine.counts)

    def write(self, tables: Tables, saved: Progressed | None = None, save: Save | None = None) -> dict[str, object]:
        """Run to the end, write events, alerts and proposals, and give what summary.json says.

        Args:
            saved: how far another run had come, whose tables these are, to go on from there.
            save: called between two chunks with a function that gives how far this one is.
        """
        started = time.perf_counter()
        facts = Facts(self.recording.path)
        if saved is not None:
            facts.forget(self._take_over(saved))
        before = self._seconds
        for chunk in self.chunks(objects=True, saved=saved.sources if saved else ()):
            self.tally.events(chunk.table)
            tables.events.add_batch(chunk.table)
            for event in chunk.objects:
                self._answer(event, facts, tables)
            self._seconds = before + time.perf_counter() - started
            if save is not None:
                save(lambda: self._progressed(facts, tables))
        self.tally.index.note(self.agent.state)
        return self.summary(self._seconds)

    def _answer(self, event: MarketEvent, facts: Facts, tables: Tables) -> None:
        agent = self.agent
        self.tally.index.reach(event.observed_at, agent.state)
        for proposal in facts.tell(agent, event.observed_at):
            self._take(proposal, tables)
        for proposal in agent.tick(event.observed_at):
            self._take(proposal, tables)
        for alert in self.book.on_event(event, _exposure(agent, event)):
            self.tally.alert(alert)
            tables.alerts.add(alert)
        if event.sku or agent.state.matches:  # else none of ours
            for proposal in agent.on_event(event):
                self._take(proposal, tables)

    def _take(self, proposal: Proposal, tables: Tables) -> None:
        self.tally.proposal(proposal)
        tables.proposals.add(proposal)

    def _progressed(self, facts: Facts, tables: Tables) -> Progressed:
        sources = [source.saved() for source in self._sources]
        return Progressed(
            tables.seal(), sources, self.tally, self.agent.state, self.book, facts.told, self._rows, self._seconds
        )

    def _take_over(self, saved: Progressed) -> int:
        self.tally, self.book, self._rows, self._seconds = saved.tally, saved.book, saved.rows, saved.seconds
        self.agent = PricingAgent(self.policy, saved.state)
        self._progress(saved.rows)
        return saved.told

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
        self._waiting: list[tuple[int, int, Any]] = read_facts(folder)[::-1]
        self.told = 0

    def forget(self, told: int) -> None:
        """So many were told by another run."""
        self.told = told
        del self._waiting[len(self._waiting) - told :]

    def tell(self, agent: PricingAgent, now: int) -> Iterator[Proposal]:
        """Tell every fact up to `now` that was not told yet; proposals of what is looked at for it."""
        while self._waiting and self._waiting[-1][0] <= now:
            _time, arrived, value = self._waiting.pop()
            self.told += 1
            yield from agent.learn(value, arrived=arrived)


def _exposure(agent: PricingAgent, event: MarketEvent) -> Exposure | None:
    """What a move puts at risk of ours, as far as the recording knew by then."""
    state = agent.state.skus.get(event.sku) if event.sku and isinstance(event, PriceMoved) else None
    if state is None:
        return None
    demand = state.sales.forecast(event.observed_at)
    return exposure_of(state.item, state.stock, None if demand is None else demand.mean)


@contextmanager
def nothing_old_collected() -> Iterator[None]:
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
    summary and report show both side by side. A run that was interrupted goes on where it last saved itself.
    """
    policies = [policy] if compare is None else [policy, compare]
    with Output(out, fingerprint_of(*recording.origin(), policies)) as output, nothing_old_collected():
        finished: list[Finished] = output.saved[0] if output.saved else []
        progressed: Progressed | None = output.saved[1] if output.saved else None
        runs = [Run(recording if number == 0 else recording.again(), p, progress) for number, p in enumerate(policies)]
        if compare is not None:
            runs[0].tally.cases = []
        for number, run in enumerate(runs):
            if number < len(finished):
                run.tally, run.counts = finished[number].tally, finished[number].counts
                progress(run.counts["observations"])
                continue
            finished.append(_run(run, output, finished, progressed))
            progressed = None
        summary, tallies = finished[0].summary, [run.tally for run in finished]
        if compare is not None:
            summary = {**summary, "compare": finished[1].summary}
            summary["difference"] = difference(output.events(0), output.events(1))
            summary["decided_again"] = decided_again(tallies[0].cases or (), policy, compare)
        output.summary(summary)
        output.report(render(summary, tallies))
    return runs[0]


def _run(run: Run, output: Output, finished: list[Finished], saved: Progressed | None) -> Finished:
    """One policy to its end, going on from what was saved of it, and saving now and then."""
    tables = output.tables(len(finished), saved.sealed if saved else 0)

    def save(progressed: Callable[[], Progressed]) -> None:
        if output.state.due():
            output.state.save((finished, progressed()))

    summary = run.write(tables, saved, save)
    tables.close()
    return Finished(summary, run.tally, run.counts)
