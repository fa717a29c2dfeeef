"""Decisions: what was told to the shop's systems, and taking one back after a look at what that does."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console.alert_pages import Word, position
from console.desk import NO_NUL, Reader, TheDesk, Writer
from console.render import page
from ledger import facts, pages
from ledger import undo as undoing

router = APIRouter(include_in_schema=False)
PAGE = 50
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]
Required = Annotated[str, Form(min_length=1, max_length=20, pattern=NO_NUL)]


def state_of(one: pages.Decided) -> str:
    """Where a decision stands, in a word: undone, withheld, published, or owed to Kafka."""
    if one.undone_by or one.withheld == "undone":
        return "undone"
    return "withheld" if one.withheld else "published" if one.published_at else "owed"


@router.get("/decisions")
def listed(request: Request, person: Reader, desk: TheDesk, sku: Word = "", after: Word = "") -> HTMLResponse:
    """Decisions, the latest first."""
    with desk.ledger.reading() as connection:
        found = pages.decisions(connection, position(after), PAGE + 1, sku=sku)
        items = facts.items_of(connection, [one.decision.sku for one in found])
    rows = [(one, state_of(one), items.get(one.decision.sku)) for one in found[:PAGE]]
    last = found[PAGE - 1].decision if len(found) > PAGE else None
    values: dict[str, Any] = {"rows": rows, "sku": sku, "after": after}
    values |= {"more": f"{last.decided_at}.{last.decision_id}" if last else ""}
    return page(request, "decisions.html", person.lang, person=person, section="proposals", **values)


@router.get("/decisions/{decision_id}")
def shown(request: Request, person: Reader, desk: TheDesk, decision_id: str) -> HTMLResponse:
    """One decision, and what taking it back would do now."""
    with desk.ledger.reading() as connection:
        seen = undoing.foresee(connection, decision_id, desk.occasion(person))
        same = pages.decisions(connection, None, 10, proposal_id=seen.decision.proposal_id)
    one = next(row for row in same if row.decision.decision_id == decision_id)
    roles = [step.role for step in desk.policy.approval.ladder]
    values: dict[str, Any] = {"one": one, "state": state_of(one), "seen": seen, "same": same, "signing": roles}
    values |= {"item": desk.ledger.item(seen.decision.sku)}
    return page(request, "decision.html", person.lang, person=person, section="proposals", **values)


@router.post("/decisions/{decision_id}/undo")
def undone(person: Writer, desk: TheDesk, decision_id: str, reason: Text, expected: Required) -> Response:
    """Take a decision back, exactly as the page said it would be, or not at all."""
    with desk.ledger.writing() as connection:
        back = undoing.undo(connection, decision_id, desk.occasion(person), reason, expected)
    desk.forget("badges")
    return RedirectResponse(f"/decisions/{decision_id if back is None else back.decision_id}", 303)
