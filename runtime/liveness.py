"""Liveness is progress, not a socket: a worker that has input waiting and gets nowhere ends itself.

Known ways to get there: a consumer whose fetcher died, a rebalance that never ends, a call
that never returns. Ended, it is started again and goes on from its last acknowledgement.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import faust
from prometheus_client import Gauge

from contracts.errors import UnavailableError
from contracts.topics import TOPICS
from runtime.crash import crash
from runtime.metrics import LAST_PROCESSED

log = logging.getLogger(__name__)

CHECK_SECONDS = 5.0
ANSWER_SECONDS = 10.0
STUCK_SECONDS = 120.0  # longer than the slowest checkpoint and the slowest restore of facts
# Compaction may have removed what lies between the last acknowledged message and the end: never waited for.
COMPACTED = {topic.name for topic in TOPICS if topic.cleanup == "compact"}

LAG = Gauge("priceradar_consumer_lag_records", "Messages waiting behind the last acknowledged one", ["topic"])


class Progress:
    """Judges whether a worker gets on, from what it has acknowledged and what waits.

    Args:
        stuck_seconds: with input waiting and no change for so long, it is stuck.
    """

    def __init__(self, stuck_seconds: float = STUCK_SECONDS) -> None:
        self.stuck_seconds = stuck_seconds
        self._seen: object = None
        self._since = 0.0

    def stuck(self, now: float, lag: int | None, mark: object) -> bool:
        """Whether nothing has changed for too long.

        Args:
            now: seconds of any steady clock.
            lag: messages waiting; None where Kafka did not say, which counts as waiting.
            mark: changes with every progress.
        """
        if lag == 0 or mark != self._seen:
            self._seen, self._since = mark, now
        return now - self._since > self.stuck_seconds


def watch(app: faust.App, stage: str, stuck_seconds: float = STUCK_SECONDS) -> None:
    """Have an app measure its lag every few seconds, and end the process where it is stuck."""

    @app.task
    async def liveness() -> None:
        progress = Progress(stuck_seconds)
        while not app.should_stop:
            await asyncio.sleep(CHECK_SECONDS)
            lag, committed = await _measure(app)
            mark = (LAST_PROCESSED.labels(stage)._value.get(), committed)  # noqa: SLF001 no public getter
            if progress.stuck(time.monotonic(), lag, mark):
                waiting = "an unknown number of" if lag is None else str(lag)
                crash(UnavailableError(f"no progress for {stuck_seconds:.0f} s with {waiting} messages waiting"))


async def _measure(app: faust.App) -> tuple[int | None, Mapping[Any, int | None]]:
    """Messages that should be on their way, None where Kafka did not say; and what is committed by partition."""
    consumer: Any = app.consumer
    parts = consumer.assignment()
    committed = {part: consumer._committed_offset[part] for part in parts}  # noqa: SLF001 the public call asks Kafka
    by_topic = dict.fromkeys({part.topic for part in parts}, 0)
    try:
        if parts:
            firsts = await asyncio.wait_for(consumer.earliest_offsets(*parts), ANSWER_SECONDS)
            ends = await asyncio.wait_for(consumer.highwaters(*parts), ANSWER_SECONDS)
            for part in parts:
                by_topic[part.topic] += max(0, ends[part] - max(committed[part] or 0, firsts[part]))
    except Exception as error:  # noqa: BLE001 whatever it is, it is no answer
        log.warning("Kafka does not say how much is waiting: %s", error or type(error).__name__)
        return None, committed
    _export(by_topic)
    return sum(lag for topic, lag in by_topic.items() if topic not in COMPACTED), committed


def _export(by_topic: Mapping[str, int]) -> None:
    LAG.clear()  # what is another worker's now
    for topic, lag in by_topic.items():
        LAG.labels(topic).set(lag)
