"""Alerts: the live list, one alert with everything about it, and what people do with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from alerts.text import headline
from console import chart, exports
from console.desk import NO_NUL, Desk, Person, Reader, TheDesk, Writer, need, now_ms, session_of
from console.evidence import has_snapshot
from console.live import Seen
from console.render import fragment, page, query
from console.security import Session
from console.sign_in import local
from contracts.alerts import Alert
from contracts.errors import BadInputError, NotFoundError
from contracts.ids import content_hash
from contracts.times import DAY_MS, HOUR_MS
from ledger import pages
from ledger.care import Care
from ledger.pages import AlertFilter, Position

router = APIRouter(include_in_schema=False)
PAGE = 50
MOST_CHOSEN = 200
MOST_EXPORTED = 10_000
HISTORY_DAYS = 90
Word = Annotated[str, Query(max_length=200, pattern=NO_NUL)]
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]


def position(text: str) -> Position | None:
    """Where a page goes on: "<ms>.<id>"; BadInputError."""
    if not text:
        return None
    at, _, key = text.partition(".")
    try:
        return Position(int(at), key)
    except ValueError as error:
        raise BadInputError(f"after must be <epoch ms>.<id>, was {text[:40]!r}") from error


def wanted_of(
    status: Word = "open",
    severity: Word = "",
    kind: Word = "",
    competitor: Word = "",
    sku: Word = "",
    assigned_to: Word = "",
    q: Word = "",
    care: Word = "",
) -> AlertFilter:
    """A filter from the URL."""
    return AlertFilter(
        status=status,
        severity=severity,
        kind=kind,
        competitor=competitor,
        sku=sku,
        assigned_to=assigned_to,
        text=q.strip(),
        care=care,
    )


def params_of(wanted: AlertFilter) -> dict[str, str]:
    """The URL's part of a filter."""
    found = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name != "text"}
    return {**found, "q": wanted.text}


def _wanted(request: Request) -> AlertFilter:
    names = ("status", "severity", "kind", "competitor", "sku", "assigned_to", "q", "care")
    return wanted_of(**{name: request.query_params[name][:200] for name in names if name in request.query_params})


@router.get("/alerts")
def listed(request: Request, person: Reader, desk: TheDesk, after: str = "") -> HTMLResponse:
    """A page of alerts; the newest page stays current by itself."""
    wanted = _wanted(request)
    with desk.ledger.reading() as connection:
        found = pages.alerts(connection, wanted, position(after), PAGE + 1)
    counts, care = desk.ledger.open_alert_counts(), desk.ledger.care([one.alert_id for one in found])
    last = found[PAGE - 1] if len(found) > PAGE else None
    more = f"{last.observed_at}.{last.alert_id}" if last else ""
    values = {"alerts": found[:PAGE], "wanted": params_of(wanted), "counts": counts, "more": more, "after": after}
    return page(
        request,
        "alerts.html",
        person.lang,
        person=person,
        section="alerts",
        competitors=desk.kept("competitors", 60.0, lambda: competitors(desk)),
        care=care,
        cares=pages.CARES,
        may_care=person.may("care"),
        state=state_of(found[:PAGE], care),
        here=f"/alerts?{query(**params_of(wanted), after=after)}",
        **values,
    )


def competitors(desk: Desk) -> list[str]:
    """Every competitor a price is known of."""
    with desk.ledger.reading() as connection:
        return pages.competitors(connection)


@router.get("/alerts.csv")
def exported(request: Request, _person: Reader, desk: TheDesk) -> Response:
    """The filtered alerts as CSV."""
    with desk.ledger.reading() as connection:
        found = pages.alerts(connection, _wanted(request), None, MOST_EXPORTED)
    fields = ("alert_id", "status", "severity", "kind", "competitor", "product_id", "sku", "name", "headline")
    amounts = ("from_minor", "to_minor", "currency", "change_bp", "opened_at", "observed_at", "url")
    head = (*fields, *amounts)
    body = exports.table(head, ([getattr(alert, name) for name in head] for alert in found))
    return _csv(body, "alerts.csv")


