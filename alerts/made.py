"""Alerts made of events: their keys, their first revision, the next and the last."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from alerts import text
from contracts.alerts import Alert, AlertKind, Severity
from contracts.events import (
    BackInStock,
    MarketEvent,
    MassMove,
    ObservationQuarantined,
    OutOfStock,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionEnded,
    PromotionStarted,
)
from contracts.ids import make_id

Key = tuple[str, ...]

KINDS: dict[type[MarketEvent], AlertKind] = {
    PriceMoved: "price",
    PromotionStarted: "promotion",
    PromotionEnded: "promotion",
    OutOfStock: "stock",
    BackInStock: "stock",
    MassMove: "mass_move",
    ObservationQuarantined: "quarantine",
    ProductListed: "assortment",
    ProductDelisted: "assortment",
}
PROMOTIONS = (PromotionStarted, PromotionEnded)
ENDINGS = (PromotionEnded, BackInStock)
DIGESTS = (ProductListed, ProductDelisted, MassMove)


def key_of_event(event: MarketEvent) -> Key:
    """What an episode is about: kind, series, and the promotion where it is one."""
    kind = KINDS[type(event)]
    promotion = event.promotion if isinstance(event, PROMOTIONS) else ""
    return (kind, event.competitor, event.product_id, event.seller, event.price_type, promotion)


def key_of_digest(event: MarketEvent, subject: str) -> Key:
    """What a digest is about: a whole shop, and what it gathers of it."""
    return (KINDS[type(event)], event.competitor, "", "", "regular", subject)


def key_of_alert(alert: Alert) -> Key:
    """The key of the events that an alert tells."""
    about = alert.promotion or alert.subject
    return (alert.kind, alert.competitor, alert.product_id, alert.seller, alert.price_type, about)


def made(event: MarketEvent, level: Severity, headline: str, before: Alert | None, **more: Any) -> Alert:
    """The first revision of an alert, or the one that follows `before`; `more` are fields that the kind has."""
    key = key_of_event(event)
    return Alert(
        alert_id=make_id("alert", *key, event.event_id) if before is None else before.alert_id,
        revision=1 if before is None else before.revision + 1,
        status="opened" if before is None else "updated",
        kind=KINDS[type(event)],
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
        **more,
    )


def gathered(event: MarketEvent, level: Severity, subject: str, count: int, before: Alert | None) -> Alert:
    """A digest of a shop: it names no product, only how many there are."""
    alert = made(event, level, text.of_digest(event, count), before, subject=subject, count=count)
    about = {"product_id": "", "seller": "", "price_type": "regular", "sku": "", "category": "", "name": "", "url": ""}
    return msgspec.structs.replace(alert, **about, match_confidence=1.0)


@lru_cache(4096)
def group_of(competitor: str, what: str, hour: int) -> str:
    """The id of what happened at a shop within an hour, of one kind."""
    return make_id("group", competitor, what, hour)


def closed(alert: Alert, event: MarketEvent, price: int | None = None) -> Alert:
    """The last revision of an alert; `price` is where the episode ended."""
    ended = isinstance(event, ENDINGS)
    return msgspec.structs.replace(
        alert,
        revision=alert.revision + 1,
        status="closed",
        observed_at=event.observed_at,
        event_id=event.event_id,
        headline=text.of_event(event) if ended else f"Over: {alert.headline}",
        to_minor=alert.to_minor if price is None else price,
    )
