"""The overview, and what those who keep house look at: matches, policies, backtests, people, the audit chain."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from console import exports
from console.desk import NO_NUL, Desk, Person, Reader, TheDesk, Writer, need, now_ms
from console.render import page
from contracts.errors import BadInputError, BadPolicyError, NotFoundError, TamperedError
from contracts.policy import Policy, parse_policy
from contracts.times import DAY_MS, HOUR_MS
from ledger import pages
from ledger.users import ROLES

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]
MOST_SKUS = 400  # of the heat map; each costs a look-up a competitor
HEAT_SECONDS = 60.0
STALE_MS, OLD_MS = 6 * HOUR_MS, DAY_MS


@router.get("/")
def overview(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Traffic lights, the heat map of the price index, and how fresh each competitor is."""
    now = now_ms()
    with desk.ledger.reading() as connection:
        review = pages.matches(connection, "review", 200)
        newest = pages.alerts(connection, pages.AlertFilter(), None, 8)
    fresh: dict[str, int] = desk.kept("freshness", 15.0, lambda: _freshness(desk))
    values: dict[str, Any] = {"counts": desk.ledger.open_alert_counts(), "review": len(review), "newest": newest}
    values |= {
        "pending": desk.ledger.proposal_counts().get("pending", 0),
        "heat": desk.kept("heat", HEAT_SECONDS, lambda: heat_map(desk)),
    }
    values |= {"fresh": [(name, at, _light(now - at)) for name, at in fresh.items()]}
    values |= {"precision": desk.ledger.precision(now - 7 * DAY_MS, now)}
    return page(request, "overview.html", person.lang, person=person, section="overview", **values)


def _freshness(desk: Desk) -> dict[str, int]:
    with desk.ledger.reading() as connection:
        return pages.freshness(connection)


def _light(age_ms: int) -> str:
    return "green" if age_ms < STALE_MS else "yellow" if age_ms < OLD_MS else "red"


def heat_map(desk: Desk) -> dict[str, dict[str, int]]:
    """Median of their price in per cent of ours, by category and competitor."""
    items = {item.sku: item for item in desk.ledger.items(MOST_SKUS)}
    ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
    with desk.ledger.reading() as connection:
        for point in pages.latest_prices(connection, list(items)):
            item = items[point.sku]
            if point.price_minor and item.price_minor and point.currency == item.currency:
                ratios[item.category, point.competitor].append(100 * point.price_minor / item.price_minor)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (category, competitor), values in sorted(ratios.items()):
        found[category][competitor] = round(median(values))
    return dict(found)


@router.get("/matches")
def matches(request: Request, person: Reader, desk: TheDesk, status: str = "review") -> HTMLResponse:
    """Matches, the least sure first."""
    with desk.ledger.reading() as connection:
        found = pages.matches(connection, "" if status == "all" else status, 100)
    rows = [(match, desk.ledger.item(match.sku)) for match in found]
    return page(request, "matches.html", person.lang, person=person, section="matches", rows=rows, status=status)


@router.post("/matches")
def judge(person: Writer, desk: TheDesk, competitor: Text, product_id: Text, verdict: Text) -> Response:
    """Say whether two products are the same."""
    need(person, "match")
    with desk.ledger.writing() as connection:
        pages.judge_match(connection, competitor, product_id, verdict, person.name, now_ms())
    return RedirectResponse("/matches", 303)


