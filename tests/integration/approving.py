"""What people and workers do with proposals in the tests of the ledger."""

from __future__ import annotations

from typing import Any

from contracts.approvals import Signer
from contracts.policy import DEFAULT, Policy
from contracts.proposals import Decision
from ledger import undo as undoing
from ledger.occasion import Occasion
from ledger.store import Ledger
from ledger.verification import Anchor, Verified, verify
from tests.samples import NOW

MD, FD, GM = "marketing_director", "finance_director", "general_manager"
PASSWORD = "correct horse battery"


def sign(ledger: Ledger, user: str, role: str, at: int = NOW + 1, number: int = 1, policy: Policy = DEFAULT) -> str:
    return ledger.sign(f"markdown_{number}", Occasion(Signer(user, role), at, policy), "approve")


def release(ledger: Ledger, at: int = NOW + 2) -> list[Decision]:
    return ledger.release_decisions(10, at, DEFAULT)


def published(ledger: Ledger, at: int = NOW + 2) -> list[Decision]:
    found = release(ledger, at)
    ledger.decisions_published([one.decision_id for one in found], at)
    return found


def undo(ledger: Ledger, decision: Decision, role: str = MD, at: int = NOW + 10, reason: str = "wrong") -> Any:
    with ledger.writing() as connection:
        return undoing.undo(connection, decision.decision_id, Occasion(Signer("zhao", role), at), reason)


def looked_at(ledger: Ledger, known: Anchor | None = None) -> Verified:
    with ledger.snapshot() as connection:
        return verify(connection, known)


def status(ledger: Ledger, number: int = 1) -> str:
    found = ledger.proposal_with_status(f"markdown_{number}")
    assert found is not None
    return found[1]
