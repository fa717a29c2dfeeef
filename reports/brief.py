"""What a brief says, as numbers: pure functions from facts to figures. Amounts in minor units."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from contracts.events import (
    MarketEvent,
    MassMove,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionStarted,
)
from contracts.facts import CatalogItem
from contracts.observations import PricePoint
from ledger.period import Judged
from reports.beside import Position, dearest, our_prices, position_of, price_index
from reports.outcome import Act, Proposed, acts_of, proposed_of
from reports.periods import Period
from reports.sources import Facts

MOST_REASONS = 10


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one product ended the period, from its price before its first move to that after its last."""

    competitor: str
    product_id: str
    name: str
    sku: str
    category: str
    url: str
    currency: str
    from_minor: int
    to_minor: int
    change_bp: int
    moves: int
    at: int
    ours_minor: int | None = None


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What one competitor did. Changes in basis points; None where there was none."""

    name: str
    cuts: int
    rises: int
    products: int
    median_cut_bp: int | None
    median_rise_bp: int | None
    deepest: Change | None
    listed: int
    delisted: int
    promotions: dict[str, int]
    index_before: float | None
    index_now: float | None


class Watch(msgspec.Struct, frozen=True):
    """Alerts of the period: how many, how soon people answered (ms, median), how many were right.

    `precision` is of those people judged, `precision_before` of the period before; `wrong` are
    people's reasons for calling alerts wrong, the commonest first, and how many of each.
    """

    opened: int
    red: int
    before: int
    acknowledged: int
    answer_ms: int | None
    false_positives: int
    precision: float | None
    precision_before: float | None = None
    wrong: tuple[tuple[str, int], ...] = ()


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows."""

    period: Period
    shops: list[Shop]
    cuts: list[Change]
    rises: list[Change]
    listed: list[ProductListed]
    promotions: list[PromotionStarted]
    campaigns: list[MassMove]
    position_before: Position
    position_now: Position
    dearest: list[tuple[CatalogItem, PricePoint]]
    acts: list[Act]
    proposed: Proposed
    watch: Watch
    by_day: list[tuple[int, int, int]]
    recorded: bool


def brief_of(facts: Facts) -> Brief:
    """The brief of a period."""
    before, now = our_prices(facts)
    changes = _changes(facts.events, now)
    moved = sorted(changes, key=lambda one: (one.change_bp, one.competitor, one.product_id))
    return Brief(
        period=facts.period,
        shops=_shops(facts, changes, before, now),
        cuts=[change for change in moved if change.change_bp < 0],
        rises=[change for change in reversed(moved) if change.change_bp > 0],
        listed=[event for event in facts.events if isinstance(event, ProductListed)],
        promotions=[event for event in facts.events if isinstance(event, PromotionStarted)],
        campaigns=_campaigns(facts.events),
        position_before=position_of(facts.prices_before, before),
        position_now=position_of(facts.prices_now, now),
        dearest=dearest(facts, now),
        acts=acts_of(facts),
        proposed=proposed_of(facts.proposals),
        watch=_watch(facts),
        by_day=_by_day(facts),
        recorded=facts.recorded,
    )


def _changes(events: Iterable[MarketEvent], ours: dict[str, tuple[int, str]]) -> list[Change]:
    first: dict[tuple[str, ...], PriceMoved] = {}
    last: dict[tuple[str, ...], PriceMoved] = {}
    moves: Counter[tuple[str, ...]] = Counter()
    for event in events:
        if isinstance(event, PriceMoved):
            key: tuple[str, ...] = (
                event.competitor, event.product_id, event.seller, event.price_type, event.currency
            )  # fmt: skip
            first.setdefault(key, event)
            last[key] = event
            moves[key] += 1
    found = []
    for key, end in last.items():
        start = _reference(first[key])
        price, currency = ours.get(end.sku, (0, ""))
        found.append(
            Change(
                competitor=end.competitor,
                product_id=end.product_id,
                name=end.name,
                sku=end.sku,
                category=end.category,
                url=end.url,
                currency=end.currency,
                from_minor=start,
                to_minor=end.price_minor,
                change_bp=(end.price_minor - start) * 10_000 // start,
                moves=moves[key],
                at=end.observed_at,
                ours_minor=price if currency == end.currency else None,
            )
        )
    return found


