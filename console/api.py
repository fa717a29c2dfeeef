"""The REST API: what the pages do, for programs. `/api/v1/openapi.json` describes it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer
from pydantic import BaseModel, Field

from console.alert_pages import Word, position, wanted_of
from console.described import (
    Act,
    AlertState,
    CareState,
    ProposalFile,
    ProposalState,
    SignedState,
    answer,
    answers,
)
from console.desk import (
    DEMO_PREFIX,
    NO_NUL,
    Desk,
    Person,
    SignInNeededError,
    TheDesk,
    address_of,
    desk_of,
    need,
    now_ms,
    person_of,
    session_of,
)
from contracts.alerts import Alert
from contracts.errors import NotAllowedError, NotFoundError
from contracts.observations import PricePoint
from contracts.times import HOUR_MS
from ledger import pages, tokens
from ledger.pages import AlertFilter

router = APIRouter(prefix="/api/v1")
BASIC = HTTPBasic(realm="PriceRadar", auto_error=False)
BEARER = HTTPBearer(auto_error=False, description="A key of priceradar users token")
MOST_MS = 2**53  # JSON's largest whole number everywhere

SOME_WORD = r"^[^\x00]*[^\s\x00][^\x00]*$"

Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[
    str, Query(max_length=200, pattern=r"^(\d{1,15}\.[^\x00]*)?$", description="`next` of the page before")
]
Id = Annotated[str, Path(max_length=200, pattern=NO_NUL)]
Since = Annotated[int, Query(ge=0, le=MOST_MS, description="Epoch ms, UTC")]


class Reason(BaseModel):
    """Why a person does something."""

    reason: str = Field("", max_length=2_000, pattern=NO_NUL)


class Approve(Reason):
    """A yes to a proposal."""

    verdict: Literal["approve"]


class Reject(BaseModel):
    """A no to a proposal, which needs a reason."""

    verdict: Literal["reject"]
    reason: str = Field(max_length=2_000, pattern=SOME_WORD)


class Acknowledge(BaseModel):
    """The caller looks after an alert."""

    act: Literal["acknowledge"]


class Assign(BaseModel):
    """Hand an alert to a person, or to nobody ("")."""

    act: Literal["assign"]
    to: str = Field("", max_length=100, pattern=NO_NUL)


class Snooze(BaseModel):
    """Send nothing of an alert for so many hours; 0 ends it."""

    act: Literal["snooze"]
    hours: int = Field(4, ge=0, le=720)


class FalsePositive(BaseModel):
    """Call an alert wrong, with a reason."""

    act: Literal["false_positive"]
    reason: str = Field(max_length=2_000, pattern=SOME_WORD)


SignWanted = Annotated[Approve | Reject, Field(discriminator="verdict")]
CareWanted = Annotated[Acknowledge | Assign | Snooze | FalsePositive, Field(discriminator="act")]


def caller(
    request: Request,
    basic: Annotated[HTTPBasicCredentials | None, Security(BASIC)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    x_form_token: Annotated[str, Header(max_length=200)] = "",
) -> Person:
    """Who asks: a key, name and password, or the session of a page (writes then carry its form token)."""
    desk = desk_of(request)
    if bearer is not None:
        person = _holder(request, bearer.credentials)
    elif basic is not None:
        person = Person(basic.username, _role(request, basic), "en", "")
    else:
        person = _signed_in(request, x_form_token)
    desk.hold_pace(person.name)
    return person


def _signed_in(request: Request, x_form_token: str) -> Person:
    desk = desk_of(request)
    try:
        person = person_of(request)
    except SignInNeededError:
        if desk.options.demo_login and request.method == "GET":
            return Person(f"{DEMO_PREFIX}viewer", "viewer", "en", "")
        raise
    if request.method != "GET" and not desk.sessions.is_ours(session_of(request), x_form_token):
        raise NotAllowedError("a write with a session's cookie needs the header X-Form-Token of its page")
    return person


def _holder(request: Request, key: str) -> Person:
    desk = desk_of(request)
    with desk.ledger.reading() as connection:
        found = tokens.holder(connection, key, now_ms())
    if found is None or found.refused:
        if found is not None:
            desk.refused(request, found.user, f"{found.refused} key {found.token_id}")
        raise SignInNeededError
    return Person(found.user, found.role, "en", "")


def _role(request: Request, basic: HTTPBasicCredentials) -> str:
    desk = desk_of(request)
    keys = (f"name {basic.username}", f"address {address_of(request)}")
    if wait := desk.brake.wait_seconds(*keys):
        raise HTTPException(429, f"too many wrong passwords, wait {wait} s", {"Retry-After": str(wait)})
    role = desk.ledger.sign_in(basic.username, basic.password)
    if role is None:
        desk.brake.failed(*keys)
        desk.refused(request, basic.username, "password")
        raise SignInNeededError
    return role


Caller = Annotated[Person, Depends(caller)]


@router.get("/alerts", responses=answers(list[Alert]))
def alerts(
    _caller: Caller,
    desk: TheDesk,
    wanted: Annotated[AlertFilter, Depends(wanted_of)],
    after: After = "",
    open_only: bool = False,
    limit: Limit = 100,
) -> Response:
    """Alerts, the latest first; go on with `after=<observed_at>.<alert_id>` of the last one."""
    if open_only:
        wanted = msgspec.structs.replace(wanted, status="open")
    with desk.ledger.reading() as connection:
        found = pages.alerts(connection, wanted, position(after), limit)
    return answer(found)


@router.get("/alerts/{alert_id}", responses=answers(AlertState))
def alert(_caller: Caller, desk: TheDesk, alert_id: Id) -> Response:
    """One alert and what people did with it."""
    return answer(AlertState(_known(desk, alert_id), desk.ledger.care([alert_id])[alert_id]))


@router.post("/alerts/{alert_id}/care", responses=answers(CareState))
def care(person: Caller, desk: TheDesk, alert_id: Id, wanted: CareWanted) -> Response:
    """Acknowledge, assign, snooze or call wrong."""
    need(person, "care")
    _known(desk, alert_id)  # before what is wanted is looked at: there may be nothing to do it with
    now = now_ms()
    if isinstance(wanted, Acknowledge):
        desk.ledger.acknowledge(alert_id, person.name, now)
    elif isinstance(wanted, Assign):
        desk.ledger.assign(alert_id, person.name, desk.somebody(wanted.to), now)
    elif isinstance(wanted, Snooze):
        desk.ledger.snooze(alert_id, person.name, now + wanted.hours * HOUR_MS if wanted.hours else 0, now)
    else:
        desk.ledger.false_positive(alert_id, person.name, wanted.reason, now)
    return answer(CareState(desk.ledger.care([alert_id])[alert_id]))


def _known(desk: Desk, alert_id: str) -> Alert:
    found = desk.ledger.alert(alert_id)
    if found is None:
        raise NotFoundError("no alert has this id")
    return found


@router.get("/proposals", responses=answers(list[ProposalState]))
def proposals(
    _caller: Caller,
    desk: TheDesk,
    status: Word = "",
    sku: Word = "",
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """Proposals with where they stand, the latest first; `after=<decided_at>.<proposal_id>` goes on."""
    with desk.ledger.reading() as connection:
        found = pages.proposals(connection, status, sku, position(after), limit)
    return answer([ProposalState(where, proposal) for proposal, where in found])


@router.get("/proposals/{proposal_id}", responses=answers(ProposalFile))
def proposal(_caller: Caller, desk: TheDesk, proposal_id: Id) -> Response:
    """One proposal and who signed it."""
    found = desk.ledger.proposal_with_status(proposal_id)
    if found is None:
        raise NotFoundError("no proposal has this id")
    return answer(ProposalFile(found[1], found[0], desk.ledger.signatures(proposal_id)))


@router.post("/proposals/{proposal_id}/sign", responses=answers(SignedState))
def sign(person: Caller, desk: TheDesk, proposal_id: Id, wanted: SignWanted) -> Response:
    """Approve or reject under the caller's role."""
    status = desk.ledger.sign(proposal_id, desk.occasion(person), wanted.verdict, wanted.reason)
    return answer(SignedState(status))


@router.get("/prices", responses=answers(list[PricePoint]))
def prices(
    _caller: Caller,
    desk: TheDesk,
    competitor: Word,
    product_id: Annotated[str, Query(max_length=500, pattern=NO_NUL)],
    since: Since = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Response:
    """The price history of a competitor's product, in order of time."""
    return answer(desk.ledger.price_points(competitor, product_id, since, limit))


@router.get("/audit", responses=answers(list[Act]))
def audit(person: Caller, desk: TheDesk, limit: Limit = 100) -> Response:
    """Acts of people, the latest first."""
    need(person, "audit")
    names = Act.__struct_fields__
    return answer([Act(*(getattr(act, name) for name in names)) for act in desk.ledger.audit_rows(limit)])
