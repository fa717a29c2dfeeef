"""What those who keep house look at: the audit chain and people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console import exports
from console.acts import ACTS
from console.desk import NO_NUL, Desk, Person, Reader, TheDesk, Writer, need, now_ms
from console.render import page
from contracts.errors import BadInputError, NotAllowedError
from ledger import pages, tokens, users
from ledger.users import ROLES
from ledger.verification import Verified, verify

router = APIRouter(include_in_schema=False)
MOST_KEYS = 200
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]


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
    """Who did what, the latest first, and (`check`) whether every row is what the acts say."""
    need(person, "audit")
    if before and not before.isdecimal():
        raise BadInputError(f"before must be the number of an act, was {before[:40]!r}")
    with desk.ledger.reading() as connection:
        rows = pages.acts(connection, actor, action, int(before[:18]) if before else None, 101)
    more = str(rows[99].number) if len(rows) > 100 else ""
    values: dict[str, Any] = {"rows": rows[:100], "actor": actor, "action": action, "more": more, "acts": list(ACTS)}
    values |= {"found": _verified(desk) if check else None}
    return page(request, "audit.html", person.lang, person=person, section="audit", **values)


def _verified(desk: Desk) -> Verified:
    with desk.ledger.snapshot() as connection:
        return verify(connection)


@router.get("/audit.csv")
def audit_csv(person: Reader, desk: TheDesk) -> Response:
    """The latest acts as CSV."""
    need(person, "audit")
    head = ("number", "at", "actor", "action", "subject", "detail", "hash")
    body = exports.table(head, ([getattr(act, name) for name in head] for act in desk.ledger.audit_rows(10_000)))
    return Response(body, media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="audit.csv"'})


@router.get("/people")
def people(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Who may sign in, and the keys of programs."""
    need(person, "people")
    return _people(request, desk, person)


def _people(request: Request, desk: Desk, person: Person, made: str = "") -> HTMLResponse:
    with desk.ledger.reading() as connection:
        rows, keys = pages.people(connection), tokens.listed(connection)[:MOST_KEYS]
    values: dict[str, Any] = {"rows": rows, "roles": ROLES, "keys": keys, "made": made, "most_days": tokens.MOST_DAYS}
    return page(request, "people.html", person.lang, person=person, section="people", **values)


@router.post("/people")
def add_person(person: Writer, desk: TheDesk, name: Text, role: Text, password: Text) -> Response:
    """Let somebody sign in."""
    need(person, "people")
    if not name.strip() or len(name) > 100 or name.startswith("demo-"):
        raise BadInputError(f"a name has 1 to 100 characters and does not begin with demo-, was {name[:40]!r}")
    desk.ledger.add_user(name.strip(), role, password, now_ms(), person.name)
    return RedirectResponse("/people", 303)


@router.post("/people/change")
def change_person(
    person: Writer, desk: TheDesk, name: Text, role: Text = "", disabled: Text = "", password: Text = ""
) -> Response:
    """Change somebody's role or password, let them in no more or again; it counts at once."""
    need(person, "people")
    if name == person.name and (role or disabled):
        raise NotAllowedError("nobody changes their own role or shuts themselves out; another administrator does")
    barred = None if not disabled else disabled == "yes"
    with desk.ledger.writing() as connection:
        users.change(
            connection, name, now_ms(), person.name, role=role or None, disabled=barred, password=password or None
        )
    return RedirectResponse("/people", 303)


@router.post("/people/keys")
def make_key(
    request: Request, person: Writer, desk: TheDesk, name: Text, purpose: Text, days: Annotated[int, Form()]
) -> HTMLResponse:
    """Make a key for a program; the page that follows shows it, this once."""
    need(person, "people")
    with desk.ledger.writing() as connection:
        key = tokens.make(connection, name, purpose, now_ms(), person.name, days)
    return _people(request, desk, person, key)


@router.post("/people/keys/{token_id}/revoke")
def revoke_key(person: Writer, desk: TheDesk, token_id: str) -> Response:
    """End a key at once."""
    need(person, "people")
    with desk.ledger.writing() as connection:
        tokens.revoke(connection, token_id, now_ms(), person.name)
    return RedirectResponse("/people", 303)
