"""A week of a small market: a recording and a ledger as an installation would have them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.alerts import Alert
from contracts.approvals import Signer
from contracts.codec import encode
from contracts.events import (
    MarketEvent,
    MassMove,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionEnded,
    PromotionStarted,
)
from contracts.observations import PricePoint
from contracts.proposals import GuardStep, Proposal, Signals
from contracts.recording import MESSAGE_SCHEMA, Extent, write_file
from contracts.times import DAY_MS, HOUR_MS, from_iso
from contracts.topics import EVENTS, SALES, Topic
from demo import samples as demo
from ledger.occasion import Occasion
from ledger.store import Ledger
from pricing.guards import record_hash

MONDAY = from_iso("2026-11-16T00:00:00Z")  # of 2026-W47
MEI = Signer("mei", "marketing_director")
SHOPS = ("tianmao", "jd", "蓝鲸商城")
HOSTILE = "<script>alert(1)</script> $x$ [a](https://evil.example) =1+1 \u202egpj"


def record(folder: Path, topic: Topic, values: Iterable[object]) -> None:
    """Write values as the recorder would, with one that is no JSON among them."""
    data = [encode(value) for value in values] + [b"{no json"]
    columns: dict[str, list[Any]] = {
        "offset": list(range(len(data))),
        "timestamp": [MONDAY] * len(data),
        "key": [None] * len(data),
        "value": data,
    }
    table = pa.Table.from_pydict(columns, schema=MESSAGE_SCHEMA)
    write_file(table, Extent(topic.name, 0, 0, len(data) - 1).path(folder))


def _at(day: float) -> int:
    return MONDAY + round(day * DAY_MS)


def move(shop: str, product: int, day: float, previous: int, price: int, **more: Any) -> PriceMoved:
    """A step of one of the demo's products at a shop."""
    item = demo.PRODUCTS[product]
    return PriceMoved(
        **{
            "event_id": f"move_{shop}_{product}_{day}",
            "competitor": shop,
            "product_id": f"{1000 + product}",
            "observed_at": _at(day),
            "sku": item.sku,
            "name": item.name,
            "category": item.category,
            "url": f"https://{'shop'}.example/p/{1000 + product}",
            "basis": "step",
            "previous_minor": previous,
            "anchor_minor": previous,
            "price_minor": price,
            "currency": "CNY",
            **more,
        }
    )


def events(seed: int = 3) -> list[MarketEvent]:
    """Some seventy moves, a campaign, promotions, new products."""
    chance = random.Random(seed)
    found: list[MarketEvent] = []
    for shop in SHOPS:
        for product, item in enumerate(demo.PRODUCTS):
            price = item.price_minor
            for day in sorted(chance.uniform(0, 6.9) for _ in range(chance.choice((0, 1, 1, 2)))):
                after = round(price * chance.choice((0.72, 0.8, 0.86, 0.9, 0.93, 1.07, 1.12)))
                found.append(move(shop, product, day, price, after))
                price = after
    found.append(move("jd", 3, 2.5, 69_900, 34_900, name=HOSTILE, product_id="evil", url="javascript:alert(1)"))
    known: dict[str, Any] = {"competitor": "jd", "currency": "CNY"}
    for n in range(24):
        found.append(
            PromotionStarted(
                event_id=f"promotion_{n}",
                product_id=f"{1000 + n}",
                observed_at=_at(n / 5),
                name=demo.PRODUCTS[n % 20].name,
                promotion=("coupon", "threshold", "was_now", "inferred")[n % 4],
                text=HOSTILE if n == 5 else "满300减50",
                novel=n in (5, 9),
                **known,
            )
        )
    found.append(PromotionEnded(event_id="ended", product_id="1000", observed_at=_at(6), promotion="coupon", **known))
    for n in range(3):
        new = {"event_id": f"new_{n}", "product_id": f"n{n}", "name": f"新品 {n}", "price_minor": 9_900 + n}
        found.append(ProductListed(observed_at=_at(n), **new, **known))
    found.append(ProductDelisted(event_id="gone", competitor="tianmao", product_id="1007", observed_at=_at(3)))
    found.append(
        MassMove(
            event_id="mass",
            competitor="蓝鲸商城",
            product_id="",
            observed_at=_at(4.2),
            verdict="campaign",
            reason="everything was cut by the same share",
            products_moved=42,
            products_seen=50,
            median_change_bp=-1800,
        )
    )
    return [*found, found[0]]  # delivered twice


