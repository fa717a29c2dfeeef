"""The queue of proposals, one proposal with its explanation, and the signatures of people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console import chart
from console.alert_pages import position
from console.desk import NO_NUL, Desk, Person, Reader, TheDesk, Writer, now_ms
from console.render import page
from contracts.errors import BadInputError, NotFoundError
from contracts.proposals import Proposal
from contracts.times import DAY_MS
from ledger import pages, signing
from pricing.approval import needed
from pricing.explain import explain

router = APIRouter(include_in_schema=False)
PAGE = 50
STATUSES = ("pending", "approved", "published", "rejected", "expired", "blocked", "undone")


def missing(desk: Desk, proposal: Proposal) -> list[str]:
    """Roles that have not signed yet, in the order in which they are asked."""
    signed = {one.role for one in desk.ledger.signatures(proposal.proposal_id)}
    return [role for role in needed(proposal, desk.policy.approval) if role not in signed]


def may_sign(desk: Desk, person: Person, proposal: Proposal, status: str) -> bool:
    """Whether to offer the buttons; the ledger decides when they are pressed."""
    if status != "pending":
        return False
    with desk.ledger.reading() as connection:
        seen = signing.foresee(connection, proposal.proposal_id, person.name, person.role, now_ms(), desk.policy)
    return seen.authority is not None


@router.get("/proposals")
def queue(
    request: Request, person: Reader, desk: TheDesk, status: str = "pending", sku: str = "", after: str = ""
) -> HTMLResponse:
    """A page of proposals, those that wait for people first of all."""
    chosen = "" if status == "all" else status
    with desk.ledger.reading() as connection:
        found = pages.proposals(connection, chosen, sku, position(after), PAGE + 1)
    rows = [
        {
            "proposal": proposal,
            "status": where,
            "missing": missing(desk, proposal) if where == "pending" else [],
            "mine": may_sign(desk, person, proposal, where),
            "item": desk.ledger.item(proposal.sku),
        }
        for proposal, where in found[:PAGE]
    ]
    last = found[PAGE - 1][0] if len(found) > PAGE else None
    values = {"rows": rows, "status": status, "sku": sku, "after": after, "counts": desk.ledger.proposal_counts()}
    values |= {"more": f"{last.decided_at}.{last.proposal_id}" if last else "", "statuses": STATUSES}
    return page(request, "proposals.html", person.lang, person=person, section="proposals", **values)


@router.get("/proposals/{proposal_id}")
def shown(request: Request, person: Reader, desk: TheDesk, proposal_id: str) -> HTMLResponse:
    """One proposal: what, why, who signs, and what a signature does."""
    found = desk.ledger.proposal_with_status(proposal_id)
    if found is None:
        raise NotFoundError(f"no proposal has the id {proposal_id[:80]!r}")
    proposal, status = found
    waiting = missing(desk, proposal) if status == "pending" else []
    points = desk.ledger.price_points_of_sku(proposal.sku, proposal.decided_at - 90 * DAY_MS)
    drawn = chart.history(points, proposal.decided_at, proposal.current_minor, proposal.currency, proposal.sku)
    values: dict[str, Any] = {"proposal": proposal, "status": status, "missing": waiting, "chart": drawn}
    values |= {"mine": may_sign(desk, person, proposal, status), "item": desk.ledger.item(proposal.sku)}
    values |= {"signed": desk.ledger.signatures(proposal_id), "text": explain(proposal, person.lang)}
    return page(request, "proposal.html", person.lang, person=person, section="proposals", **values)


@router.post("/proposals/{proposal_id}/sign")
def sign(
    person: Writer,
    desk: TheDesk,
    proposal_id: str,
    verdict: Annotated[str, Form()],
    reason: Annotated[str, Form(max_length=2_000, pattern=NO_NUL)] = "",
) -> Response:
    """Approve or reject under the role of who signed in."""
    if verdict not in ("approve", "reject"):
        raise BadInputError(f"a verdict is approve or reject, was {verdict[:40]!r}")
    desk.ledger.sign(proposal_id, person.name, person.role, verdict, reason, now_ms(), desk.policy)
    return RedirectResponse(f"/proposals/{proposal_id}", 303)
