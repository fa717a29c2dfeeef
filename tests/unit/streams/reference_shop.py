"""What is told of promotions and of products that come and go, once more: slow and obviously right.

For policies without quarantine and crawl windows: every price that is one is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import get_args

from contracts.observations import Observation, PromotionKind
from contracts.policy import Detection
from contracts.times import DAY_MS

KINDS: tuple[PromotionKind, ...] = get_args(PromotionKind)
Told = tuple[str, str, int, str]  # event, product, when, what


@dataclass
class Dip:
    """A cut that may return."""

    before: int
    lowest: int
    began: int


@dataclass
class Product:
    """What is remembered of a product."""

    name: str
    last: int | None = None
    seen_at: int | None = None
    checked_at: int | None = None
    shown: tuple[PromotionKind, ...] = ()
    dip: Dip | None = None
    gone: bool = False


@dataclass
class Shop:
    """What is remembered of a shop."""

    products: dict[str, Product] = field(default_factory=dict)
    first_seen: int | None = None
    searched_day: int | None = None
    back_since: int | None = None
    used: dict[PromotionKind, int] = field(default_factory=dict)


class ShopReference:
    """Promotions shown and inferred, products listed and gone."""

    def __init__(self, detection: Detection) -> None:
        self.detection = detection
        self.shops: dict[str, Shop] = {}

    def observe(self, o: Observation) -> list[Told]:
        shop = self.shops.setdefault(o.competitor, Shop())
        told = self._search(shop, o.observed_at)
        product = shop.products.setdefault(o.product_id, Product(o.product_id))
        if product.checked_at is None or o.observed_at > product.checked_at:
            product.checked_at = o.observed_at
            told += self._promotions(shop, product, o)
        if o.price_minor is None or o.price_minor <= 0:
            return told
        if product.seen_at is not None and o.observed_at <= product.seen_at:
            return told
        product.seen_at = o.observed_at
        return told + self._listing(shop, product, o) + self._price(product, o, o.price_minor)

    def _search(self, shop: Shop, now: int) -> list[Told]:
        today, after = now // DAY_MS, self.detection.delist_after_days
        before, told = shop.searched_day, []
        if not after or (before is not None and today <= before):
            return []
        shop.searched_day = today
        if shop.first_seen is None:
            return []
        if before is not None and today - before >= after:
            shop.back_since = now  # the shop itself was not seen
        for product in shop.products.values():
            if product.last is None or product.gone or product.checked_at is None:
                continue
            if now - max(product.checked_at, shop.back_since or product.checked_at) > after * DAY_MS:
                product.gone = True
                told.append(("ProductDelisted", product.name, now, ""))
        return told

    def _promotions(self, shop: Shop, product: Product, o: Observation) -> list[Told]:
        if o.availability == "Unknown":
            return []
        kinds = {promotion.kind for promotion in o.promotions}
        if o.list_price_minor and o.price_minor and o.list_price_minor > o.price_minor:
            kinds.add("was_now")
        shown = tuple(kind for kind in KINDS if kind in kinds)
        limit = self.detection.novel_after_days * DAY_MS
        novel = {kind for kind in shown if kind not in shop.used or o.observed_at - shop.used[kind] > limit}
        for kind in shown:
            shop.used[kind] = max(o.observed_at, shop.used.get(kind, o.observed_at))
        started = [kind for kind in shown if kind not in product.shown]
        ended = [kind for kind in KINDS if kind in product.shown and kind not in shown]
        product.shown = shown
        at = (product.name, o.observed_at)
        return [
            *[("PromotionStarted", *at, f"{kind}{' novel' if kind in novel else ''}") for kind in started],
            *[("PromotionEnded", *at, kind) for kind in ended],
        ]

    def _listing(self, shop: Shop, product: Product, o: Observation) -> list[Told]:
        if shop.first_seen is None:
            shop.first_seen = o.observed_at
        is_new = product.last is None and o.observed_at - shop.first_seen > DAY_MS
        was_gone, product.gone = product.gone, False
        told = self.detection.delist_after_days and (is_new or was_gone)
        return [("ProductListed", product.name, o.observed_at, "")] if told else []

    def _price(self, product: Product, o: Observation, price: int) -> list[Told]:
        last, product.last, dip = product.last, price, product.dip
        if last is None or price == last or not self.detection.promotion_days:
            return []
        if dip and o.observed_at - dip.began > self.detection.promotion_days * DAY_MS:
            product.dip = dip = None  # it stayed
        if dip and abs(price - dip.before) * 100 <= dip.before:
            product.dip = None
            return [
                ("PromotionStarted", product.name, dip.began, f"inferred at {dip.lowest}"),
                ("PromotionEnded", product.name, o.observed_at, "inferred"),
            ]
        if dip:
            dip.lowest = min(dip.lowest, price)
        elif not product.shown and last - price > Fraction(self.detection.move_bp, 10_000) * last:
            product.dip = Dip(last, price, o.observed_at)
        return []
