"""Our products: what the market asks for the same thing, and how it came there."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from console import chart
from console.alert_pages import competitors, margin_bp, price_steps
from console.desk import Reader, TheDesk, now_ms
from console.render import page
from contracts.errors import NotFoundError
from contracts.times import DAY_MS
from ledger import facts, pages

router = APIRouter(include_in_schema=False)
PAGE = 50
DAYS = (7, 30, 90, 365)


@router.get("/products")
def listed(
    request: Request, person: Reader, desk: TheDesk, q: str = "", after: str = "", competitor: str = ""
) -> HTMLResponse:
    """A page of the catalogue, each with the lowest price of the market."""
    with desk.ledger.reading() as connection:
        skus = pages.products(connection, q.strip()[:200], after, PAGE + 1)
        prices = pages.latest_prices(connection, skus[:PAGE])
        items, levels = facts.items_of(connection, skus), facts.stock_of(connection, skus)
    rows = []
    for sku in skus[:PAGE]:
        item = items.get(sku)
        there = [
            p
            for p in prices
            if p.sku == sku
            and p.price_minor is not None
            and item
            and p.currency == item.currency
            and competitor in ("", p.competitor)
        ]
        lowest = min(there, key=lambda point: point.price_minor or 0, default=None)
        rows.append({"item": item, "stock": levels.get(sku), "lowest": lowest, "margin": margin_bp(item)})
    more = skus[PAGE - 1] if len(skus) > PAGE else ""
    values: dict[str, Any] = {"rows": rows, "q": q, "more": more, "after": after, "competitor": competitor}
    values |= {"competitors": desk.kept("competitors", 60.0, lambda: competitors(desk))}
    return page(request, "products.html", person.lang, person=person, section="products", **values)


@router.get("/products/{sku:path}")
def shown(request: Request, person: Reader, desk: TheDesk, sku: str, days: int = 30) -> HTMLResponse:
    """One product: the history of every matched offer beside our price."""
    item = desk.ledger.item(sku)
    matches = desk.ledger.matches(sku)
    if item is None and not matches:
        raise NotFoundError(f"no product of ours has the SKU {sku[:80]!r}")
    now = now_ms()
    since = now - min(max(days, 1), 3650) * DAY_MS
    points = [
        point
        for match in matches[:20]
        if match.status != "rejected"
        for point in desk.ledger.price_points(match.competitor, match.product_id, since)
    ]
    currency = item.currency if item else ""
    own = item.price_minor if item else None
    steps = price_steps(desk, sku, since) if item else []
    label = item.name if item else sku
    drawn = chart.history(points, now, own, currency, label, own_steps=steps, lang=person.lang)
    with desk.ledger.reading() as connection:
        latest = pages.latest_prices(connection, [sku])
        alerts = pages.alerts(connection, pages.AlertFilter(status="all", sku=sku), None, 10)
        proposals = pages.proposals(connection, "", sku, None, 10)
    values = {"item": item, "sku": sku, "matches": matches, "latest": latest, "chart": drawn, "days": days}
    values |= {"alerts": alerts, "proposals": proposals, "stock": desk.ledger.stock(sku), "choices": DAYS}
    return page(
        request, "product.html", person.lang, person=person, section="products", margin=margin_bp(item), **values
    )
