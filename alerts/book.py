"""The book of episodes: one drop is one alert, a deeper step updates it, a return closes it and re-arms.

What makes it safe to see an event twice, and to start again from the ledger:

- the id of an alert is a hash of its series and the event that opened it;
- an event that is not later than the newest one of its episode changes nothing;
- the event that alerts were last told for gives those same alerts again, so that a worker that died
  between the ledger and Kafka tells it after all. `restore` therefore takes closed alerts too.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alerts import severity, text
from alerts.severity import Exposure
from contracts.alerts import Alert, AlertKind, Severity
from contracts.events import (
    BackInStock,
    MarketEvent,
    MassMove,
    ObservationQuarantined,
    OutOfStock,
    PriceMoved,
    PromotionEnded,
    PromotionStarted,
)
from contracts.ids import make_id
from contracts.policy import Alerting
from contracts.times import DAY_MS, HOUR_MS

STALE_DAYS = 30  # an episode nobody returned from by then is the new normal
Key = tuple[str, ...]


class AlertBook:
    """Open and lately closed episodes of every series."""

    def __init__(self, alerting: Alerting) -> None:
        self.alerting = alerting
        # What was told for the newest event of an episode: where a drop turns into a rise, two alerts.
        self._told_last: dict[Key, list[Alert]] = {}

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take over alerts from the ledger, in any order: the newest of each episode's key count."""
        for alert in alerts:
            key = _key_of_alert(alert)
            known = self._told_last.get(key, [])
            if known and known[0].event_id == alert.event_id:
                others = [one for one in known if one.alert_id != alert.alert_id]
                self._told_last[key] = sorted([*others, alert], key=lambda one: one.status != "closed")
            elif not known or alert.observed_at > known[0].observed_at:
                self._told_last[key] = [alert]

    def open_alerts(self) -> list[Alert]:
        """Every alert that is not closed."""
        return [told[-1] for told in self._told_last.values() if told[-1].status != "closed"]

    def on_event(self, event: MarketEvent, exposure: Exposure | None = None) -> list[Alert]:
        """Alerts to tell because of an event: none, one, or the end of one and the start of another."""
        key = _key_of_event(event)
        before = self._told_last.get(key, [])
        newest = before[-1] if before else None
        if newest is not None and event.event_id == newest.event_id:
            return list(before)
        if newest is not None and event.observed_at <= newest.observed_at:
            return []
        told = self._price(event, newest, exposure) if isinstance(event, PriceMoved) else self._other(event, newest)
        if told:
            self._told_last[key] = told
        return told

    def _price(self, event: PriceMoved, newest: Alert | None, exposure: Exposure | None) -> list[Alert]:
        if newest is None or newest.status == "closed":
            return [self._told(event, _before(event), None, exposure)]
        if not _fresh(newest, event) or not newest.from_minor or not newest.to_minor:
            return [_closed(newest, event), self._told(event, _before(event), None, exposure)]
        start, last, price = newest.from_minor, newest.to_minor, event.price_minor
        if event.currency != newest.currency:
            return [_closed(newest, event), self._told(event, _before(event), None, exposure)]
        if not _apart(price, start, self.alerting.rearm_bp):
            return [_closed(newest, event, price)]
        if (price > start) != (last > start):
            return [_closed(newest, event, price), self._told(event, start, None, exposure)]
        return [self._told(event, start, newest, exposure)] if _apart(price, last, self.alerting.update_bp) else []

    def _told(self, event: PriceMoved, start: int, before: Alert | None, exposure: Exposure | None) -> Alert:
        change_bp = (event.price_minor - start) * 10_000 // start
        level, reasons = severity.of_move(change_bp, self.alerting, exposure, event.match_confidence, event.in_stock)
        headline = text.of_price(event, start, event.price_minor, event.currency)
        alert = _alert(event, "price", level, headline, before)
        return msgspec.structs.replace(
            alert,
            reasons=(*reasons, f"seen as {event.basis}"),
            from_minor=start,
            to_minor=event.price_minor,
            currency=event.currency,
            change_bp=change_bp,
            group=make_id("group", event.competitor, "down" if change_bp < 0 else "up", event.observed_at // HOUR_MS),
        )

    def _other(self, event: MarketEvent, newest: Alert | None) -> list[Alert]:
        still_open = newest if newest is not None and newest.status != "closed" else None
        if isinstance(event, PromotionEnded | BackInStock):
            return [_closed(still_open, event)] if still_open is not None else []
        level: Severity = "green"
        if isinstance(event, PromotionStarted) and event.novel:
            level = "yellow"
        if isinstance(event, MassMove):
            level = "red" if event.verdict == "campaign" else "yellow"
        kind, headline = _kind(event), text.of_event(event)
        if still_open is None:
            return [_alert(event, kind, level, headline, None)]
        # Two campaigns of one shop are two things; what is said again of one product is one thing.
        if kind == "mass_move" or not _fresh(still_open, event):
            return [_closed(still_open, event), _alert(event, kind, level, headline, None)]
        return [_alert(event, kind, level, headline, still_open)]


def _fresh(alert: Alert, event: MarketEvent) -> bool:
    return event.observed_at - alert.observed_at <= STALE_DAYS * DAY_MS


def _before(event: PriceMoved) -> int:
    return event.previous_minor if event.basis == "step" else event.anchor_minor


def _apart(price: int, reference: int, basis_points: int) -> bool:
    return abs(price - reference) * 10_000 > basis_points * reference


def _kind(event: MarketEvent) -> AlertKind:
    if isinstance(event, PriceMoved):
        return "price"
    if isinstance(event, PromotionStarted | PromotionEnded):
        return "promotion"
    if isinstance(event, OutOfStock | BackInStock):
        return "stock"
    if isinstance(event, MassMove):
        return "mass_move"
    return "quarantine" if isinstance(event, ObservationQuarantined) else "assortment"


def _key_of_event(event: MarketEvent) -> Key:
    promotion = event.promotion if isinstance(event, PromotionStarted | PromotionEnded) else ""
    series = (event.competitor, event.product_id, event.seller, event.price_type)
    return (_kind(event), *series, promotion)


def _key_of_alert(alert: Alert) -> Key:
    return (alert.kind, alert.competitor, alert.product_id, alert.seller, alert.price_type, alert.promotion)


def _alert(event: MarketEvent, kind: AlertKind, level: Severity, headline: str, before: Alert | None) -> Alert:
    key = _key_of_event(event)
    return Alert(
        alert_id=make_id("alert", *key, event.event_id) if before is None else before.alert_id,
        revision=1 if before is None else before.revision + 1,
        status="opened" if before is None else "updated",
        kind=kind,
        severity=level,
        competitor=event.competitor,
        product_id=event.product_id,
        seller=event.seller,
        price_type=event.price_type,
        promotion=key[-1],
        opened_at=event.observed_at if before is None else before.opened_at,
        observed_at=event.observed_at,
        event_id=event.event_id,
        headline=headline,
        sku=event.sku,
        category=event.category,
        name=event.name,
        url=event.url,
        evidence=event.evidence,
        match_confidence=event.match_confidence,
    )


def _closed(alert: Alert, event: MarketEvent, price: int | None = None) -> Alert:
    ended = isinstance(event, PromotionEnded | BackInStock)
    headline = text.of_event(event) if ended else f"Over: {alert.headline}"
    return msgspec.structs.replace(
        alert,
        revision=alert.revision + 1,
        status="closed",
        observed_at=event.observed_at,
        event_id=event.event_id,
        headline=headline,
        to_minor=alert.to_minor if price is None else price,
    )
