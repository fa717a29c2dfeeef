"""What the API answers, as its description says it: JSON Schemas made from the structs themselves."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

from contracts.alerts import Alert
from contracts.approvals import Signature
from contracts.observations import PricePoint
from contracts.proposals import Proposal, ProposalStatus
from ledger.care import Care

REFERENCE = "#/components/schemas/{name}"


class Problem(msgspec.Struct, frozen=True):
    """Why a request was refused, in one line."""

    detail: str


class AlertState(msgspec.Struct, frozen=True):
    """An alert and what people did with it."""

    alert: Alert
    care: Care


class CareState(msgspec.Struct, frozen=True):
    """What people did with an alert."""

    care: Care


class ProposalState(msgspec.Struct, frozen=True):
    """A proposal and where it stands."""

    status: ProposalStatus
    proposal: Proposal


class ProposalFile(msgspec.Struct, frozen=True):
    """A proposal, where it stands, and who signed it."""

    status: ProposalStatus
    proposal: Proposal
    signatures: list[Signature]


class SignedState(msgspec.Struct, frozen=True):
    """Where a proposal stands after a signature."""

    status: ProposalStatus


class Act(msgspec.Struct, frozen=True):
    """One act of the audit chain; `hash` covers it and `previous_hash`."""

    number: int
    at: int
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str
    hash: str


ANSWERS: tuple[Any, ...] = (
    Problem,
    AlertState,
    CareState,
    ProposalState,
    ProposalFile,
    SignedState,
    Act,
    Alert,
    PricePoint,
)
REFUSALS = {
    400: "What was asked makes no sense",
    401: "Nobody signed in, or the key or password is wrong",
    403: "Not for this role, or a write without its form token",
    404: "Nothing has this id",
    429: "Too many requests or wrong passwords; Retry-After says how long to wait",
    503: "The ledger does not answer",
}


def refusals() -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that may be refused."""
    content = {"application/json": {"schema": _schema(Problem)}}
    return {status: {"description": words, "content": content} for status, words in REFUSALS.items()}


def answers(kind: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers a struct, or a list of one, or a refusal."""
    return {200: {"content": {"application/json": {"schema": _schema(kind)}}}, **refusals()}


def _schema(kind: Any) -> dict[str, Any]:
    [schema], _ = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    return schema


def answer(value: Any) -> Response:
    """A struct or a list of them as JSON."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of the API with the schemas of its answers; made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        _, components = msgspec.json.schema_components(ANSWERS, ref_template=REFERENCE)
        made["components"]["schemas"] |= components
        app.openapi_schema = made
    return app.openapi_schema