def _csv(body: str, name: str) -> Response:
    return Response(body, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/live/alerts")
async def stream(request: Request, person: Reader, desk: TheDesk) -> StreamingResponse:
    """Server-sent events: one `alert` for each that is new or changed and fits the filter."""
    events = _events(desk, person, session_of(request), _wanted(request))
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(desk: Desk, person: Person, session: Session | None, wanted: AlertFilter) -> AsyncIterator[str]:
    """`ready` with the state of the first page, which a browser compares with its own; ends with the session."""
    begun = False
    async with aclosing(desk.live.listen()) as changes:
        async for seen in changes:
            if session is None or await asyncio.to_thread(desk.role_in, session) != person.role:
                return  # signed out, shut out, or with another role: whoever it is now asks again
            if not begun:
                begun = True
                state = await asyncio.to_thread(_first_page, desk, wanted)
                yield f"retry: 2000\nevent: ready\ndata: {json.dumps({'state': state})}\n\n"
            for one in seen:
                yield _event(person, wanted, one)
            if not seen:
                yield ": still here\n\n"


def _first_page(desk: Desk, wanted: AlertFilter) -> str:
    with desk.ledger.reading() as connection:
        found = pages.alerts(connection, wanted, None, PAGE)
    return state_of(found, desk.ledger.care([one.alert_id for one in found]))


def state_of(found: Sequence[Alert], care: Mapping[str, Care]) -> str:
    """A hash of what a page of alerts shows."""
    shown = [(one.alert_id, one.revision, care.get(one.alert_id)) for one in found]
    return content_hash(msgspec.json.encode(shown))[:16]


def _event(person: Person, wanted: AlertFilter, one: Seen) -> str:
    """A row that is new or changed, or (`gone`) one that the filter of the page no longer lets through."""
    name, alert = one.alert.alert_id, one.alert
    if not wanted.fits(alert, one.care):
        return f"event: gone\ndata: {json.dumps({'id': name})}\n\n"
    told = {"alert": alert, "care": {name: one.care}, "may_care": person.may("care"), "now": now_ms()}
    html = fragment("alert_row.html", person.lang, **told)
    return f"event: alert\ndata: {json.dumps({'id': name, 'html': html, 'moved': one.moved})}\n\n"


@router.get("/alerts/{alert_id}")
def shown(request: Request, person: Reader, desk: TheDesk, alert_id: str) -> HTMLResponse:
    """One alert: why, the history of its prices, our side, and what happened before."""
    alert = desk.ledger.alert(alert_id)
    if alert is None:
        raise NotFoundError(f"no alert has the id {alert_id[:80]!r}")
    item, stock, demand = desk.ledger.standing(alert.sku) if alert.sku else (None, None, None)
    with desk.ledger.reading() as connection:
        similar = pages.similar(connection, alert)
        names = sorted({person.name, *(user.name for user in pages.people(connection) if not user.disabled)})
        proposals = pages.proposals(connection, "", alert.sku, None, 5) if alert.sku else []
    since = alert.observed_at - HISTORY_DAYS * DAY_MS
    points = desk.ledger.price_points(alert.competitor, alert.product_id, since) if alert.product_id else []
    ours = item.price_minor if item and item.currency == alert.currency else None
    own_steps = price_steps(desk, alert.sku, since) if ours is not None else []
    promotions = [point for point in points if point.price_type != "regular"][-8:]
    care = desk.ledger.care([alert_id]).get(alert_id)
    context: dict[str, Any] = {"item": item, "stock": stock, "similar": similar, "care": care, "names": names}
    context |= {"margin": margin_bp(item), "cover": stock.on_hand / demand if stock and demand else None}
    drawn = chart.history(
        points,
        now_ms() if alert.status != "closed" else alert.observed_at,
        ours,
        alert.currency,
        headline(alert, "zh" if person.lang == "zh" else "en"),
        own_steps=own_steps,
        marked=alert.observed_at,
        lang=person.lang,
    )
    context |= {"chart": drawn, "promotions": promotions, "proposals": proposals}
    context |= {"snapshot": has_snapshot(desk, alert.evidence), "matched_margin": matched_margin_bp(alert, item)}
    return page(request, "alert.html", person.lang, person=person, section="alerts", alert=alert, **context)


def margin_bp(item: Any) -> int | None:
    """Our margin on the price in basis points; None where the cost is not known."""
    if item is None or item.cost_minor is None or not item.price_minor:
        return None
    return int((item.price_minor - item.cost_minor - item.fees_minor) * 10_000 // item.price_minor)


def matched_margin_bp(alert: Alert, item: Any) -> int | None:
    """Our margin in basis points if we asked their price; None where that is not known."""
    if item is None or alert.to_minor is None or alert.currency != item.currency:
        return None
    return margin_bp(msgspec.structs.replace(item, price_minor=alert.to_minor))


def price_steps(desk: Desk, sku: str, since: int) -> list[tuple[int, int]]:
    """When (epoch ms) our price became what by a decision, in order; the first is the price before all of them."""
    with desk.ledger.reading() as connection:
        decided = pages.decisions_of(connection, sku, since)
    if not decided:
        return []
    return [(since, decided[0].previous_minor), *((one.decided_at, one.price_minor) for one in decided)]


@router.post("/alerts/many")
def cared_for_many(
    person: Writer,
    desk: TheDesk,
    act: Text,
    alert: Annotated[list[str] | None, Form()] = None,
    hours: Text = "",
    reason: Text = "",
    back: Text = "/alerts",
) -> Response:
    """Do the same with every chosen alert (assign: to oneself); one that is gone meanwhile is left out."""
    need(person, "care")
    for alert_id in (alert or [])[:MOST_CHOSEN]:
        with suppress(NotFoundError):
            _care(desk, person, alert_id, act, person.name, hours, reason)
    return RedirectResponse(local(back), 303)


@router.post("/alerts/{alert_id}/{act}")
def cared_for(
    person: Writer,
    desk: TheDesk,
    alert_id: str,
    act: str,
    to: Text = "",
    hours: Text = "",
    reason: Text = "",
    back: Text = "",
) -> Response:
    """Acknowledge, assign, snooze or call wrong."""
    need(person, "care")
    _care(desk, person, alert_id, act, desk.somebody(to), hours, reason)
    return RedirectResponse(local(back) if back else f"/alerts/{alert_id}", 303)


def _care(desk: Desk, person: Person, alert_id: str, act: str, to: str, hours: str, reason: str) -> None:
    now = now_ms()
    if act == "acknowledge":
        desk.ledger.acknowledge(alert_id, person.name, now)
    elif act == "assign":
        desk.ledger.assign(alert_id, person.name, to, now)
    elif act == "snooze":
        desk.ledger.snooze(alert_id, person.name, now + _hours(hours) * HOUR_MS, now)
    elif act == "false-positive":
        desk.ledger.false_positive(alert_id, person.name, reason, now)
    else:
        raise BadInputError(f"an alert is acknowledged, assigned, snoozed or called wrong, was {act[:40]!r}")


def _hours(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadInputError(f"hours must be a whole number, was {text[:40]!r}") from error
