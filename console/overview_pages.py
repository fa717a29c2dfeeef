"""The overview: what asks for attention, where the market stands against us, and how fresh what we know is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from console import bars
from console.desk import Desk, Reader, TheDesk, now_ms
from console.phrases import phrase
from console.render import page
from contracts.observations import PricePoint
from contracts.times import DAY_MS, HOUR_MS
from ledger import board, facts, pages

router = APIRouter(include_in_schema=False)
MOST_SKUS = 20_000  # of the heat map; each costs a look-up a competitor
SKUS_AT_ONCE = 2_000
HEAT_SECONDS = 60.0
COUNT_SECONDS = 15.0
STALE_MS, OLD_MS = 6 * HOUR_MS, DAY_MS
DAYS = 14
EVERYTHING = ""  # the row over all categories


class Cell(msgspec.Struct, frozen=True):
    """Median of a competitor's prices in per cent of ours, over so many products."""

    index: int
    products: int


class Shop(msgspec.Struct, frozen=True):
    """A competitor: when it last changed a price (epoch ms), how stale that is, and what is open there."""

    name: str
    seen_at: int
    light: str
    open_alerts: dict[str, int]


@router.get("/")
def overview(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """What to do now, the heat map of the price index, competitors and the last two weeks."""
    now = now_ms()
    with desk.ledger.reading() as connection:
        newest = pages.alerts(connection, pages.AlertFilter(), None, 8)
        waiting = pages.proposals(connection, "pending", "", None, 6)
        names = facts.items_of(connection, [one.sku for one, _status in waiting])
    values: dict[str, Any] = {"counts": desk.ledger.open_alert_counts(), "newest": newest, "waiting": waiting}
    values |= {"heat": desk.kept_beside("heat", HEAT_SECONDS, lambda: heat_map(desk))}
    values |= {"shops": shops(desk, now), "precision": desk.ledger.precision(now - 7 * DAY_MS, now)}
    values |= {"names": names, "before": desk.ledger.precision(now - 14 * DAY_MS, now - 7 * DAY_MS)}
    days: dict[tuple[int, str], int] = desk.kept("days", COUNT_SECONDS, lambda: _alerts_a_day(desk, now))
    label = phrase(person.lang, "alerts_a_day")
    values |= {"days": bars.alerts_a_day(days, now, DAYS, label), "pending": desk.ledger.proposal_counts()}
    return page(request, "overview.html", person.lang, person=person, section="overview", **values)


def shops(desk: Desk, now: int) -> list[Shop]:
    """Every competitor, by name."""
    fresh: dict[str, int] = desk.kept("freshness", COUNT_SECONDS, lambda: _freshness(desk))
    known: dict[str, dict[str, int]] = desk.kept("open", COUNT_SECONDS, lambda: _open(desk))
    return [Shop(name, at, light(now - at), known.get(name, {})) for name, at in fresh.items()]


def _freshness(desk: Desk) -> dict[str, int]:
    with desk.ledger.reading() as connection:
        return pages.freshness(connection)


def _open(desk: Desk) -> dict[str, dict[str, int]]:
    with desk.ledger.reading() as connection:
        return board.open_by_competitor(connection)


def _alerts_a_day(desk: Desk, now: int) -> dict[tuple[int, str], int]:
    with desk.ledger.reading() as connection:
        return board.alerts_a_day(connection, (now // DAY_MS - DAYS + 1) * DAY_MS)


def light(age_ms: int) -> str:
    """The traffic light of how long ago a price last changed."""
    return "green" if age_ms < STALE_MS else "yellow" if age_ms < OLD_MS else "red"


def _latest(desk: Desk, skus: list[str]) -> Iterator[PricePoint]:
    for start in range(0, len(skus), SKUS_AT_ONCE):
        with desk.ledger.reading() as connection:
            yield from pages.latest_prices(connection, skus[start : start + SKUS_AT_ONCE])


def heat_map(desk: Desk) -> dict[str, dict[str, Cell]]:
    """Cells by category and competitor, each the median over products; the row of all categories first."""
    items = {item.sku: item for item in desk.ledger.items(MOST_SKUS)}
    ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
    for point in _latest(desk, list(items)):
        item = items[point.sku]
        if point.price_minor and item.price_minor and point.currency == item.currency:
            ratio = 100 * point.price_minor / item.price_minor
            ratios[EVERYTHING, point.competitor].append(ratio)
            ratios[item.category or "–", point.competitor].append(ratio)
    found: dict[str, dict[str, Cell]] = defaultdict(dict)
    for (category, competitor), values in sorted(ratios.items()):
        found[category][competitor] = Cell(round(median(values)), len(values))
    return dict(found)
