"""The queue of proposals, one proposal with its explanation, signatures of people, and many approved at once."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console import bars, chart
from console.alert_pages import Word, position, price_steps
from console.decision_pages import state_of
from console.desk import NO_NUL, Reader, TheDesk, Writer, now_ms
from console.render import page
from contracts.approvals import Signature, Standing
from contracts.errors import BadInputError
from contracts.facts import CatalogItem
from contracts.proposals import Proposal, ProposalStatus
from contracts.times import DAY_MS
from ledger import bulk, facts, pages, signing
from ledger.signing import Turn
from pricing.explain import explain

router = APIRouter(include_in_schema=False)
PAGE = 50
MOST_LOOKED_AT = 1_000  # waiting proposals among which are those of one person
STATUSES = ("pending", "approved", "published", "rejected", "expired", "blocked")
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]
Chosen = Annotated[list[str] | None, Form()]


class Step(msgspec.Struct, frozen=True):
    """One role on the way to a decision: done, no (rejected), asked now, or waiting; who signed and when."""

    role: str
    state: str
    user: str = ""
    at: int = 0
    reason: str = ""
    on_behalf_of: str = ""


def ladder(standing: Standing, signed: tuple[Signature, ...]) -> list[Step]:
    """The roles that sign, in order, and how far it has come."""
    by_role = {one.role: one for one in signed}
    found = []
    for role in dict.fromkeys((*standing.needed, *by_role)):
        one = by_role.get(role)
        if one is None:
            found.append(Step(role, "asked" if role == standing.asked else "waiting"))
        else:
            state = "done" if one.verdict == "approve" else "no"
            found.append(Step(role, state, one.user, one.signed_at, one.reason, one.on_behalf_of))
    return found


@router.get("/proposals")
def queue(
    request: Request,
    person: Reader,
    desk: TheDesk,
    status: Word = "pending",
    sku: Word = "",
    after: Word = "",
    mine: Word = "",
) -> HTMLResponse:
    """A page of proposals, those that wait for people first of all; `mine` leaves those this person may sign now."""
    chosen, sku = "" if status == "all" else status, sku.strip()
    only_mine = bool(mine) and status == "pending"
    with desk.ledger.reading() as connection:
        found = pages.proposals(connection, chosen, sku, position(after), MOST_LOOKED_AT if only_mine else PAGE + 1)
        looked_at = found[-1][0] if len(found) == MOST_LOOKED_AT else None
        turns = signing.turns(connection, found, desk.occasion(person))
        if only_mine:
            found = [one for one in found if turns[one[0].proposal_id].mine]
        items = facts.items_of(connection, [proposal.sku for proposal, _where in found[:PAGE]])
    rows = [_row(items, turns, *one) for one in found[:PAGE]]
    last = found[PAGE - 1][0] if len(found) > PAGE else looked_at
    values = {"rows": rows, "status": status, "sku": sku, "after": after, "counts": desk.ledger.proposal_counts()}
    values |= {"mine": mine}
    values |= {"more": f"{last.decided_at}.{last.proposal_id}" if last else "", "statuses": STATUSES}
    return page(request, "proposals.html", person.lang, person=person, section="proposals", **values)


def _row(
    items: dict[str, CatalogItem], turns: dict[str, Turn], proposal: Proposal, status: ProposalStatus
) -> dict[str, Any]:
    turn = turns.get(proposal.proposal_id)
    steps = ladder(turn.standing, turn.signed) if turn is not None else []
    told: dict[str, Any] = {"proposal": proposal, "status": status, "item": items.get(proposal.sku)}
    return {**told, "ladder": steps, "mine": turn is not None and turn.mine}


@router.get("/proposals/{proposal_id}")
def shown(request: Request, person: Reader, desk: TheDesk, proposal_id: str) -> HTMLResponse:
    """One proposal: what, why, who signs, and what a signature does."""
    with desk.ledger.reading() as connection:
        seen = signing.foresee(connection, proposal_id, desk.occasion(person))
        decided = pages.decisions(connection, None, 10, proposal_id=proposal_id)
        stopped = pages.stopped_by(connection, proposal_id) if seen.status in ("blocked", "expired") else ""
    proposal, since = seen.proposal, seen.proposal.decided_at - 90 * DAY_MS
    drawn = chart.history(
        desk.ledger.price_points_of_sku(proposal.sku, since),
        max(proposal.decided_at, now_ms()),
        proposal.current_minor,
        proposal.currency,
        proposal.sku,
        own_steps=price_steps(desk, proposal.sku, since),
        marked=proposal.decided_at,
        lang=person.lang,
    )
    tracks = bars.guard_tracks(proposal.guards, proposal.current_minor, proposal.floor_minor)
    values: dict[str, Any] = {"proposal": proposal, "status": seen.status, "seen": seen, "standing": seen.standing}
    values |= {"mine": seen.authority is not None, "item": desk.ledger.item(proposal.sku), "chart": drawn}
    values |= {"ladder": ladder(seen.standing, seen.signed), "text": explain(proposal, person.lang)}
    values |= {"stopped": seen.proposal.blocked_by or stopped}
    values |= {"decided": [(one, state_of(one)) for one in decided]}
    values |= {"guards": list(zip(proposal.guards, tracks, strict=True))}
    return page(request, "proposal.html", person.lang, person=person, section="proposals", **values)


@router.post("/proposals/preview")
def preview(request: Request, person: Writer, desk: TheDesk, id: Chosen = None) -> HTMLResponse:  # noqa: A002
    """What approving the chosen ones would do, one by one and in sum; nothing is changed."""
    with desk.ledger.reading() as connection:
        found = bulk.preview(connection, id or [], desk.occasion(person))
        items = facts.items_of(connection, [row.sku for row in found.rows])
    rows = [(row, items.get(row.sku)) for row in found.rows]
    return page(request, "bulk.html", person.lang, person=person, section="proposals", preview=found, rows=rows)


@router.post("/proposals/approve")
def approve(person: Writer, desk: TheDesk, seal: Text, reason: Text = "", id: Chosen = None) -> Response:  # noqa: A002
    """Approve exactly what the preview showed, or nothing."""
    with desk.ledger.writing() as connection:
        bulk.approve(connection, id or [], seal, desk.occasion(person), reason)
    desk.forget("badges")
    return RedirectResponse("/proposals", 303)


@router.post("/proposals/{proposal_id}/sign")
def sign(
    person: Writer, desk: TheDesk, proposal_id: str, verdict: Annotated[str, Form()], reason: Text = ""
) -> Response:
    """Approve or reject under the role of who signed in."""
    if verdict not in ("approve", "reject"):
        raise BadInputError(f"a verdict is approve or reject, was {verdict[:40]!r}")
    desk.ledger.sign(proposal_id, desk.occasion(person), verdict, reason)
    desk.forget("badges")
    return RedirectResponse(f"/proposals/{proposal_id}", 303)
