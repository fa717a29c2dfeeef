"""A ledger as it looks after two months of work: what the console's pages are looked at with."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import msgspec

from alerts import text
from contracts.alerts import Alert
from contracts.approvals import Signer
from contracts.events import PriceMoved
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.ids import content_hash
from contracts.observations import PricePoint
from contracts.policy import DEFAULT, STEPS
from contracts.proposals import GuardStep, Proposal, Signals
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from demo.samples import PRODUCTS
from ledger import delegations, tokens
from ledger.occasion import Occasion
from ledger.store import Ledger
from pricing.guards import record_hash

MEI = Signer("mei", "marketing_director")
SHOPS = ("dawn", "harbour", "meadow")
LEANING = {"dawn": 0.99, "harbour": 1.03, "meadow": 0.94}  # how dear a shop is
PASSWORD = "a long password"
HOSTILE = "<script>document.title='owned'</script>"
PAGE = b"<!doctype html><title>shop</title><h1>S5</h1><script>document.title='owned'</script><p>CNY 165.00</p>"


def alert(number: int, at: int, **fields: object) -> Alert:
    """An alert of a price that fell; every field can be another one."""
    product, shop = PRODUCTS[number % len(PRODUCTS)], SHOPS[number % 3]
    cut = (6, 9, 17, 12)[number % 4]
    now = product.price_minor * (100 - cut) // 100
    moved = PriceMoved(
        event_id=f"move_{number}",
        competitor=shop,
        product_id=f"p{number % len(PRODUCTS)}",
        observed_at=at,
        name=product.name,
        sku=product.sku,
        basis="step",
        price_minor=now,
        previous_minor=product.price_minor,
        anchor_minor=product.price_minor,
        currency="CNY",
    )
    known = {
        "alert_id": f"alert_{number:04d}",
        "revision": 1,
        "status": "opened",
        "kind": "price",
        "severity": ("green", "yellow", "red", "yellow")[number % 4],
        "competitor": shop,
        "product_id": moved.product_id,
        "opened_at": at,
        "observed_at": at,
        "event_id": moved.event_id,
        "headline": text.of_price(moved, product.price_minor, now, "CNY"),
        "reasons": (f"moved {cut} %", "our stock covers 61 days"),
        "sku": product.sku,
        "category": product.category,
        "name": product.name,
        "from_minor": product.price_minor,
        "to_minor": now,
        "currency": "CNY",
        "change_bp": -100 * cut,
        "url": f"https://{shop}.example/p{number}",
        "evidence": content_hash(PAGE) if number % 2 == 0 else "",
    }
    return Alert(**{**known, **fields})  # type: ignore[arg-type]


def proposal(number: int, at: int, tier: str, **fields: object) -> Proposal:
    """A markdown of 2.5 %, explained as the agent would."""
    product = PRODUCTS[number]
    price, proposed = product.price_minor, -(-product.price_minor * 975 // 100_000) * 100
    stake = {"marketing_director": 2_000_000, "finance_director": 24_000_000, "general_manager": 61_000_000}[tier]
    signals = Signals(
        SHOPS[0],
        price * 88 // 100,
        price,
        at,
        competitors_seen=3,
        competitors_lowest_minor=price * 88 // 100,
        competitors_median_minor=price * 97 // 100,
        price_minor=price,
        window_start_minor=price,
        on_hand=product.daily * 60,
        inbound=40,
        stock_as_of=at,
        daily_demand=float(product.daily),
        demand_lower=product.daily * 0.8,
        demand_upper=product.daily * 1.2,
        cost_minor=product.cost_minor,
        elasticity=-2.2,
        elasticity_lower=-2.9,
        elasticity_upper=-1.6,
        lowest_30d_minor=price,
    )
    target = price * 972 // 1000
    known = {
        "proposal_id": f"markdown_{number}",
        "kind": "markdown",
        "sku": product.sku,
        "decided_at": at,
        "trigger_event_id": f"move_{number}",
        "current_minor": price,
        "proposed_minor": proposed,
        "window_start_minor": price,
        "currency": "CNY",
        "policy_version": DEFAULT.version,
        "signals": signals,
        "guards": (
            GuardStep("inputs", "passed", price, price),
            GuardStep("target", "changed", price, target),
            GuardStep("cap", "passed", target, target),
            GuardStep("rounding", "changed", target, proposed),
            GuardStep("floor", "passed", proposed, proposed),
            GuardStep("worth", "passed", proposed, proposed),
        ),
        "floor_minor": product.cost_minor * 105 // 100,
        "expected_units": float(product.daily * 7),
        "expected_profit_change_minor": 48_000 + 900 * number,
        "at_stake_minor": stake,
        "tier": tier,
    }
    made = Proposal(**{**known, **fields})  # type: ignore[arg-type]
    return msgspec.structs.replace(made, record_hash=record_hash(made))


def history(shop: str, number: int, now: int, chance: random.Random) -> list[PricePoint]:
    """Two months of a product at a shop: it stands, drifts, and has promotions of some days."""
    product = PRODUCTS[number]
    level, at, found = product.price_minor * LEANING[shop], now - 60 * DAY_MS - chance.randrange(DAY_MS), []
    name = product.name if number % 5 else f"{product.brand} {product.name} 2026"

    def point(kind: str, amount: float) -> None:
        price = round(amount / 100) * 100
        sku = product.sku
        found.append(PricePoint(shop, f"p{number}", at, price, "CNY", price_type=kind, sku=sku, name=name))  # type: ignore[arg-type]

    while at < now:
        point("regular", level)
        at += chance.randrange(4 * DAY_MS, 11 * DAY_MS)
        if at < now and chance.random() < 0.45:
            point("promotion", level * chance.choice((0.85, 0.88, 0.9)))
            at += chance.randrange(DAY_MS, 4 * DAY_MS)
        level = min(max(level * chance.uniform(0.95, 1.045), product.price_minor * 0.82), product.price_minor * 1.12)
    return found


def fill(ledger: Ledger, now: int) -> None:
    """Catalogue, stock, matches, prices, alerts of two weeks, proposals in every state, and people's acts."""
    chance = random.Random(7)
    items, points, matches = [], [], []
    for number, product in enumerate(PRODUCTS):
        known = {"cost_minor": product.cost_minor, "name": product.name, "category": product.category}
        items.append(CatalogItem(product.sku, product.price_minor, "CNY", now, **known, brand=product.brand))  # type: ignore[arg-type]
        for shop in SHOPS:
            sure, status = (1.0, "auto") if number % 5 else (0.72 + number / 100, "review")
            url = f"https://{shop}.example/p{number}"
            matches.append(Match(shop, f"p{number}", product.sku, now, sure, status, url))  # type: ignore[arg-type]
            points += history(shop, number, now, chance)
    ledger.record_items(items)
    ledger.record_stock([StockLevel(product.sku, product.daily * 60, now, 40) for product in PRODUCTS])
    ledger.record_matches(matches)
    ledger.record_price_points([point for point in points if point.observed_at < now])
    _fill_alerts(ledger, now, chance)
    _fill_proposals(ledger, now)


