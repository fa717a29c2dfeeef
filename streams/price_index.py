"""Where our price stands among the market's: lowest, median, our rank, and the price index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Offer(NamedTuple):
    """What one competitor asks for a product now. `observed_at` in epoch ms, UTC."""

    competitor: str
    price_minor: int
    currency: str
    observed_at: int
    in_stock: bool = True


class Position(NamedTuple):
    """Our price among `competitors` comparable offers; amounts in minor units of our currency.

    `index_bp` is our price over the median, in basis points: 10,000 is at the market, above it dearer.
    `rank` is 1 where nobody is cheaper; equal prices share a rank.
    """

    competitors: int
    lowest_minor: int
    median_minor: int
    highest_minor: int
    rank: int
    index_bp: int


def position(own_minor: int, currency: str, offers: Iterable[Offer], now: int, fresh_ms: int) -> Position | None:
    """Our position, None where no offer can be compared.

    Compared are offers in our currency, in stock, seen within `fresh_ms`; of several of one
    competitor the lowest counts. The median of an even number is the lower middle one, a price
    that somebody really asks.
    """
    if own_minor <= 0:
        return None
    lowest: dict[str, int] = {}
    for offer in offers:
        fresh = now - offer.observed_at <= fresh_ms
        if fresh and offer.in_stock and offer.currency == currency and offer.price_minor > 0:
            known = lowest.get(offer.competitor, offer.price_minor)
            lowest[offer.competitor] = min(known, offer.price_minor)
    if not lowest:
        return None
    prices = sorted(lowest.values())
    median = prices[(len(prices) - 1) // 2]
    return Position(
        competitors=len(prices),
        lowest_minor=prices[0],
        median_minor=median,
        highest_minor=prices[-1],
        rank=1 + sum(price < own_minor for price in prices),
        index_bp=round(own_minor * 10_000 / median),
    )


def index_of(positions: Iterable[Position]) -> int | None:
    """The price index of a whole assortment: the median of its products' indices, None where there is none."""
    values = sorted(found.index_bp for found in positions)
    return values[(len(values) - 1) // 2] if values else None
