"""The words of an alert, in English and Chinese. Names from a shop's page stay raw here: escape on output."""

from __future__ import annotations

from typing import Literal

from alerts.escape import clean
from alerts.phrases import PROMOTIONS
from contracts.alerts import Alert
from contracts.events import (
    BackInStock,
    MarketEvent,
    MassMove,
    ObservationQuarantined,
    OutOfStock,
    ProductDelisted,
    ProductListed,
    PromotionEnded,
    PromotionStarted,
)
from contracts.money import format_minor
from contracts.times import DAY_MS

Language = Literal["en", "zh"]
LONGEST_NAME = 80
LISTING: dict[type[MarketEvent], str] = {ProductListed: "listed", ProductDelisted: "delisted"}


def name_of(event: MarketEvent) -> str:
    """What people call the product: its name, our SKU, or the shop's id, on one line."""
    return clean(event.name or event.sku or event.product_id)[:LONGEST_NAME]


def of_price(event: MarketEvent, start: int, price: int, currency: str, language: Language = "en") -> str:
    """Headline of a price episode, from its start to now."""
    change = f"{abs(price - start) / start:.1%}"
    now, was = (format_minor(amount, currency, "zh" if language == "zh" else "en") for amount in (price, start))
    if language == "zh":
        return f"{event.competitor} {'降价' if price < start else '涨价'} {change}：{name_of(event)} {was} → {now}"
    return f"{event.competitor} {'cut' if price < start else 'raised'} {name_of(event)} by {change}: {was} → {now}"


def of_event(event: MarketEvent) -> str:
    """Headline of anything but a price episode."""
    return f"{event.competitor} {_did(event, name_of(event))}"


def of_gone_again(event: MarketEvent, count: int, span_ms: int) -> str:
    """Headline of a product that comes and goes: out of stock so often in so long (ms, from its first time)."""
    days = max(1, -(-span_ms // DAY_MS))
    return f"{event.competitor} is out of stock again, {count} times in {days} days: {name_of(event)}"


def _did(event: MarketEvent, name: str) -> str:
    plain = {
        OutOfStock: f"is out of stock: {name}",
        BackInStock: f"has {name} again",
        ProductListed: f"lists {name} now",
        ProductDelisted: f"no longer lists {name}",
    }
    if isinstance(event, PromotionStarted):
        words = f": {' '.join(event.text.split())[:LONGEST_NAME]}" if event.text else ""
        new = "a new kind of promotion" if event.novel else "a promotion"
        return f"started {new} ({event.promotion.replace('_', ' ')}) on {name}{words}"
    if isinstance(event, PromotionEnded):
        return f"ended its promotion ({event.promotion.replace('_', ' ')}) on {name}"
    if isinstance(event, ObservationQuarantined):
        seen = format_minor(event.price_minor, event.currency)
        return f"shows {seen} for {name}: held back until a second look ({event.reason.replace('_', ' ')})"
    if isinstance(event, MassMove):
        share = f"{event.products_moved} of {event.products_seen} products"
        return f"moved {share} at once, median {event.median_change_bp / 100:+.1f} %: {event.reason}"
    return plain.get(type(event), f"{type(event).__name__} {name}")


def of_digest(event: MarketEvent, count: int) -> str:
    """Headline of what is told of a whole shop: `count` products so far."""
    if isinstance(event, MassMove):
        if count == event.products_moved:
            return of_event(event)
        return (
            f"{event.competitor} moved {count} products, median {event.median_change_bp / 100:+.1f} %: {event.reason}"
        )
    if count == 1:
        return of_event(event)
    did = "lists" if isinstance(event, ProductListed) else "no longer lists"
    return f"{event.competitor} {did} {count} products since midnight UTC, the latest: {name_of(event)}"


def headline(alert: Alert, language: Language) -> str:
    """Headline of an alert in a language; the English one is kept in it."""
    if language == "en":
        return alert.headline
    over = "已结束：" if alert.status == "closed" else ""
    return f"{over}{alert.competitor} {_in_chinese(alert)}"


def _in_chinese(alert: Alert) -> str:
    name = clean(alert.name or alert.sku or alert.product_id)[:LONGEST_NAME]
    if alert.kind == "price" and alert.from_minor and alert.to_minor:
        was, now = (format_minor(amount, alert.currency, "zh") for amount in (alert.from_minor, alert.to_minor))
        return f"{'降价' if alert.change_bp < 0 else '涨价'} {abs(alert.change_bp) / 100:.1f}%：{name} {was} → {now}"
    if alert.kind == "mass_move":
        return f"{alert.count} 个商品同时变动，中位数 {alert.change_bp / 100:+.1f}%"
    if alert.kind == "assortment":
        return f"{'上架' if alert.subject == 'listed' else '下架'}商品 {alert.count} 个"
    words = {
        "promotion": f"促销（{PROMOTIONS[alert.promotion][1] if alert.promotion in PROMOTIONS else alert.promotion}）",
        "stock": f"缺货（第 {alert.count} 次）" if alert.count > 1 else "缺货",
        "quarantine": "价格异常，待核实",
    }
    return f"{words.get(alert.kind, '价格变动')}：{name}"