def _fill_alerts(ledger: Ledger, now: int, chance: random.Random) -> None:
    ledger.record_alerts([alert(number, now - number * HOUR_MS // 3) for number in range(1, 64)])
    old = [alert(200 + n, now - chance.randrange(DAY_MS, 14 * DAY_MS), revision=2, status="closed") for n in range(150)]
    ledger.record_alerts(old)
    ledger.record_alerts([alert(90, now - 5_000, headline=f"meadow: {HOSTILE}", severity="red")])
    for one in old[:40]:
        ledger.acknowledge(one.alert_id, "ann", now - HOUR_MS)
    for one in old[40:43]:
        ledger.false_positive(one.alert_id, "ben", "price of a smaller pack", now - HOUR_MS)
    ledger.acknowledge("alert_0005", "ann", now - 4 * MINUTE_MS)
    ledger.assign("alert_0003", "ann", "ben", now - 3 * MINUTE_MS)


def _fill_proposals(ledger: Ledger, now: int) -> None:
    ledger.record_proposals(
        [
            proposal(0, now - MINUTE_MS, "finance_director"),
            proposal(1, now - 30 * MINUTE_MS, "general_manager"),
            proposal(3, now - 2 * MINUTE_MS, "marketing_director"),
            proposal(4, now - 3 * MINUTE_MS, "marketing_director"),
            proposal(5, now - 4 * MINUTE_MS, "marketing_director"),
            proposal(7, now - 5 * MINUTE_MS, "marketing_director", blocked_by="stale_stock"),
            proposal(2, now - 2 * HOUR_MS, "marketing_director"),
        ]
    )
    ledger.sign("markdown_1", Occasion(MEI, now - 20 * MINUTE_MS), "approve")
    ledger.sign("markdown_2", Occasion(MEI, now - HOUR_MS), "reject", "the season is over")
    _fill_decisions(ledger, now)


def _fill_decisions(ledger: Ledger, now: int) -> None:
    """One that the shop's systems know, and one that they will hear of."""
    signed = ((8, "the competitor means it"), (9, ""))
    ledger.record_proposals([proposal(number, now - 6 * MINUTE_MS, "marketing_director") for number, _ in signed])
    for number, reason in signed:
        ledger.sign(f"markdown_{number}", Occasion(MEI, now - 5 * MINUTE_MS), "approve", reason)
        if number == signed[0][0]:
            sent = ledger.release_decisions(10, now - 5 * MINUTE_MS, DEFAULT)
            ledger.decisions_published([one.decision_id for one in sent], now - 4 * MINUTE_MS)


def fill_people(ledger: Ledger, now: int) -> None:
    """People with passwords, one who stands in for another, and the key of a program."""
    roles = {"mei": "marketing_director", "lin": "finance_director", "ann": "pricing", "root": "admin"}
    for name, role in roles.items():
        ledger.add_user(name, role, PASSWORD, now - DAY_MS)
    with ledger.writing() as connection:
        wish = delegations.Handover("lin", "ann", now - HOUR_MS, now + 5 * DAY_MS, "trade fair")
        delegations.make(connection, wish, now - HOUR_MS, DEFAULT.approval)
        tokens.make(connection, "ann", "nightly export", now, "root")


def fill_folder(data: Path) -> None:
    """The page behind an alert, a backtest of two policies, and a brief."""
    (data / "briefs").mkdir()
    for suffix in ("html", "pdf"):
        (data / "briefs" / f"brief-2026-W47-zh.{suffix}").write_text("<!doctype html><title>b</title>", "utf-8")
    evidence = content_hash(PAGE)
    (data / "snapshots" / evidence[:2]).mkdir(parents=True)
    (data / "snapshots" / evidence[:2] / f"{evidence}.html.gz").write_bytes(gzip.compress(PAGE))
    folder = data / "backtests" / "default-beside-steps"
    folder.mkdir(parents=True)
    counts = {"observations": 1_204_331, "price_changes": 48_211, "alerts": 1_931, "proposals": 402}
    other = {**counts, "policy": STEPS.version, "alerts": 4_118, "proposals": 731}
    summary = {"policy": DEFAULT.version, **counts, "compare": other}
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    (folder / "report.html").write_text("<!doctype html><title>r</title><h1>Backtest</h1>", "utf-8")
