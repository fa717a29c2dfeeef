"""Alerts and proposals as they come through Kafka: one line each, and what was measured of them."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from rich.console import Console
from rich.markup import escape

from contracts.alerts import Alert
from contracts.codec import decode
from contracts.errors import UndecodableError
from contracts.money import format_minor
from contracts.proposals import Proposal
from contracts.topics import ALERTS, EVENTS, OBSERVATIONS, PROPOSALS, Topic

COLOURS = {"red": "bold red", "yellow": "yellow", "green": "green"}


class Tail:
    """Follows the two topics people care about, from now on, in a thread; a context manager."""

    def __init__(self, bootstrap: str, screen: Console) -> None:
        self.screen = screen
        self.latencies: list[float] = []
        self.alerts = self.proposals = self.held_back = 0
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        tps = [TopicPartition(topic.name, n) for topic in (ALERTS, PROPOSALS) for n in range(topic.partitions)]
        self._consumer.assign(tps)
        self._start = self._consumer.end_offsets(self._counted())
        for tp, offset in self._consumer.end_offsets(tps).items():
            self._consumer.seek(tp, offset)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(5)
        self._consumer.close()

    @property
    def delivered(self) -> bool:
        """Whether at least one alert and one proposal that may go out came through."""
        return self.alerts > 0 and self.proposals > 0

    def check(self) -> None:
        """Raise what went wrong in the thread."""
        if self._error is not None:
            raise self._error

    def summary(self, seconds: float) -> None:
        """Print what came through in so many seconds."""
        self._stop.set()
        self._thread.join(5)
        ends = self._consumer.end_offsets(self._counted())
        batches, events = (sum(ends[tp] - self._start[tp] for tp in self._counted(t)) for t in (OBSERVATIONS, EVENTS))
        latencies = sorted(self.latencies)
        p95 = f"{latencies[int(0.95 * (len(latencies) - 1))]:.2f} s" if latencies else "-"
        self.screen.print(
            f"In {seconds:.0f} s: {batches} batches of observations, {events} market events, "
            f"{self.alerts} alerts, {self.proposals} proposals ({self.held_back} more held back by guards), "
            f"alert latency p95 {p95} from the shop's response"
        )

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for tp, records in self._consumer.poll(timeout_ms=200).items():
                    for record in records:
                        self._show(tp.topic, record.value)
        except BaseException as error:  # noqa: BLE001 handed to the main thread by check()
            self._error = error

    def _show(self, topic: str, value: bytes) -> None:
        try:
            if topic == ALERTS.name:
                self._alert(decode(value, Alert))
            else:
                self._proposal(decode(value, Proposal))
        except UndecodableError as error:
            self.screen.print(f"[red]undecodable on {topic}: {escape(str(error))}[/red]")

    def _alert(self, alert: Alert) -> None:
        self.latencies.append(time.time() - alert.observed_at / 1000)
        self.alerts += 1
        colour = COLOURS[alert.severity]
        again = "" if alert.revision <= 1 else f" (update {alert.revision})"
        what = alert.status if alert.status == "closed" else "alert"
        self.screen.print(f"[{colour}]{what:<8}[/{colour}] {escape(alert.headline)}{again}")

    def _proposal(self, proposal: Proposal) -> None:
        if proposal.blocked_by:
            self.held_back += 1
            return
        self.proposals += 1
        now, then = (format_minor(m, proposal.currency) for m in (proposal.current_minor, proposal.proposed_minor))
        change = (proposal.proposed_minor - proposal.current_minor) / proposal.current_minor
        stake = format_minor(proposal.at_stake_minor, proposal.currency)
        self.screen.print(
            f"[bold cyan]{proposal.kind:<8}[/bold cyan] {escape(proposal.sku)} {now} -> {then} ({change:+.1%}), "
            f"{stake} at stake, for {proposal.tier.replace('_', ' ')}"
        )

    @staticmethod
    def _counted(*which: Topic) -> list[Any]:
        topics = which or (OBSERVATIONS, EVENTS)
        return [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
