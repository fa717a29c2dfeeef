"""People take a decision back: by another one that sets the price before it, or unseen where none was told yet."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, RowMapping, func, select

from contracts.codec import decode
from contracts.errors import NotAllowedError, NotFoundError
from contracts.proposals import Decision
from ledger import audit, decisions, delegations, facts, proposals
from ledger.database import AUDIT_LOCK, lock
from ledger.models import DecisionRow
from ledger.occasion import Occasion
from pricing.recheck import recheck_undo
from pricing.signing import AGENT, check_reason

UndoOutcome = Literal["unsent", "compensates", "refused"]
Why = Literal["", "role", "withheld", "is_undo", "changed_since", "guard"]


class ForeseenUndo(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo by this person would do now.

    `unsent`: nobody was told of the decision, it is only held back. `compensates`: another
    decision sets its `previous_minor` again. `refused`: nothing, `why` in a word and `note` in a
    sentence; `objection` is the guard's.
    """

    decision: Decision
    outcome: UndoOutcome
    why: Why = ""
    note: str = ""
    objection: str = ""
    published_at: int | None = None
    withheld: str = ""


def foresee(connection: Connection, decision_id: str, occasion: Occasion) -> ForeseenUndo:
    """What an undo would do; nothing is changed. NotFoundError."""
    query = select(DecisionRow.__table__).where(DecisionRow.decision_id == decision_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"no decision has the id {decision_id[:80]!r}")
    decision = decode(row["body"].encode(), Decision)
    told = row["sent_at"] is not None or row["published_at"] is not None
    why, note = _refusal(connection, row, occasion)
    objection = _objection(connection, decision, occasion) if told and not why else ""
    if objection:
        why, note = "guard", f"decision {decision_id} cannot be undone now: {objection}"
    return ForeseenUndo(
        decision=decision,
        outcome="refused" if why else "compensates" if told else "unsent",
        why=why,
        note=note,
        objection=objection,
        published_at=row["published_at"],
        withheld=row["withheld"] or "",
    )


def undo(
    connection: Connection, decision_id: str, occasion: Occasion, reason: str, expected: str = ""
) -> Decision | None:
    """Take a decision back; the one that does, None where nobody had been told of it.

    Args:
        expected: the outcome the person was shown; another one changes nothing.

    Raises:
        NotFoundError: no such decision.
        NotAllowedError: the role does not sign, it is not the newest of its SKU, it was undone or
            withheld, a guard objects, or it is not as it was shown.
        BadInputError: no reason.
    """
    lock(connection, AUDIT_LOCK)
    text = check_reason("an undo", reason)
    seen = foresee(connection, decision_id, occasion)
    if seen.outcome == "refused":
        raise NotAllowedError(seen.note)
    if expected not in ("", seen.outcome):
        raise NotAllowedError(f"decision {decision_id} is no longer as it was shown; look at it again")
    user, now_ms = occasion.signer.user, occasion.at
    if seen.outcome == "compensates":
        return decisions.compensate(connection, seen.decision, user, text, now_ms)
    decisions.set_row(connection, seen.decision, withheld="undone")
    audit.record(connection, now_ms, user, "undo", seen.decision.proposal_id, undone=decision_id, reason=text)
    proposals.set_status(connection, seen.decision.proposal_id, "undone")
    return None


def _refusal(connection: Connection, row: RowMapping, occasion: Occasion) -> tuple[Why, str]:
    """Why this person may not undo it, or it is none to undo; "" where they may."""
    name, user, role = row["decision_id"], occasion.signer.user, occasion.signer.role
    roles = {role, *(one.role for one in delegations.to_person(connection, user, occasion.at))}
    signing = [step.role for step in occasion.policy.approval.ladder]
    if user == AGENT or not roles & set(signing):
        return "role", f"a decision is undone by one of {', '.join(signing)}, was {role}"
    if row["compensates"]:
        return "is_undo", f"decision {name} is itself an undo: there is nothing to undo"
    if row["withheld"]:
        return "withheld", f"decision {name} is {row['withheld']}: there is nothing to undo"
    newer = select(func.count()).where(
        DecisionRow.sku == row["sku"],
        DecisionRow.decision_id != name,
        DecisionRow.decided_at >= row["decided_at"],
        DecisionRow.withheld.is_(None),
    )
    if connection.scalar(newer):
        note = f"decision {name} is not the newest for {row['sku']}: undone already, or changed since"
        return "changed_since", note
    return "", ""


def _objection(connection: Connection, decision: Decision, occasion: Occasion) -> str:
    """What a guard has against the price before, "" for nothing."""
    proposal, _status = proposals.must_get(connection, decision.proposal_id)
    back = decisions.opposite(decision, occasion.signer.user, occasion.at)
    item = facts.item(connection, decision.sku)
    return recheck_undo(back, proposal, item, occasion.policy, occasion.at) or ""
