"""The streams worker: observations from Kafka through the detector to market events.

Exactly once in effect: input is acknowledged only after the events that follow from it are
acknowledged and the state that saw it is in a whole checkpoint. What is delivered again
gives the same ids, or is skipped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import Any

import faust
from faust.types import TP, EventT
from prometheus_client import Counter as Total
from prometheus_client import Gauge, Histogram

from contracts.codec import cloudevent_headers, encode
from contracts.errors import TamperedError
from contracts.events import MarketEvent, event_key
from contracts.policy import Policy
from contracts.times import to_iso
from contracts.topics import CRAWL_REQUESTS, EVENTS, OBSERVATIONS
from runtime import metrics
from runtime.crash import crash_unless_stopping
from runtime.faust_app import add_dead_letters, create_app, topics
from runtime.outlet import Outlet
from runtime.settings import Settings
from streams.checkpoint_topic import CheckpointReader, write
from streams.confirmation import confirmations
from streams.engine import warm_up
from streams.partition import UNSET, Partition

log = logging.getLogger(__name__)

STAGE = "streams"
CHECKPOINT_SECONDS = 5.0
CHECKPOINT_SHARE = 0.05  # of the time at most: a large state is written less often

EVENTS_OUT = Total("priceradar_market_events_total", "Market events raised", ["kind"])
CHECKPOINT_TIME = Histogram(
    "priceradar_checkpoint_seconds", "Time to write one checkpoint", buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30)
)
CHECKPOINT_AT = Gauge("priceradar_checkpoint_timestamp_seconds", "When the last checkpoint became whole")
SERIES = Gauge("priceradar_series", "Series in the state of this worker")
RESTORED = Gauge("priceradar_restore_seconds", "Time the last restore of checkpoints took")


class StreamsWorker:
    """Feeds partitions their messages and makes their state safe."""

    def __init__(self, app: faust.App, settings: Settings, policy: Policy) -> None:
        self.app = app
        self.settings = settings
        self.detection = policy.detection
        self.partitions: dict[int, Partition] = {}
        self.owned: set[int] = set()
        self.out = Outlet(app)
        self.lock = asyncio.Lock()
        self.next_checkpoint = time.monotonic() + CHECKPOINT_SECONDS

    async def handle(self, event: EventT[Any]) -> None:
        """Process one message of observations."""
        async with self.lock:
            message = event.message
            if message.partition not in self.owned:
                return  # left over from an earlier assignment: its new owner gets it
            partition = await self._verified(message.partition)
            if not partition.verified:
                return  # lost while its checkpoint was read
            if partition.place(message.offset) == "gap":
                await self._catch_up(partition, message.offset)
            verdict = partition.place(message.offset)
            if verdict == "next":
                await self._process(partition, message)
            if verdict == "checkpointed":
                event.ack()
            elif verdict != "gap":
                partition.unacknowledged.append(event)
                message.value = None  # kept only to be acknowledged
            await self._checkpoint_if_due()

    async def _catch_up(self, partition: Partition, end: int) -> None:
        """Read what lies between the state and what was delivered.

        Delivery may begin anywhere: after a checkpoint of a worker that had lost the partition
        already, or because the consumer passed over messages in a rebalance. The state decides.
        """
        log.warning("partition %d: delivered %d, expected %d", partition.number, end, partition.offset)
        async with CheckpointReader(self.settings.kafka) as reader:
            async for message in reader.messages(OBSERVATIONS.name, partition.number, partition.offset, end):
                if partition.number not in self.owned:
                    return
                await self._process(partition, message)
                await self._checkpoint_if_due()
        partition.offset = end  # what Kafka no longer has is passed over

    async def _process(self, partition: Partition, message: Any) -> None:
        started = time.perf_counter()
        await self.out.start()
        events, bad, rows = partition.take(message.offset, message.value)
        add_dead_letters(self.out, message, bad, STAGE)
        for found in events:
            self._publish(found, message.partition)
        for request in confirmations(events):
            self.out.add(CRAWL_REQUESTS.name, request.url.encode(), encode(request), [])
        await self.out.breathe()
        for kind, count in Counter(type(found).__name__ for found in events).items():
            EVENTS_OUT.labels(kind).inc(count)
        metrics.processed(STAGE, rows, len(events))
        metrics.STAGE_SECONDS.labels(STAGE).observe(time.perf_counter() - started)

    def _publish(self, event: MarketEvent, partition: int) -> None:
        headers = cloudevent_headers(event.event_id, type(event).__name__, STAGE, to_iso(event.observed_at))
        # Without a SKU the key is the series' own, and so is its partition.
        self.out.add(EVENTS.name, event_key(event), encode(event), headers, None if event.sku else partition)

    async def checkpoint_if_due(self) -> None:
        """For the timer: a quiet topic has no next message to trigger it."""
        async with self.lock:
            await self._checkpoint_if_due()

    async def _checkpoint_if_due(self) -> None:
        if time.monotonic() >= self.next_checkpoint:
            await self._checkpoint()

    async def _checkpoint(self) -> None:
        started = time.monotonic()
        await self.out.settle()
        for number in sorted(self.owned):
            partition = self.partitions[number]
            # Asked anew after each: a rebalance may have begun while the one before was written.
            if number in self.owned and partition.verified and partition.dirty:
                await self._make_safe(partition)
        took = time.monotonic() - started
        self.next_checkpoint = time.monotonic() + max(CHECKPOINT_SECONDS, took / CHECKPOINT_SHARE)
        CHECKPOINT_TIME.observe(took)
        CHECKPOINT_AT.set_to_current_time()
        SERIES.set(sum(p.engine.state.size for p in self.partitions.values() if p.verified))

    async def _make_safe(self, partition: Partition) -> None:
        draft = partition.draft()
        manifest_at = await write(self.app, draft, partition.manifest_at)
        for event in partition.made_safe(draft.offset, manifest_at):
            event.ack()

    async def _verified(self, number: int) -> Partition:
        partition = self.partitions[number]
        if not partition.verified:
            await self._restore()
        return partition

    async def _restore(self) -> None:
        """Look at the newest checkpoint of every partition assigned since the last time."""
        started = time.monotonic()
        async with CheckpointReader(self.settings.kafka) as reader:
            for partition in [p for n, p in self.partitions.items() if n in self.owned and not p.verified]:
                await self._restore_one(partition, reader)
                partition.verified = partition.number in self.owned
        RESTORED.set(time.monotonic() - started)

    async def _restore_one(self, partition: Partition, reader: CheckpointReader) -> None:
        newest = await reader.newest(partition.number)
        if newest is not None:
            try:
                partition.restore(*newest)
            except TamperedError as error:  # of another version: all that Kafka still has is read again
                log.warning("partition %d begins anew: %s", partition.number, error)
        if partition.offset == UNSET:
            partition.begin(await reader.first_offset(OBSERVATIONS.name, partition.number))

    def assigned(self, numbers: set[int]) -> None:
        """Partitions that are ours now: their state in memory may be behind what others checkpointed."""
        for number in numbers:
            partition = self.partitions.setdefault(number, Partition(number, self.detection))
            partition.verified = False
            partition.unacknowledged.clear()  # they will be delivered again
        self.owned |= numbers

    async def revoked(self, numbers: set[int]) -> None:
        """Partitions that are another worker's now: returns when nothing of ours is under way any more."""
        self.owned -= numbers
        for number in numbers & self.partitions.keys():
            self.partitions[number].verified = False
            self.partitions[number].unacknowledged.clear()
        async with self.lock:
            pass


def build(settings: Settings, policy: Policy) -> faust.App:
    """The Faust app of the streams worker."""
    app = create_app(STAGE, settings)
    worker = StreamsWorker(app, settings, policy)
    metrics.known_stage(STAGE)
    warm_up(policy.detection)

    @app.agent(topics(app, OBSERVATIONS), concurrency=1)
    async def notice(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await worker.handle(event)
            except Exception as error:  # noqa: BLE001 data errors were handled: this is the infrastructure or a bug
                crash_unless_stopping(app, error)

    @app.timer(interval=1.0)
    async def checkpoint() -> None:
        try:
            await worker.checkpoint_if_due()
        except Exception as error:  # noqa: BLE001
            crash_unless_stopping(app, error)

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]
    async def assigned(_app: faust.App, assigned: set[TP], **_: Any) -> None:
        worker.assigned({tp.partition for tp in assigned if tp.topic == OBSERVATIONS.name})

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]
    async def revoked(_app: faust.App, revoked: set[TP], **_: Any) -> None:
        await worker.revoked({tp.partition for tp in revoked if tp.topic == OBSERVATIONS.name})

    return app
