"""The pricing worker: market events from Kafka through the agent to proposals; decisions out of the ledger.

What the agent knows is a fold of topics, so a worker holds no state of its own to lose:
facts, decisions and proposals of all partitions are read by every worker, from their
beginning before the first event and followed from then on. Cap window, cooldown and
budgets come back exactly as long as Kafka keeps every price of the window: the catalogue
and decision topics may not be compacted sooner (`min.compaction.lag.ms`).

Market events are shared between workers. Those of a partition that this worker has not
seen are observed, not answered, up to the first one that is delivered to it.

An event is acknowledged after its proposals are in Kafka and then in the ledger: delivered
again, it finds its proposal among those read back and gives the same bytes.

A product is looked at again, without an event, by the worker that has the partition of its
events, once it has read all proposals and all events that were answered before it had the
partition. What comes of a look is not delivered a second time, so every worker that reads such a
proposal back writes it to the ledger, which keeps the first of each id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import uuid4

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP, EventT
from prometheus_client import Counter, Gauge, Histogram

from contracts.codec import cloudevent_headers, decode, decode_event, encode
from contracts.errors import BadInputError, UnavailableError
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.partition import key_partition
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal
from contracts.times import to_iso
from contracts.topics import CATALOG, DECISIONS, EVENTS, MATCHES, PROPOSALS, SALES, STOCK, Topic
from pricing.agent import PricingAgent
from pricing.reasons import REASONS
from runtime import metrics
from runtime.crash import or_crash
from runtime.faust_app import create_app, send, to_dead_letters, topics
from runtime.outlet import Outlet
from runtime.settings import Settings
from runtime.webhook import SignedHook

STAGE = "pricing"
FACTS = (CATALOG, MATCHES, STOCK, SALES, DECISIONS)
FOLLOWED = {topic.name: topic for topic in (*FACTS, PROPOSALS)}
FLUSH_SECONDS = 0.25
FLUSH_ROWS = 500
MATCHES_AT_ONCE = 500
KEEP_SECONDS = 10.0
HOOK_TIMEOUT_SECONDS = 10.0
LEASE_MS = 150_000  # longer than ten notices take that all time out: nobody else sends them meanwhile

PROPOSALS_OUT = Counter("priceradar_proposals_total", "Proposals by kind and what became of them", ["kind", "outcome"])
GUARD_HITS = Counter("priceradar_guard_hits_total", "Markdowns held back, by the guard that did", ["guard"])
CHANGE = Histogram(
    "priceradar_decision_change_ratio",
    "Proposed markdown as a share of the price at the start of the cap window",
    buckets=(0.0025, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.05, 0.1),
)
KILL_SWITCH = Gauge("priceradar_kill_switch", "1 while the policy forbids every proposal")
NOTICES = Counter("priceradar_decision_notices_total", "Notices to the decisions' webhook by outcome", ["outcome"])
FACTS_READ = Gauge("priceradar_pricing_facts_restore_seconds", "Time it took to read all facts at the start")


class ProposalLedger(Protocol):
    """What the worker needs of the ledger; every call is one transaction and may be repeated."""

    def record_proposals(self, proposals: Sequence[Proposal]) -> object: ...
    def record_items(self, items: Sequence[CatalogItem]) -> object: ...
    def record_stock(self, levels: Sequence[StockLevel]) -> object: ...
    def record_matches(self, matches: Sequence[Match]) -> object: ...
    def owed_matches(self, limit: int) -> Sequence[Match]: ...
    def matches_published(self, sent: Sequence[Match], now_ms: int) -> object: ...
    def release_decisions(self, limit: int, now_ms: int, policy: Policy) -> Sequence[Decision]: ...
    def decisions_published(self, ids: Sequence[str], now_ms: int) -> object: ...
    def keep_approvals(self, now_ms: int, policy: Policy) -> object: ...
    def claim_notices(self, holder: str, now_ms: int, lease_ms: int) -> Sequence[Any]: ...
    def notice_accepted(self, notice_id: str, now_ms: int) -> object: ...
    def notice_refused(self, notice: Any, error: str, now_ms: int) -> object: ...


log = logging.getLogger(__name__)


class Reader:
    """Reads whole topics outside any consumer group, and how far a group has come."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    async def open(self, names: Sequence[str]) -> tuple[AIOKafkaConsumer, list[TopicPartition]]:
        """A consumer that stands at the beginning of every partition of these topics."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            await consumer._client.force_metadata_update()  # noqa: SLF001 no public call waits for partitions
            parts = [
                TopicPartition(name, p) for name in names for p in sorted(consumer.partitions_for_topic(name) or ())
            ]
            consumer.assign(parts)
            await consumer.seek_to_beginning()
        except BaseException:
            await consumer.stop()
            raise
        return consumer, parts

    async def answered(self, group: str, partitions: Sequence[int]) -> dict[int, int]:
        """Offset of the first market event that a group has not acknowledged, 0 where it has none, by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            where = {number: TopicPartition(EVENTS.name, number) for number in partitions}
            consumer.assign(list(where.values()))
            return {number: int(await consumer.committed(part) or 0) for number, part in where.items()}
        finally:
            await consumer.stop()

    async def events(self, partition: int, start: int | None, end: int) -> list[bytes]:
        """Values of market events of a partition in [start, end); from the first kept where start is None."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            where = TopicPartition(EVENTS.name, partition)
            consumer.assign([where])
            first = (await consumer.beginning_offsets([where]))[where]
            consumer.seek(where, max(first, start or 0))
            values: list[bytes] = []
            while await consumer.position(where) < end:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    values += [record.value for record in records if record.offset < end]
            return values
        finally:
            await consumer.stop()


class PricingWorker:
    """Feeds the agent and makes what it proposes safe."""

    def __init__(self, app: faust.App, settings: Settings, agent: PricingAgent, ledger: ProposalLedger) -> None:
        self.app, self.agent, self.ledger = app, agent, ledger
        self.reader = Reader(settings.kafka)
        self.next_offset: dict[int, int] = {}
        self.assigned: set[int] = set()  # partitions of market events
        self.rebalances = 0
        self.looks_at: set[int] = set()  # those of which everything before is known
        self.looked: list[Proposal] = []  # to be sent
        self.to_keep: list[Proposal] = []  # in Kafka, to be written to the ledger
        self.facts: list[tuple[Topic, Any, EventT[Any]]] = []
        self.lock = asyncio.Lock()
        self.facts_known = asyncio.Event()
        self.out = Outlet(app)
        self.holder = f"pricing-{uuid4().hex[:12]}"

    async def follow(self) -> None:
        """Read every followed topic to its end, then keep following; never returns."""
        started = time.monotonic()
        consumer, parts = await self.reader.open(list(FOLLOWED))
        try:
            ends = await consumer.end_offsets(parts)
            waiting = {part for part in parts if ends[part] > await consumer.position(part)}
            while True:
                if not waiting and not self.facts_known.is_set():
                    FACTS_READ.set(time.monotonic() - started)
                    self.facts_known.set()
                await self._read_some(consumer)
                waiting = {part for part in waiting if await consumer.position(part) < ends[part]}
                if self.facts_known.is_set():
                    await self._take_over(consumer, parts)
        finally:
            await consumer.stop()

    async def _read_some(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=200, max_records=2000)).values():
            for record in records:
                self._fold(record.topic, record.value, record.timestamp)
        await self._send_looks()

    def _fold(self, topic: str, value: bytes | None, arrived: int) -> None:
        # Its owner in the consumer group sends a bad one to the dead letters, once.
        with contextlib.suppress(BadInputError):
            fact = decode(value, FOLLOWED[topic].value)
            if topic == PROPOSALS.name:
                self.agent.on_proposal(fact)
                self.to_keep += [fact] if fact.look else []
            elif self.looks_at:
                self.looked += self.agent.learn(fact, self._mine, arrived)
            else:
                self.agent.take(fact, arrived)

    def _mine(self, sku: str) -> bool:
        return key_partition(sku.encode()) in self.looks_at

    async def _send_looks(self) -> None:
        looked, self.looked = self.looked, []
        for proposal in looked:
            await self._publish(proposal)

    def assign(self, partitions: set[int]) -> None:
        """These partitions of market events are this worker's from now on; none at the start of a rebalance."""
        self.assigned = partitions
        self.rebalances += 1
        self.looks_at &= partitions

    async def _take_over(self, consumer: AIOKafkaConsumer, parts: list[TopicPartition]) -> None:
        """Look at products of partitions that are new here, once everything is known that was known before."""
        new, rebalances = self.assigned - self.looks_at, self.rebalances
        if not new:
            return
        proposals = [part for part in parts if part.topic == PROPOSALS.name]
        ends = await consumer.end_offsets(proposals)
        while any([await consumer.position(part) < ends[part] for part in proposals]):
            await self._read_some(consumer)
        for partition, end in (await self.reader.answered(self.app.conf.id, sorted(new))).items():
            async with self.lock:
                await self._catch_up(partition, end)
                self.next_offset[partition] = max(end, self.next_offset.get(partition, 0))
        if rebalances == self.rebalances:
            self.looks_at |= new
            self.looked += self.agent.resume(self._mine)
            await self._send_looks()

    async def handle(self, event: EventT[Any]) -> None:
        """Process one message: a fact for the ledger, or a market event to answer."""
        await self.facts_known.wait()
        topic = FOLLOWED.get(event.message.topic)
        async with self.lock:
            if topic is None:
                await self._answer(event)
            else:
                await self._note(topic, event)

    async def _note(self, topic: Topic, event: EventT[Any]) -> None:
        try:
            value = decode(event.message.value, topic.value)
        except BadInputError as error:
            await to_dead_letters(self.app, event, error, STAGE)
            event.ack()
            return
        self.facts.append((topic, value, event))
        if len(self.facts) >= FLUSH_ROWS:
            await self._flush()

    async def flush(self) -> None:
        """Write collected facts to the ledger and acknowledge them; for the timer."""
        async with self.lock:
            await self._flush()

    async def _flush(self) -> None:
        facts, self.facts = self.facts, []
        writers: dict[str, Callable[[Sequence[Any]], object]] = {
            CATALOG.name: self.ledger.record_items,
            MATCHES.name: self.ledger.record_matches,
            STOCK.name: self.ledger.record_stock,
        }
        for name, write in writers.items():
            values = [value for topic, value, _ in facts if topic.name == name]
            if values:
                await asyncio.to_thread(write, values)
        looked, self.to_keep = self.to_keep, []
        if looked:
            await asyncio.to_thread(self.ledger.record_proposals, looked)
        await asyncio.to_thread(self.ledger.record_items, self._repriced(facts))
        for _, _, event in facts:
            event.ack()

    def _repriced(self, facts: Sequence[tuple[Topic, Any, EventT[Any]]]) -> list[CatalogItem]:
        """Our items at the price that was decided: the catalogue may say so only much later."""
        items = []
        for topic, decision, _ in facts:
            if topic.name == DECISIONS.name:
                self.agent.on_decision(decision)
                item = self.agent.state.sku(decision.sku).item
                items += [] if item is None else [item]
        return items

    async def _answer(self, event: EventT[Any]) -> None:
        started = time.perf_counter()
        message = event.message
        await self._catch_up(message.partition, message.offset)
        self.next_offset[message.partition] = message.offset + 1
        try:
            found = decode_event(message.value)
            self.looked += self.agent.tick(found.observed_at, self._mine)
            await self._send_looks()
            proposals = self.agent.on_event(found)
        except BadInputError as error:
            await to_dead_letters(self.app, event, error, STAGE)
            proposals = []
        for proposal in proposals:
            await self._publish(proposal)
        if proposals:
            await asyncio.to_thread(self.ledger.record_proposals, proposals)
        event.ack()
        metrics.processed(STAGE, 1, len(proposals))
        metrics.STAGE_SECONDS.labels(STAGE).observe(time.perf_counter() - started)

    async def _catch_up(self, partition: int, offset: int) -> None:
        """Observe the events of a partition that came before the one delivered and were not seen here."""
        start = self.next_offset.get(partition)
        if start is not None and start >= offset:
            return
        if start is None and offset == 0:
            return
        for value in await self.reader.events(partition, start, offset):
            try:
                self.agent.observe(decode_event(value))
            except BadInputError:
                continue  # it is among the dead letters since it was delivered

    async def _publish(self, proposal: Proposal) -> None:
        headers = cloudevent_headers(proposal.proposal_id, "Proposal", STAGE, to_iso(proposal.decided_at))
        await send(self.app, PROPOSALS.name, proposal.sku.encode(), encode(proposal), headers)
        count(proposal)

    async def publish_decisions(self) -> None:
        """Send decisions of the ledger's outbox; one sent twice has the same id and is harmless.

        The ledger looks at each once more, with the cost as it is now, before it gives it out.
        """
        policy = self.agent.policy
        decisions = await asyncio.to_thread(self.ledger.release_decisions, 100, _now_ms(), policy)
        for decision in decisions:
            headers = cloudevent_headers(decision.decision_id, "Decision", STAGE, to_iso(decision.decided_at))
            await send(self.app, DECISIONS.name, decision.sku.encode(), encode(decision), headers)
        if decisions:
            ids = [decision.decision_id for decision in decisions]
            await asyncio.to_thread(self.ledger.decisions_published, ids, _now_ms())

    async def publish_matches(self) -> None:
        """Send matches that people judged; one sent twice is the same, and readers take the newest."""
        matches = await asyncio.to_thread(self.ledger.owed_matches, MATCHES_AT_ONCE)
        if matches:
            await self.out.start()
        for match in matches:
            key = f"{match.competitor}|{match.product_id}"
            headers = cloudevent_headers(f"{key}@{match.matched_at}", "Match", STAGE, to_iso(match.matched_at))
            self.out.add(MATCHES.name, key.encode(), encode(match), headers)
        if matches:
            await self.out.settle()
            await asyncio.to_thread(self.ledger.matches_published, matches, _now_ms())

    async def keep_approvals(self) -> None:
        """Let proposals expire, escalate, or be approved by the policy."""
        await asyncio.to_thread(self.ledger.keep_approvals, _now_ms(), self.agent.policy)

    async def tell(self, hook: SignedHook) -> None:
        """Send what the decisions' webhook is owed; a refusal is tried again later, under the same id."""
        for notice in await asyncio.to_thread(self.ledger.claim_notices, self.holder, _now_ms(), LEASE_MS):
            try:
                await asyncio.to_thread(hook.send, notice.body, notice.notice_id)
            except UnavailableError as error:
                log.warning("notice %s not delivered (attempt %d): %s", notice.notice_id, notice.attempts + 1, error)
                await asyncio.to_thread(self.ledger.notice_refused, notice, str(error), _now_ms())
                NOTICES.labels("refused").inc()
            else:
                await asyncio.to_thread(self.ledger.notice_accepted, notice.notice_id, _now_ms())
                NOTICES.labels("delivered").inc()