def _reference(move: PriceMoved) -> int:
    return move.previous_minor if move.basis == "step" else move.anchor_minor


def _shops(
    facts: Facts,
    changes: Sequence[Change],
    before: dict[str, tuple[int, str]],
    now: dict[str, tuple[int, str]],
) -> list[Shop]:
    ended, began = price_index(facts.prices_now, now), price_index(facts.prices_before, before)
    mine: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        mine[change.competitor].append(change)
    did: defaultdict[str, list[MarketEvent]] = defaultdict(list)
    for event in facts.events:
        did[event.competitor].append(event)
    names = sorted(did.keys() | ended.keys())
    shops = [_shop(name, mine[name], did[name], began.get(name), ended.get(name)) for name in names]
    return sorted(shops, key=lambda shop: (-shop.cuts - shop.rises, shop.name))


def _shop(
    name: str, changes: Sequence[Change], events: Sequence[MarketEvent], began: float | None, ended: float | None
) -> Shop:
    moves = [event for event in events if isinstance(event, PriceMoved)]
    down = [change for change in changes if change.change_bp < 0]
    up = [change.change_bp for change in changes if change.change_bp > 0]
    cuts = sum(move.price_minor < _reference(move) for move in moves)
    return Shop(
        name=name,
        cuts=cuts,
        rises=len(moves) - cuts,
        products=len(changes),
        median_cut_bp=round(median(change.change_bp for change in down)) if down else None,
        median_rise_bp=round(median(up)) if up else None,
        deepest=min(down, key=lambda change: change.change_bp, default=None),
        listed=sum(isinstance(event, ProductListed) for event in events),
        delisted=sum(isinstance(event, ProductDelisted) for event in events),
        promotions=dict(Counter(e.promotion for e in events if isinstance(e, PromotionStarted)).most_common()),
        index_before=began,
        index_now=ended,
    )


def _campaigns(events: Iterable[MarketEvent]) -> list[MassMove]:
    """One for each shop, verdict and day: partitions and windows of one sale say the same."""
    found: dict[tuple[str, str, int], MassMove] = {}
    for event in events:
        if isinstance(event, MassMove):
            key = (event.competitor, event.verdict, event.observed_at // 86_400_000)
            if key not in found or event.products_moved > found[key].products_moved:
                found[key] = event
    return sorted(found.values(), key=lambda event: event.observed_at)


def _watch(facts: Facts) -> Watch:
    answered = [a.acknowledged_at - a.opened_at for a in facts.alerts if a.acknowledged_at is not None]
    reasons = Counter(alert.false_positive for alert in facts.alerts if alert.false_positive is not None)
    return Watch(
        opened=len(facts.alerts),
        red=sum(alert.severity == "red" for alert in facts.alerts),
        before=len(facts.alerts_before),
        acknowledged=len(answered),
        answer_ms=round(median(answered)) if answered else None,
        false_positives=reasons.total(),
        precision=_precision(facts.alerts),
        precision_before=_precision(facts.alerts_before),
        wrong=tuple(reasons.most_common(MOST_REASONS)),
    )


def _precision(alerts: Sequence[Judged]) -> float | None:
    wrong = sum(alert.false_positive is not None for alert in alerts)
    judged = sum(alert.acknowledged_at is not None or alert.false_positive is not None for alert in alerts)
    return (judged - wrong) / judged if judged else None


def _by_day(facts: Facts) -> list[tuple[int, int, int]]:
    """First moment of each day, cuts and rises on it."""
    days = facts.period.days
    counts = {day: [0, 0] for day in days[:-1]}
    place = 0
    for event in facts.events:
        if isinstance(event, PriceMoved):
            while event.observed_at >= days[place + 1]:
                place += 1
            counts[days[place]][event.price_minor > _reference(event)] += 1
    return [(day, down, up) for day, (down, up) in counts.items()]
