"""The REST API: what the pages do, for programs. `/api/v1/openapi.json` describes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer
from pydantic import BaseModel, Field

from console.alert_pages import position, wanted_of
from console.desk import (
    DEMO_PREFIX,
    NO_NUL,
    Person,
    SignInNeededError,
    TheDesk,
    desk_of,
    need,
    now_ms,
    person_of,
    session_of,
)
from contracts.errors import NotAllowedError, NotFoundError
from contracts.times import HOUR_MS
from ledger import pages, tokens
from ledger.pages import AlertFilter

router = APIRouter(prefix="/api/v1")
BASIC = HTTPBasic(realm="PriceRadar", auto_error=False)
BEARER = HTTPBearer(auto_error=False, description="A key of priceradar users token")
MOST_MS = 2**53  # JSON's largest whole number everywhere

Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[
    str, Query(max_length=200, pattern=r"^(\d{1,15}\.[^\x00]*)?$", description="`next` of the page before")
]
Since = Annotated[int, Query(ge=0, le=MOST_MS, description="Epoch ms, UTC")]


class Reason(BaseModel):
    """Why a person does something."""

    reason: str = Field("", max_length=2_000, pattern=NO_NUL)


class Signature(Reason):
    """A verdict on a proposal; a rejection needs a reason."""

    verdict: Literal["approve", "reject"]


class Care(Reason):
    """What to do with an alert: `to` for assign, `hours` for snooze, `reason` for false_positive."""

    act: Literal["acknowledge", "assign", "snooze", "false_positive"]
    to: str = Field("", max_length=100, pattern=NO_NUL)
    hours: int = Field(4, ge=0, le=720)


def caller(
    request: Request,
    basic: Annotated[HTTPBasicCredentials | None, Security(BASIC)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    x_form_token: Annotated[str, Header(max_length=200)] = "",
) -> Person:
    """Who asks: a key, name and password, or the session of a page (writes then carry its form token)."""
    desk = desk_of(request)
    if bearer is not None:
        return _holder(request, bearer.credentials)
    if basic is not None:
        return Person(basic.username, _role(request, basic), "en", "")
    try:
        person = person_of(request)
    except SignInNeededError:
        if desk.demo and request.method == "GET":
            return Person(f"{DEMO_PREFIX}viewer", "viewer", "en", "")
        raise
    if request.method != "GET" and not desk.sessions.is_ours(session_of(request), x_form_token):
        raise NotAllowedError("a write with a session's cookie needs the header X-Form-Token of its page")
    return person


def _holder(request: Request, key: str) -> Person:
    with desk_of(request).ledger.reading() as connection:
        found = tokens.holder(connection, key)
    if found is None:
        raise SignInNeededError
    return Person(*found, "en", "")


def _role(request: Request, basic: HTTPBasicCredentials) -> str:
    desk = desk_of(request)
    keys = (f"name {basic.username}", f"address {request.client.host if request.client else ''}")
    if wait := desk.brake.wait_seconds(*keys):
        raise HTTPException(429, f"too many wrong passwords, wait {wait} s", {"Retry-After": str(wait)})
    role = desk.ledger.sign_in(basic.username, basic.password)
    if role is None:
        desk.brake.failed(*keys)
        raise SignInNeededError
    return role


Caller = Annotated[Person, Depends(caller)]


@router.get("/alerts")
def alerts(
    _caller: Caller,
    desk: TheDesk,
    wanted: Annotated[AlertFilter, Depends(wanted_of)],
    after: After = "",
    open_only: bool = False,
    limit: Limit = 100,
) -> list[dict[str, Any]]:
    """Alerts, the latest first; go on with `after=<observed_at>.<alert_id>` of the last one."""
    if open_only:
        wanted = msgspec.structs.replace(wanted, status="open")
    with desk.ledger.reading() as connection:
        found = pages.alerts(connection, wanted, position(after), limit)
    return [msgspec.to_builtins(alert) for alert in found]


@router.get("/alerts/{alert_id}")
def alert(_caller: Caller, desk: TheDesk, alert_id: str) -> dict[str, Any]:
    """One alert and what people did with it."""
    found = desk.ledger.alert(alert_id)
    if found is None:
        raise NotFoundError("no alert has this id")
    care = desk.ledger.care([alert_id]).get(alert_id)
    return {"alert": msgspec.to_builtins(found), "care": msgspec.to_builtins(care)}


@router.post("/alerts/{alert_id}/care")
def care(person: Caller, desk: TheDesk, alert_id: str, wanted: Care) -> dict[str, Any]:
    """Acknowledge, assign, snooze or call wrong."""
    need(person, "care")
    now = now_ms()
    if wanted.act == "acknowledge":
        desk.ledger.acknowledge(alert_id, person.name, now)
    elif wanted.act == "assign":
        desk.ledger.assign(alert_id, person.name, wanted.to, now)
    elif wanted.act == "snooze":
        desk.ledger.snooze(alert_id, person.name, now + wanted.hours * HOUR_MS if wanted.hours else 0, now)
    else:
        desk.ledger.false_positive(alert_id, person.name, wanted.reason, now)
    return {"care": msgspec.to_builtins(desk.ledger.care([alert_id]).get(alert_id))}


@router.get("/proposals")
def proposals(
    _caller: Caller,
    desk: TheDesk,
    status: Annotated[str, Query(max_length=20)] = "",
    sku: Annotated[str, Query(max_length=200)] = "",
    after: After = "",
    limit: Limit = 100,
) -> list[dict[str, Any]]:
    """Proposals with where they stand, the latest first; `after=<decided_at>.<proposal_id>` goes on."""
    with desk.ledger.reading() as connection:
        found = pages.proposals(connection, status, sku, position(after), limit)
    return [{"status": where, "proposal": msgspec.to_builtins(proposal)} for proposal, where in found]


@router.get("/proposals/{proposal_id}")
def proposal(_caller: Caller, desk: TheDesk, proposal_id: str) -> dict[str, Any]:
    """One proposal and who signed it."""
    found = desk.ledger.proposal_with_status(proposal_id)
    if found is None:
        raise NotFoundError("no proposal has this id")
    signed = [msgspec.to_builtins(one) for one in desk.ledger.signatures(proposal_id)]
    return {"status": found[1], "proposal": msgspec.to_builtins(found[0]), "signatures": signed}


@router.post("/proposals/{proposal_id}/sign")
def sign(person: Caller, desk: TheDesk, proposal_id: str, wanted: Signature) -> dict[str, Any]:
    """Approve or reject under the caller's role."""
    now = now_ms()
    status = desk.ledger.sign(proposal_id, person.name, person.role, wanted.verdict, wanted.reason, now, desk.policy)
    return {"status": status}


@router.get("/prices")
def prices(
    _caller: Caller,
    desk: TheDesk,
    competitor: Annotated[str, Query(max_length=200)],
    product_id: Annotated[str, Query(max_length=500)],
    since: Since = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[dict[str, Any]]:
    """The price history of a competitor's product, in order of time."""
    return [msgspec.to_builtins(point) for point in desk.ledger.price_points(competitor, product_id, since, limit)]


@router.get("/audit")
def audit(person: Caller, desk: TheDesk, limit: Limit = 100) -> list[dict[str, Any]]:
    """Acts of people, the latest first."""
    need(person, "audit")
    names = ("number", "at", "actor", "action", "subject", "detail", "previous_hash", "hash")
    return [{name: getattr(act, name) for name in names} for act in desk.ledger.audit_rows(limit)]
