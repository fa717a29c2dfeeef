"""Our prices beside the competitors' at a moment. Amounts in minor units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

import msgspec

from contracts.facts import CatalogItem
from contracts.observations import PricePoint
from reports.sources import Facts

Prices = dict[str, tuple[int, str]]  # of SKUs: minor units and currency
EVEN_BP = 100  # prices so close are the same price to a customer


class Position(msgspec.Struct, frozen=True):
    """Our products beside the cheapest competitor's price: how many are cheaper, even, dearer."""

    cheaper: int
    even: int
    dearer: int

    @property
    def compared(self) -> int:
        """How many of our products a competitor has as well."""
        return self.cheaper + self.even + self.dearer


def our_prices(facts: Facts) -> tuple[Prices, Prices]:
    """Our price and currency of each SKU at the start and at the end: the catalogue's, walked back by decisions."""
    now = {sku: (item.price_minor, item.currency) for sku, item in facts.items.items()}
    for decision in reversed(facts.decisions_after):
        now[decision.sku] = (decision.previous_minor, decision.currency)
    before = dict(now)
    for decision in facts.decisions:
        now[decision.sku] = (decision.price_minor, decision.currency)
    for decision in reversed(facts.decisions):
        before[decision.sku] = (decision.previous_minor, decision.currency)
    return before, now


def _comparable(points: Iterable[PricePoint], ours: Prices) -> list[tuple[PricePoint, int, int]]:
    """Regular and promotional offers in stock of products we have: the point, its price and ours."""
    found = []
    for point in points:
        price, currency = ours.get(point.sku, (0, ""))
        usable = point.price_type in ("regular", "promotion") and point.availability == "InStock"
        if usable and point.price_minor and price > 0 and currency == point.currency:
            found.append((point, point.price_minor, price))
    return found


def price_index(points: Iterable[PricePoint], ours: Prices) -> dict[str, float]:
    """Median of a competitor's price over ours, by competitor: 95 is 5 % below us."""
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    for point, theirs, mine in _comparable(points, ours):
        ratios[point.competitor].append(100 * theirs / mine)
    return {name: median(found) for name, found in ratios.items()}


def _lowest(points: Iterable[PricePoint], ours: Prices) -> dict[str, tuple[PricePoint, int, int]]:
    lowest: dict[str, tuple[PricePoint, int, int]] = {}
    for point, theirs, mine in _comparable(points, ours):
        if point.sku not in lowest or theirs < lowest[point.sku][1]:
            lowest[point.sku] = (point, theirs, mine)
    return lowest


def position_of(points: Iterable[PricePoint], ours: Prices) -> Position:
    """How many of ours are cheaper than the cheapest competitor, even, dearer."""
    apart = [(mine - theirs) * 10_000 // theirs for _, theirs, mine in _lowest(points, ours).values()]
    cheaper, dearer = sum(bp < -EVEN_BP for bp in apart), sum(bp > EVEN_BP for bp in apart)
    return Position(cheaper, len(apart) - cheaper - dearer, dearer)


def dearest(facts: Facts, ours: Prices) -> list[tuple[CatalogItem, PricePoint]]:
    """Our products that are dearer than the cheapest competitor, the farthest first."""
    found = [
        (theirs / mine, facts.items[point.sku], point, mine)
        for point, theirs, mine in _lowest(facts.prices_now, ours).values()
        if (mine - theirs) * 10_000 // theirs > EVEN_BP and point.sku in facts.items
    ]
    ordered = sorted(found, key=lambda one: (one[0], one[1].sku))
    return [(msgspec.structs.replace(item, price_minor=mine), point) for _, item, point, mine in ordered]
