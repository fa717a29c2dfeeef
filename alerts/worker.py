"""The alerts worker: market events from Kafka through the book to people.

An event is acknowledged after its alerts are in the ledger, with what is owed to channels, and
in Kafka. Delivered again it gives the same alerts at the same revisions: all writes are upserts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any, Protocol
from uuid import uuid4

import faust
import msgspec
from faust.types import EventT
from prometheus_client import Counter, Histogram

from alerts.book import AlertBook
from alerts.channels import Channel, channels_of
from alerts.routing import Parcel, Routes, retry_at
from alerts.severity import Exposure, exposure_of
from contracts.alerts import Alert, AlertKind, Delivery
from contracts.codec import cloudevent_headers, decode_event, encode
from contracts.errors import BadInputError, UnansweredError, UnavailableError
from contracts.events import MarketEvent, PriceMoved
from contracts.facts import CatalogItem, StockLevel
from contracts.observations import PricePoint
from contracts.policy import Policy
from contracts.times import DAY_MS, MINUTE_MS, to_iso
from contracts.topics import ALERTS, EVENTS
from runtime import metrics
from runtime.crash import crash
from runtime.faust_app import create_app, to_dead_letters, topics
from runtime.outlet import Outlet
from runtime.settings import Settings

STAGE = "alerts"
RESTORED_CLOSED = 10_000  # lately closed alerts looked at after a start: far more than can be redelivered
DISPATCH_SECONDS = 0.5
LOOK_SECONDS = 10.0
HISTORY_DAYS = 90  # of the chart in a mail
LEASE_MS = 15_000  # after a crash what was being sent waits so long for the next worker

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
    def alerts(
        self, *, open_only: bool = ..., kind: AlertKind | None = ..., since: int | None = ..., limit: int = ...
    ) -> list[Alert]: ...
    def standing(self, sku: str) -> tuple[CatalogItem | None, StockLevel | None, float | None]: ...
    def claim_parcels(
        self, holder: str, channel: str, now_ms: int, lease_ms: int, merge_from: int = ...
    ) -> list[Parcel]: ...
    def renew_claims(self, holder: str, channel: str, now_ms: int, until_ms: int) -> bool: ...
    def parcel_begins(self, holder: str, parcel: Parcel, now_ms: int) -> bool: ...
    def parcel_given_up(self, parcel: Parcel, now_ms: int) -> None: ...
    def parcel_accepted(self, parcel: Parcel, now_ms: int) -> None: ...
    def parcel_refused(self, parcel: Parcel, error: str, retry_at_ms: int, perhaps_accepted: bool = ...) -> None: ...
    def unacknowledged(self, now_ms: int, after_ms: int) -> list[Alert]: ...
    def escalate(self, alert_id: str, deliveries: Sequence[Delivery], now_ms: int) -> None: ...
    def price_points(self, competitor: str, product_id: str, since: int = 0, limit: int = ...) -> list[PricePoint]: ...


class AlertsWorker:
    """Feeds the book, and makes what it tells safe before it is acknowledged."""

    def __init__(self, app: faust.App, policy: Policy, ledger: AlertLedger, channels: dict[str, Channel]) -> None:
        self.app, self.policy, self.ledger, self.channels = app, policy, ledger, channels
        self.routes = Routes(policy.alerting, channels)
        self.holder = f"alerts-{uuid4().hex[:12]}"
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
            now = _now_ms()
            owed = [delivery for alert in told for delivery in self.routes.deliveries(alert, now)]
            await asyncio.to_thread(self.ledger.record_alerts, told, owed)
            await self._publish(told)
        event.ack()
        metrics.processed(STAGE, 1, len(told))
        metrics.STAGE_SECONDS.labels(STAGE).observe(time.perf_counter() - started)

    async def _restored(self) -> AlertBook:
        if self.book is None:
            self.book = AlertBook(self.policy.alerting, self.policy.detection)
            newest = await asyncio.to_thread(self.ledger.alerts, limit=RESTORED_CLOSED)
            self.book.restore(newest)
            if newest:  # what went on sale again lately and may go once more
                since = newest[0].observed_at - self.policy.alerting.flap_days * DAY_MS
                gone = await asyncio.to_thread(self.ledger.alerts, kind="stock", since=since, limit=10**6)
                self.book.restore(gone)
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

    async def deliver(self, channel: Channel) -> int:
        """Send what is due on one channel; a refusal is tried again later. Returns how many parcels were due."""
        merge_from = self.policy.alerting.merge_from if channel.merges else 0
        due = await asyncio.to_thread(
            self.ledger.claim_parcels, self.holder, channel.name, _now_ms(), LEASE_MS, merge_from
        )
        held_since = time.monotonic()
        for parcel in due:
            if time.monotonic() - held_since > LEASE_MS / 3000:
                if not await self._hold(channel):
                    break  # this machine slept: another worker sends the rest
                held_since = time.monotonic()
            await self._send(channel, parcel)
        return len(due)

    async def _send(self, channel: Channel, parcel: Parcel) -> None:
        if parcel.doubtful and not channel.repeats:
            log.warning(
                "parcel %s on %s: nobody said whether it arrived; it is not repeated", parcel.parcel_id, channel.name
            )
            await asyncio.to_thread(self.ledger.parcel_given_up, parcel, _now_ms())
            NOTIFICATIONS.labels(channel.kind, "unknown").inc()
            return
        if channel.shows_history and len(parcel.alerts) == 1:
            history = await asyncio.to_thread(self._history, parcel.alerts[0])
            parcel = msgspec.structs.replace(parcel, history=history)
        if not await asyncio.to_thread(self.ledger.parcel_begins, self.holder, parcel, _now_ms()):
            return  # it was held too long: another worker sends it
        sending = asyncio.create_task(_in_thread(channel.send, parcel))
        try:
            while not (await asyncio.wait([sending], timeout=LEASE_MS / 3000))[0]:
                await self._hold(channel)
            await sending
        except UnavailableError as error:
            await self._refused(parcel, channel.kind, error)
        except Exception as error:
            log.exception("parcel %s could not be sent on %s", parcel.parcel_id, channel.name)
            await self._refused(parcel, channel.kind, UnansweredError(repr(error)))
        else:
            await asyncio.to_thread(self.ledger.parcel_accepted, parcel, _now_ms())
            NOTIFICATIONS.labels(channel.kind, "delivered").inc()

    async def _hold(self, channel: Channel) -> bool:
        now = _now_ms()
        return await asyncio.to_thread(self.ledger.renew_claims, self.holder, channel.name, now, now + LEASE_MS)

    def _history(self, alert: Alert) -> tuple[PricePoint, ...]:
        if not alert.product_id:
            return ()
        since = alert.observed_at - HISTORY_DAYS * DAY_MS
        found = self.ledger.price_points(alert.competitor, alert.product_id, since)
        return tuple(p for p in found if (p.seller, p.price_type) == (alert.seller, alert.price_type))

    async def _refused(self, parcel: Parcel, kind: str, error: UnavailableError) -> None:
        log.warning("parcel %s refused (attempt %d): %s", parcel.parcel_id, parcel.attempts + 1, error)
        when = self.routes.not_before(parcel, retry_at(_now_ms(), parcel.attempts))
        perhaps = isinstance(error, UnansweredError)
        await asyncio.to_thread(self.ledger.parcel_refused, parcel, str(error), when, perhaps)
        NOTIFICATIONS.labels(kind, "refused").inc()

    async def look_after(self) -> None:
        """Escalate red alerts that nobody acknowledged in time."""
        now = _now_ms()
        after = self.policy.alerting.escalate_after_minutes * MINUTE_MS
        for alert in await asyncio.to_thread(self.ledger.unacknowledged, now, after):
            await asyncio.to_thread(self.ledger.escalate, alert.alert_id, self.routes.escalations(alert, now), now)


async def _in_thread(send: Callable[[Parcel], None], parcel: Parcel) -> None:
    """Run in a thread that dies with the process: a channel that hangs keeps nobody from stopping."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error is not None else done.set_result(None)

    def run() -> None:
        found: Exception | None = None
        try:
            send(parcel)
        except Exception as error:  # noqa: BLE001 raised again where it is awaited
            found = error
        with suppress(RuntimeError):  # the loop is closed: we are stopping
            loop.call_soon_threadsafe(finish, found)

    Thread(target=run, daemon=True, name="channel").start()
    await done


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

    for channel in worker.channels.values():
        _deliver_always(app, worker, channel)

    @app.timer(interval=LOOK_SECONDS)
    async def look() -> None:
        try:
            await worker.look_after()
        except Exception as error:  # noqa: BLE001
            crash(error)

    @app.on_partitions_assigned.connect
    async def assigned(*_: Any, **__: Any) -> None:
        worker.forget()

    return app


def _deliver_always(app: faust.App, worker: AlertsWorker, channel: Channel) -> None:
    """Each channel has a loop of its own, so that a slow or dead one delays no other."""

    async def deliver() -> None:
        try:
            while True:
                if not await worker.deliver(channel):
                    await asyncio.sleep(DISPATCH_SECONDS)
        except Exception as error:  # noqa: BLE001
            crash(error)

    app.task(deliver)