def sales() -> list[Any]:
    """Daily sales of the demo until two weeks after the week, better after our cuts."""
    found = []
    for sold in demo.sales(MONDAY + 21 * DAY_MS, weeks=8):
        lifted = sold.sku in {"OWN-001", "OWN-002"} and sold.interval_start >= _at(2)
        found.append(
            type(sold)(
                sold.sku,
                sold.interval_start,
                sold.interval_end,
                sold.units * (1.18 if lifted else 1.0),
                sold.price_minor,
                sold.currency,
            )
        )
    return found


def proposal(product: int, day: float, blocked: str | None = None) -> Proposal:
    """A markdown of 2 % because of the first shop."""
    item = demo.PRODUCTS[product]
    proposed = item.price_minor * 98 // 100
    made = Proposal(
        proposal_id=f"proposal_{product}_{day}",
        kind="markdown",
        sku=item.sku,
        decided_at=_at(day),
        trigger_event_id=f"move_{product}",
        current_minor=item.price_minor,
        proposed_minor=proposed,
        window_start_minor=item.price_minor,
        currency="CNY",
        policy_version="default@0",
        signals=Signals("tianmao", item.price_minor * 9 // 10, item.price_minor, _at(day) - 40_000),
        guards=(GuardStep("cap", "passed", proposed, proposed),),
        expected_profit_change_minor=12_345,
        at_stake_minor=50_000,
        tier="marketing_director",
        blocked_by=blocked,
    )
    return type(made)(
        **{**{name: getattr(made, name) for name in made.__struct_fields__}, "record_hash": record_hash(made)}
    )


def fill(ledger: Ledger, recordings: Path) -> None:
    """Put the week into a ledger and a folder of recordings."""
    found = events()
    record(recordings, EVENTS, found)
    record(recordings, SALES, sales())
    ledger.record_items(demo.catalogue(MONDAY))
    points = []
    for shop in SHOPS:
        for product, item in enumerate(demo.PRODUCTS):
            points.append(_point(shop, product, -3.0, item.price_minor * (100 + len(shop)) // 100))
    for event in found:
        if isinstance(event, PriceMoved) and event.product_id.isdigit():
            points.append(
                _point(event.competitor, int(event.product_id) - 1000, 0, event.price_minor, event.observed_at)
            )
    ledger.record_price_points(points)
    for product, day in ((0, 2.0), (1, 2.1), (3, 3.0)):
        ledger.record_proposals([proposal(product, day)])
        if product < 3:
            ledger.sign(f"proposal_{product}_{day}", Occasion(MEI, _at(day) + HOUR_MS), "approve")
    ledger.record_proposals([proposal(8, 1.0, "insufficient_cover"), proposal(9, 1.0, "insufficient_cover")])
    ledger.record_alerts([_alert(number) for number in range(12)])
    for number in range(5):
        ledger.acknowledge(f"alert_{number}", "mei", _at(number / 2) + 20 * 60_000)
    ledger.false_positive("alert_4", "mei", "another size", _at(3))


def _point(shop: str, product: int, day: float, price: int, at: int | None = None) -> PricePoint:
    known = (shop, f"{1000 + product}", _at(day) if at is None else at, price, "CNY")
    return PricePoint(*known, sku=demo.PRODUCTS[product].sku)


def _alert(number: int) -> Alert:
    return Alert(
        alert_id=f"alert_{number}",
        revision=1,
        status="opened",
        kind="price",
        severity="red" if number % 3 == 0 else "yellow",
        competitor=SHOPS[number % 3],
        product_id=f"{1000 + number}",
        opened_at=_at(number / 2),
        observed_at=_at(number / 2),
        event_id=f"move_{number}",
        headline="cut",
    )