def settings_of(policy: Policy) -> dict[str, str]:
    """Every setting of a policy by its path, as text."""

    def walk(prefix: str, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            return {prefix: json.dumps(value, ensure_ascii=False)}
        found: dict[str, str] = {}
        for name, inner in value.items():
            found |= walk(f"{prefix}.{name}" if prefix else name, inner)
        return found

    return walk("", msgspec.to_builtins(policy))


@router.get("/policies")
def policies(request: Request, person: Reader, desk: TheDesk, version: str = "", other: str = "") -> HTMLResponse:
    """The rules in force, other versions, and what differs."""
    chosen = desk.policies.get(version, desk.policy)
    against = desk.policies.get(other)
    settings = settings_of(chosen)
    theirs = settings_of(against) if against else {}
    rows = [
        (key, settings.get(key, ""), theirs.get(key, ""))
        for key in sorted(settings.keys() | theirs.keys())
        if against is None or settings.get(key) != theirs.get(key)
    ]
    return _policies(request, person, desk, chosen, against, rows)


def _policies(
    request: Request,
    person: Person,
    desk: Desk,
    chosen: Policy,
    against: Policy | None,
    rows: list[tuple[str, str, str]],
    *,
    draft: str = "",
    error: str = "",
) -> HTMLResponse:
    values: dict[str, Any] = {"versions": list(desk.policies), "active": desk.policy.version, "rows": rows}
    values |= {"chosen": chosen.version, "other": against.version if against else "", "draft": draft, "error": error}
    code = 400 if error else 200
    return page(request, "policies.html", person.lang, code, person=person, section="policies", **values)


@router.post("/policies")
def draft(
    request: Request, person: Writer, desk: TheDesk, draft: Annotated[str, Form(max_length=100_000)] = ""
) -> HTMLResponse:
    """What a draft would change, or what is wrong with it. It comes into force as the file the workers read."""
    try:
        found = parse_policy(draft, "draft")
    except BadPolicyError as error:
        return _policies(request, person, desk, desk.policy, None, [], draft=draft, error=str(error))
    mine, theirs = settings_of(desk.policy), settings_of(found)
    keys = sorted(mine.keys() | theirs.keys())
    rows = [(key, mine.get(key, ""), theirs.get(key, "")) for key in keys if mine.get(key) != theirs.get(key)]
    return _policies(request, person, desk, desk.policy, found, rows, draft=draft)


def _reports(desk: Desk) -> dict[str, Path]:
    folder = desk.data / "backtests" if desk.data else None
    if folder is None or not folder.is_dir():
        return {}
    return {path.parent.name: path.parent for path in sorted(folder.glob("*/summary.json"), reverse=True)}


@router.get("/backtests")
def backtests(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Backtests kept in `<data>/backtests/<name>`."""
    rows = []
    for name, folder in list(_reports(desk).items())[:100]:
        try:
            summary = json.loads((folder / "summary.json").read_text("utf-8"))
        except (OSError, ValueError):
            summary = {}
        rows.append((name, summary if isinstance(summary, dict) else {}, (folder / "report.html").is_file()))
    return page(request, "backtests.html", person.lang, person=person, section="backtests", rows=rows)


@router.get("/backtests/{name}/report.html")
def report(_person: Reader, desk: TheDesk, name: str) -> Response:
    """The report of one backtest, which may run nothing here."""
    folder = _reports(desk).get(name)
    if folder is None or not (folder / "report.html").is_file():
        raise NotFoundError(f"no backtest is named {name[:80]!r}")
    rules = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return FileResponse(folder / "report.html", headers={"Content-Security-Policy": rules})


@router.get("/audit")
def audit(
    request: Request,
    person: Reader,
    desk: TheDesk,
    actor: str = "",
    action: str = "",
    before: str = "",
    check: str = "",
) -> HTMLResponse:
    """Who did what, the latest first, and whether the chain is whole."""
    need(person, "audit")
    if before and not before.isdecimal():
        raise BadInputError(f"before must be the number of an act, was {before[:40]!r}")
    with desk.ledger.reading() as connection:
        rows = pages.acts(connection, actor, action, int(before[:18]) if before else None, 101)
    verdict: tuple[str, object] | None = None
    if check:
        try:
            verdict = ("chain_ok", desk.ledger.verify_audit())
        except TamperedError as error:
            verdict = ("chain_broken", error)
    more = str(rows[99].number) if len(rows) > 100 else ""
    values: dict[str, Any] = {"rows": rows[:100], "actor": actor, "action": action, "more": more, "verdict": verdict}
    return page(request, "audit.html", person.lang, person=person, section="audit", **values)


@router.get("/audit.csv")
def audit_csv(person: Reader, desk: TheDesk) -> Response:
    """The latest acts as CSV."""
    need(person, "audit")
    head = ("number", "at", "actor", "action", "subject", "detail", "hash")
    body = exports.table(head, ([getattr(act, name) for name in head] for act in desk.ledger.audit_rows(10_000)))
    return Response(body, media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="audit.csv"'})


@router.get("/people")
def people(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Who may sign in."""
    need(person, "people")
    with desk.ledger.reading() as connection:
        rows = pages.people(connection)
    return page(request, "people.html", person.lang, person=person, section="people", rows=rows, roles=ROLES)


@router.post("/people")
def add_person(person: Writer, desk: TheDesk, name: Text, role: Text, password: Text) -> Response:
    """Let somebody sign in."""
    need(person, "people")
    if not name.strip() or len(name) > 100 or name.startswith("demo-"):
        raise BadInputError(f"a name has 1 to 100 characters and does not begin with demo-, was {name[:40]!r}")
    desk.ledger.add_user(name.strip(), role, password, now_ms(), person.name)
    return RedirectResponse("/people", 303)
