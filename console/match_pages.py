"""Matches: a competitor's product beside ours, and people say whether they are the same."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console.desk import NO_NUL, Reader, TheDesk, Writer, need, now_ms
from console.render import page, query
from contracts.facts import CatalogItem, Match
from contracts.observations import PricePoint
from ledger import facts, matching, pages

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]
PAGE = 50
STATUSES = ("review", "auto", "approved", "rejected", "all")


@router.get("/matches")
def matches(request: Request, person: Reader, desk: TheDesk, status: str = "review") -> HTMLResponse:
    """Matches, the least sure first."""
    with desk.ledger.reading() as connection:
        found = pages.matches(connection, "" if status == "all" else status, PAGE)
        prices = pages.newest_points(connection, [(one.competitor, one.product_id) for one in found])
        items = facts.items_of(connection, [one.sku for one in found])
    rows = [_row(one, items.get(one.sku), prices.get((one.competitor, one.product_id))) for one in found]
    return page(request, "matches.html", person.lang, person=person, section="matches", rows=rows, status=status)


def _row(match: Match, item: CatalogItem | None, price: PricePoint | None) -> dict[str, Any]:
    index = None
    if item and price and price.price_minor and item.price_minor and price.currency == item.currency:
        index = round(100 * price.price_minor / item.price_minor)
    return {"match": match, "item": item, "price": price, "name": price.name if price else "", "index": index}


@router.post("/matches")
def judge(
    person: Writer, desk: TheDesk, competitor: Text, product_id: Text, verdict: Text, status: Text = "review"
) -> Response:
    """Say whether two products are the same."""
    need(person, "match")
    with desk.ledger.writing() as connection:
        matching.judge(connection, competitor, product_id, verdict, person.name, now_ms())
    desk.forget("badges")
    return RedirectResponse(f"/matches?{query(status=status if status in STATUSES else 'review')}", 303)
