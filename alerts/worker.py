"""The alerts worker: market events from Kafka through the book to people.

An event is acknowledged after its alerts are in the ledger, with what is owed to channels, and
in Kafka. Delivered again it gives the same alerts at the same revisions: all writes are upserts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

import faust
from faust.types import EventT
from prometheus_client import Counter, Histogram

from alerts.book import AlertBook
from alerts.channels import Channel, channels_of
from alerts.routing import deliveries, retry_at
from alerts.severity import Exposure, exposure_of
from contracts.alerts import Alert, Delivery
from contracts.codec import cloudevent_headers, decode_event, encode
from contracts.errors import BadInputError, UnavailableError
from contracts.events import MarketEvent, PriceMoved
from contracts.facts import CatalogItem, StockLevel
from contracts.policy import Policy
from contracts.times import to_iso
from contracts.topics import ALERTS, EVENTS
from runtime import metrics
from runtime.crash import crash
from runtime.faust_app import create_app, to_dead_letters, topics
from runtime.outlet import Outlet
from runtime.settings import Settings

STAGE = "alerts"
RESTORED_CLOSED = 10_000  # lately closed alerts looked at after a start: far more than can be redelivered
DISPATCH_SECONDS = 0.5

LATENCY = Histogram(
    "priceradar_alert_latency_seconds",
    "From the shop's response to the alert accepted by Kafka",
    buckets=metrics.LATENCY_BUCKETS,
)
ALERTS_OUT = Counter("priceradar_alerts_total", "Alerts by what they tell", ["kind", "severity", "status"])
NOTIFICATIONS = Counter("priceradar_notifications_total", "Deliveries by channel and outcome", ["channel", "outcome"])

log = logging.getLogger(__name__)


class AlertLedger(Protocol):
    """What the worker needs of the ledger; every call is one transaction and may be repeated."""

    def record_alerts(self, found: Sequence[Alert], deliveries: Sequence[Delivery] = ()) -> None: ...
    def alerts(self, *, open_only: bool = False, limit: int = 100) -> list[Alert]: ...
    def standing(self, sku: str) -> tuple[CatalogItem | None, StockLevel | None, float | None]: ...
    def due_deliveries(self, now_ms: int, limit: int = 100) -> list[tuple[Delivery, Alert]]: ...
    def delivered(self, delivery_id: str, now_ms: int) -> None: ...
    def delivery_failed(self, delivery_id: str, error: str, retry_at_ms: int) -> None: ...


class AlertsWorker:
    """Feeds the book, and makes what it tells safe before it is acknowledged."""

    def __init__(self, app: faust.App, policy: Policy, ledger: AlertLedger, channels: dict[str, Channel]) -> None:
        self.app, self.policy, self.ledger, self.channels = app, policy, ledger, channels
        self.out = Outlet(app)
        self.book: AlertBook | None = None

    async def handle(self, event: EventT[Any]) -> None:
        """Process one market event."""
        started = time.perf_counter()
        try:
            found = decode_event(event.message.value)
            told = (await self._restored()).on_event(found, await self._exposure(found))
        except BadInputError as error:  # no event, or one in a currency that does not exist
            await to_dead_letters(self.app, event, error, STAGE)
            event.ack()
            return
        if told:
            owed = [delivery for alert in told for delivery in deliveries(alert, list(self.channels))]
            await asyncio.to_thread(self.ledger.record_alerts, told, owed)
            await self._publish(told)
        event.ack()
        metrics.processed(STAGE, 1, len(told))
        metrics.STAGE_SECONDS.labels(STAGE).observe(time.perf_counter() - started)

    async def _restored(self) -> AlertBook:
        if self.book is None:
            self.book = AlertBook(self.policy.alerting)
            self.book.restore(await asyncio.to_thread(self.ledger.alerts, limit=RESTORED_CLOSED))
            self.book.restore(await asyncio.to_thread(self.ledger.alerts, open_only=True, limit=10**6))
        return self.book

    async def _exposure(self, event: MarketEvent) -> Exposure | None:
        if not event.sku or not isinstance(event, PriceMoved):
            return None
        return exposure_of(*await asyncio.to_thread(self.ledger.standing, event.sku))

    def forget(self) -> None:
        """After a change of partitions other workers may know more: read the ledger again."""
        self.book = None

    async def _publish(self, told: Sequence[Alert]) -> None:
        await self.out.start()
        for alert in told:
            headers = cloudevent_headers(
                f"{alert.alert_id}.{alert.revision}", "Alert", STAGE, to_iso(alert.observed_at)
            )
            self.out.add(ALERTS.name, alert.alert_id.encode(), encode(alert), headers)
        await self.out.settle()
        now = time.time()
        for alert in told:
            LATENCY.observe(max(0.0, now - alert.observed_at / 1000))
            ALERTS_OUT.labels(alert.kind, alert.severity, alert.status).inc()

    async def dispatch(self) -> None:
        """Deliver what the ledger owes to channels; a refusal is tried again later."""
        for delivery, alert in await asyncio.to_thread(self.ledger.due_deliveries, _now_ms()):
            channel = self.channels.get(delivery.channel)
            if channel is None:
                await self._refused(delivery, "unknown", "this channel is not configured here")
                continue
            try:
                await asyncio.to_thread(channel.send, delivery.delivery_id, alert)
            except UnavailableError as error:
                await self._refused(delivery, channel.kind, str(error))
            else:
                await asyncio.to_thread(self.ledger.delivered, delivery.delivery_id, _now_ms())
                NOTIFICATIONS.labels(channel.kind, "delivered").inc()

    async def _refused(self, delivery: Delivery, kind: str, reason: str) -> None:
        log.warning("delivery %s refused (attempt %d): %s", delivery.delivery_id, delivery.attempts + 1, reason)
        when = retry_at(_now_ms(), delivery.attempts)
        await asyncio.to_thread(self.ledger.delivery_failed, delivery.delivery_id, reason, when)
        NOTIFICATIONS.labels(kind, "refused").inc()


def _now_ms() -> int:
    return int(time.time() * 1000)


def build(settings: Settings, policy: Policy, ledger: AlertLedger | None = None) -> faust.App:
    """The Faust app of the alerts worker."""
    from ledger.store import Ledger  # noqa: PLC0415 other ledgers need no database

    app = create_app(STAGE, settings)
    worker = AlertsWorker(app, policy, ledger or Ledger.open(settings.ledger_url), channels_of(settings))
    metrics.known_stage(STAGE)

    @app.agent(topics(app, EVENTS), concurrency=1)
    async def tell(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await worker.handle(event)
            except Exception as error:  # noqa: BLE001 data errors were handled: this is the infrastructure or a bug
                crash(error)

    @app.timer(interval=DISPATCH_SECONDS)
    async def dispatch() -> None:
        try:
            await worker.dispatch()
        except Exception as error:  # noqa: BLE001
            crash(error)

    @app.on_partitions_assigned.connect
    async def assigned(*_: Any, **__: Any) -> None:
        worker.forget()

    return app
