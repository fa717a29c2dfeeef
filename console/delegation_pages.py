"""Roles handed over for a time: who signs in whose place, seen before it is said."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from console.desk import NO_NUL, Desk, Person, Reader, TheDesk, Writer, now_ms
from console.render import page
from console.zone import from_local, local
from contracts.approvals import Delegation
from contracts.errors import BadInputError, NotAllowedError, PriceRadarError
from contracts.times import DAY_MS
from ledger import delegations, pages, signing, users
from ledger.delegations import Handover

router = APIRouter(include_in_schema=False)
MOST_LISTED = 200
MOST_WAITING = 200  # proposals looked at for the preview
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]


class HandOver(msgspec.Struct, frozen=True):
    """What a form asks for: as people typed it, times on their own clock to the minute."""

    to: str = ""
    begins: str = ""
    ends: str = ""
    reason: str = ""


def _form(to: Text, begins: Text, ends: Text, reason: Text = "") -> HandOver:
    return HandOver(to.strip(), begins, ends, reason)


Filled = Annotated[HandOver, Depends(_form)]


class Effect(msgspec.Struct, frozen=True):
    """What handing over would do: proposals whose turn it is now, and those of them the other could not sign."""

    waiting: int
    signed_already: int


def state_of(one: Delegation, now: int) -> str:
    """Where a delegation stands, in a word."""
    if one.revoked_at is not None:
        return "ended"
    return "over" if now >= one.ends_at else "in_force" if now >= one.begins_at else "to_come"


@router.get("/delegations")
def listed(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Who signs in whose place, and the form to hand one's own role over."""
    now = now_ms()
    return _page(request, desk, person, HandOver(begins=_typed(now), ends=_typed(now + 7 * DAY_MS)))


def _typed(ms: int) -> str:
    """A time as a browser's field has it: on the reader's clock, to the minute."""
    return f"{local(ms):%Y-%m-%dT%H:%M}"


def _page(
    request: Request, desk: Desk, person: Person, form: HandOver, status: int = 200, **values: Any
) -> HTMLResponse:
    now = now_ms()
    with desk.ledger.reading() as connection:
        found = delegations.listed(connection)[:MOST_LISTED]
        known = users.role_of(connection, person.name) is not None
        names = [user for user in pages.people(connection) if not user.disabled and user.name != person.name]
    signs = person.role in {step.role for step in desk.policy.approval.ladder}
    told: dict[str, Any] = {"rows": [(one, state_of(one, now)) for one in found], "names": names, "form": form}
    told |= {"signs": signs, "known": known, "most_days": desk.policy.approval.delegation_max_days}
    told |= {"error": "", "effect": None, "made": None, **values}
    return page(request, "delegations.html", person.lang, status, person=person, section="proposals", **told)


@router.post("/delegations/preview")
def preview(request: Request, person: Writer, desk: TheDesk, form: Filled) -> HTMLResponse:
    """What handing over would do; nothing is changed."""
    try:
        with desk.ledger.reading() as connection:
            made = delegations.draft(connection, _wish(person, form), now_ms(), desk.policy.approval)
            effect = _effect(connection, desk, person, made)
    except (BadInputError, NotAllowedError) as error:
        return _page(request, desk, person, form, _status(error), error=str(error))
    return _page(request, desk, person, form, effect=effect, made=made)


@router.post("/delegations")
def hand_over(request: Request, person: Writer, desk: TheDesk, form: Filled) -> Response:
    """Hand one's role over."""
    try:
        with desk.ledger.writing() as connection:
            delegations.make(connection, _wish(person, form), now_ms(), desk.policy.approval)
    except (BadInputError, NotAllowedError) as error:
        return _page(request, desk, person, form, _status(error), error=str(error))
    return RedirectResponse("/delegations", 303)


@router.post("/delegations/{delegation_id}/revoke")
def take_back(person: Writer, desk: TheDesk, delegation_id: str) -> Response:
    """End a delegation before its time."""
    with desk.ledger.writing() as connection:
        delegations.revoke(connection, delegation_id, person.name, now_ms())
    return RedirectResponse("/delegations", 303)


def _wish(person: Person, form: HandOver) -> Handover:
    begins_at, ends_at = _moment("begins", form.begins), _moment("ends", form.ends)
    return Handover(person.name, form.to, begins_at, ends_at, form.reason)


def _moment(name: str, text: str) -> int:
    try:
        return from_local(text)
    except ValueError as error:
        raise BadInputError(f"{name} must be a day and an hour like 2026-11-30T09:00, was {text[:40]!r}") from error


def _status(error: PriceRadarError) -> int:
    return 403 if isinstance(error, NotAllowedError) else 400


def _effect(connection: Connection, desk: Desk, person: Person, made: Delegation) -> Effect:
    found = pages.proposals(connection, "pending", "", None, MOST_WAITING)
    turns = signing.turns(connection, found, desk.occasion(person))
    mine = [turn for turn in turns.values() if turn.mine]
    seen = [turn for turn in mine if any(made.to in (one.user, one.on_behalf_of) for one in turn.signed)]
    return Effect(len(mine), len(seen))