def _now_ms() -> int:
    return int(time.time() * 1000)


def count(proposal: Proposal) -> None:
    """Count a proposal in the metrics."""
    PROPOSALS_OUT.labels(proposal.kind, "blocked" if proposal.blocked_by else "proposed").inc()
    if proposal.blocked_by:
        GUARD_HITS.labels(proposal.blocked_by).inc()
    elif proposal.kind == "markdown" and proposal.window_start_minor:
        CHANGE.observe((proposal.window_start_minor - proposal.proposed_minor) / proposal.window_start_minor)


def build(settings: Settings, policy: Policy, ledger: ProposalLedger | None = None) -> faust.App:
    """The Faust app of the pricing worker; without a ledger it opens the one in the settings."""
    if ledger is None:
        from ledger.store import Ledger  # noqa: PLC0415 tests bring their own

        ledger = Ledger.open(settings.ledger_url)
    app = create_app(STAGE, settings)
    worker = PricingWorker(app, settings, PricingAgent(policy), ledger)
    metrics.known_stage(STAGE)
    KILL_SWITCH.set(policy.pricing.kill_switch)
    for reason in REASONS:
        GUARD_HITS.labels(reason)

    @app.task
    async def follow() -> None:
        await or_crash(worker.follow())

    @app.agent(topics(app, EVENTS, *FACTS), concurrency=1)
    async def answer(stream: Any) -> None:
        async for event in stream.noack().events():
            await or_crash(worker.handle(event))

    _told_of_partitions(app, worker)

    @app.timer(interval=FLUSH_SECONDS)
    async def flush() -> None:
        await or_crash(worker.flush())

    @app.timer(interval=1.0)
    async def publish() -> None:
        await or_crash(worker.publish_decisions())
        await or_crash(worker.publish_matches())

    @app.timer(interval=KEEP_SECONDS)
    async def keep() -> None:
        await or_crash(worker.keep_approvals())

    if settings.decisions_webhook:
        hook = SignedHook(
            settings.decisions_webhook, settings.decisions_webhook_secret, "decision", HOOK_TIMEOUT_SECONDS
        )

        @app.timer(interval=1.0)
        async def tell() -> None:
            await or_crash(worker.tell(hook))

    return app


def _told_of_partitions(app: faust.App, worker: PricingWorker) -> None:
    @app.on_partitions_assigned.connect  # type: ignore[arg-type]
    async def assigned(_app: faust.App, assigned: set[TP], **_: Any) -> None:
        worker.assign({tp.partition for tp in assigned if tp.topic == EVENTS.name})

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]
    async def revoked(_app: faust.App, _revoked: set[TP], **_: Any) -> None:
        worker.assign(set())
