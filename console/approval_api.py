"""The REST API of approval: whose turn it is, many at once, delegation, undo, decisions as CSV, verification."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from console import exports
from console.api import MOST_MS, Caller, Id, Limit, Reason, Since
from console.described import refusals
from console.desk import NO_NUL, TheDesk, need, now_ms
from ledger import bulk, decisions, delegations, pages, signing
from ledger import undo as undoing
from ledger.bulk import MOST_AT_ONCE
from ledger.verification import verify

router = APIRouter(prefix="/api/v1", responses=refusals())
MOST_EXPORTED = 10_000

Until = Annotated[int, Query(ge=0, le=MOST_MS, description="Epoch ms, UTC, not included")]
ProposalIds = Annotated[
    list[Annotated[str, Field(max_length=200, pattern=NO_NUL)]], Field(min_length=1, max_length=MOST_AT_ONCE)
]


class Chosen(BaseModel):
    """Proposals by id."""

    ids: ProposalIds


class Sealed(Chosen):
    """An approval of exactly what a preview showed."""

    seal: str = Field(max_length=64, pattern=NO_NUL)
    reason: str = Field("", max_length=2_000, pattern=NO_NUL)


class HandOver(BaseModel):
    """A role handed to somebody in [begins_at, ends_at), epoch ms UTC; 0 begins now."""

    to: str = Field(max_length=100, pattern=NO_NUL)
    begins_at: int = Field(0, ge=0, le=MOST_MS)
    ends_at: int = Field(ge=0, le=MOST_MS)
    reason: str = Field(max_length=2_000, pattern=NO_NUL)


@router.get("/proposals/{proposal_id}/approval")
def approval(person: Caller, desk: TheDesk, proposal_id: Id) -> dict[str, Any]:
    """Whose turn it is, until when, and what the caller's approval would do now."""
    with desk.ledger.reading() as connection:
        seen = signing.foresee(connection, proposal_id, desk.occasion(person))
    fields = ("status", "standing", "signed", "outcome", "note", "authority")
    return {name: msgspec.to_builtins(getattr(seen, name)) for name in fields}


@router.post("/proposals/preview")
def preview(person: Caller, desk: TheDesk, wanted: Chosen) -> dict[str, Any]:
    """What approving these would do, one by one and in sum; nothing is changed. `seal` is what to approve with."""
    with desk.ledger.reading() as connection:
        shown = bulk.preview(connection, wanted.ids, desk.occasion(person))
    found: dict[str, Any] = msgspec.to_builtins(shown)
    return found


@router.post("/proposals/approve")
def approve(person: Caller, desk: TheDesk, wanted: Sealed) -> dict[str, Any]:
    """Approve what the preview showed, all of it or (where anything has changed since) nothing."""
    with desk.ledger.writing() as connection:
        done = bulk.approve(connection, wanted.ids, wanted.seal, desk.occasion(person), wanted.reason)
    return {"statuses": done}


@router.get("/delegations")
def handed_over(_caller: Caller, desk: TheDesk) -> list[dict[str, Any]]:
    """Roles handed over, the newest first."""
    with desk.ledger.reading() as connection:
        return [msgspec.to_builtins(one) for one in delegations.listed(connection)]


@router.post("/delegations")
def hand_over(person: Caller, desk: TheDesk, wanted: HandOver) -> dict[str, Any]:
    """Let somebody sign with the caller's role for a time."""
    now = now_ms()
    wish = delegations.Handover(person.name, wanted.to, wanted.begins_at or now, wanted.ends_at, wanted.reason)
    with desk.ledger.writing() as connection:
        made = delegations.make(connection, wish, now, desk.policy.approval)
    found: dict[str, Any] = msgspec.to_builtins(made)
    return found


@router.delete("/delegations/{delegation_id}")
def take_back(person: Caller, desk: TheDesk, delegation_id: Id) -> dict[str, Any]:
    """End a delegation before its time."""
    with desk.ledger.writing() as connection:
        delegations.revoke(connection, delegation_id, person.name, now_ms())
    return {"revoked": delegation_id}


@router.get("/decisions")
def decided(
    _caller: Caller, desk: TheDesk, since: Since = 0, until: Until = MOST_MS, limit: Limit = 100
) -> list[dict[str, Any]]:
    """Decisions, the latest first: when Kafka had each, and why it was held back where it was."""
    with desk.ledger.reading() as connection:
        found = decisions.listed(connection, since, until, limit)
    return [
        {"decision": msgspec.to_builtins(one), "published_at": published, "withheld": withheld}
        for one, published, withheld in found
    ]


@router.post("/decisions/{decision_id}/undo")
def undo(person: Caller, desk: TheDesk, decision_id: Id, wanted: Reason) -> dict[str, Any]:
    """Take the newest decision of a product back; `decision` is the one that does, null where none was told yet."""
    with desk.ledger.writing() as connection:
        back = undoing.undo(connection, decision_id, desk.occasion(person), wanted.reason)
    return {"decision": msgspec.to_builtins(back)}


@router.get("/decisions.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def decisions_csv(_caller: Caller, desk: TheDesk, since: Since = 0, until: Until = MOST_MS) -> Response:
    """Decisions as CSV for a spreadsheet: no cell is a formula."""
    with desk.ledger.reading() as connection:
        found = decisions.listed(connection, since, until, MOST_EXPORTED)
    fields = ("decision_id", "sku", "previous_minor", "price_minor", "currency", "decided_at", "proposal_id")
    head = (*fields, "compensates", "approved_by", "published_at", "withheld")
    rows = (
        (*(getattr(one, name) for name in (*fields, "compensates")), ", ".join(one.approved_by), published, withheld)
        for one, published, withheld in found
    )
    return _csv(exports.table(head, rows), "decisions.csv")


@router.get("/proposals.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def proposals_csv(
    _caller: Caller, desk: TheDesk, status: Annotated[str, Query(max_length=20, pattern=NO_NUL)] = ""
) -> Response:
    """Proposals as CSV for a spreadsheet: no cell is a formula."""
    with desk.ledger.reading() as connection:
        found = pages.proposals(connection, status, "", None, MOST_EXPORTED)
    fields = ("proposal_id", "kind", "sku", "decided_at", "current_minor", "proposed_minor", "window_start_minor")
    more = ("floor_minor", "currency", "at_stake_minor", "expected_profit_change_minor", "tier", "blocked_by")
    head = (*fields, *more)
    rows = ((where, *(getattr(one, name) for name in head)) for one, where in found)
    return _csv(exports.table(("status", *head), rows), "proposals.csv")


def _csv(body: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="text/csv", headers=headers)


@router.get("/verify")
def verified(person: Caller, desk: TheDesk) -> dict[str, Any]:
    """Every row against the audit chain: how many there are, and which were tampered with."""
    need(person, "audit")
    with desk.ledger.snapshot() as connection:
        found: dict[str, Any] = msgspec.to_builtins(verify(connection))
    return found
