"""Is the ledger what people and the agent did? Every row against the chain of acts, every act against its row.

The chain says what each proposal, signature, decision and delegation must be; a row that
was changed, added or removed differs from that, and an act that was changed breaks the chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, RowMapping

from contracts.codec import decode
from contracts.errors import BadInputError
from contracts.ids import content_hash
from contracts.proposals import Decision, Proposal
from ledger import audit
from ledger.database import in_order
from ledger.models import Base, DecisionRow, DelegationRow, ProposalRow, SignatureRow
from ledger.proposals import row_of
from ledger.replay import DecisionTold, ProposalTold, Replay

OF_PROPOSALS = ("sku", "kind", "tier", "decided_at", "at_stake_minor", "blocked_by")
OF_DECISIONS = ("decision_id", "proposal_id", "sku", "decided_at")


class Anchor(msgspec.Struct, frozen=True):
    """An act that was noted elsewhere: the chain must still hold it. Without one, the loss of the newest
    acts together with all their rows cannot be seen."""

    number: int
    hash: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """How much was looked at, the newest act (to be noted as an anchor), and what is wrong."""

    acts: int
    proposals: int
    signatures: int
    decisions: int
    delegations: int
    head: Anchor
    findings: tuple[str, ...]


class _Kind(NamedTuple):
    """One table: how a row is named and came to be, and what its fields must be."""

    table: type[Base]
    named: str
    made: str
    should: Callable[[RowMapping, Any], dict[str, Any]]


def verify(connection: Connection, known: Anchor | None = None) -> Verified:
    """Look at everything; the findings name each row that is not what the acts say."""
    replay = Replay()
    findings: list[str] = []
    head = Anchor(0, audit.FIRST)
    for row, fits in audit.walk(connection):
        if not fits:
            findings.append(f"audit row {row['number']} ({row['action']} {row['subject']}) does not fit the chain")
        if known is not None and row["number"] == known.number and row["hash"] != known.hash:
            findings.append(f"audit row {known.number} is another one than was noted, was {row['hash']}")
        try:
            replay.apply(dict(row))
        except (ValueError, KeyError, TypeError):
            findings.append(f"audit row {row['number']} ({row['action']} {row['subject']}) cannot be read")
        head = Anchor(row["number"], row["hash"])
    if known is not None and head.number < known.number:
        findings.append(f"the audit chain ends at {head.number}, it must reach the act noted, was {known.number}")
    told: dict[str, dict[Any, Any]] = {
        "proposals": {(name,): told for name, told in replay.proposals.items()},
        "signatures": dict(replay.signatures),
        "decisions": {(name,): told for name, told in replay.decisions.items()},
        "delegations": {(name,): told for name, told in replay.delegations.items()},
    }
    counts = {name: _walk(connection, kind, told[name], findings) for name, kind in KINDS.items()}
    return Verified(acts=head.number, **counts, head=head, findings=tuple(findings))


def _walk(connection: Connection, kind: _Kind, left: dict[Any, Any], findings: list[str]) -> int:
    """Hold every row of a table against what the acts say of it; what is `left` of that then has no row."""
    seen = 0
    keys = [column.name for column in kind.table.__table__.primary_key]
    for row in in_order(connection, kind.table):
        seen += 1
        key = tuple(row[name] for name in keys)
        name, told = kind.named.format(*key), left.pop(key, None)
        if told is None:
            findings.append(f"{name} was never {kind.made}: no act says so")
        elif isinstance(told, ProposalTold | DecisionTold) and content_hash(row["body"].encode()) != told.hash:
            findings.append(f"{name}: its record differs from the one that was {kind.made}")
        else:
            _compare(name, row, kind.should(row, told), findings)
    findings += [f"{kind.named.format(*key)} is missing" for key in left]
    return seen


def _proposal(row: RowMapping, told: ProposalTold) -> dict[str, Any]:
    made = row_of(decode(row["body"].encode(), Proposal))
    should = {field: made[field] for field in OF_PROPOSALS}
    return should | {"status": told.status or made["status"], "escalated_to": told.escalated_to}


def _decision(row: RowMapping, told: DecisionTold) -> dict[str, Any]:
    made = decode(row["body"].encode(), Decision)
    should = {field: getattr(made, field) for field in OF_DECISIONS}
    should |= {"compensates": made.compensates or None, "withheld": told.withheld}
    return should if told.adopted else should | {"published_at": told.published_at}


def _as_told(_row: RowMapping, told: dict[str, Any]) -> dict[str, Any]:
    return told


KINDS = {
    "proposals": _Kind(ProposalRow, "proposal {0}", "proposed", _proposal),
    "signatures": _Kind(SignatureRow, "signature of {1} on {0}", "given", _as_told),
    "decisions": _Kind(DecisionRow, "decision {0}", "decided", _decision),
    "delegations": _Kind(DelegationRow, "delegation {0}", "made", _as_told),
}


def _compare(name: str, row: RowMapping, should: dict[str, Any], findings: list[str]) -> None:
    findings += [
        f"{name}: {field} must be {str(value)[:80]!r}, was {str(row[field])[:80]!r}"
        for field, value in should.items()
        if row[field] != value
    ]


def parse_anchor(text: str) -> Anchor:
    """An anchor from `NUMBER:HASH`, as verify prints it; BadInputError."""
    number, _, digest = text.strip().partition(":")
    if not number.isdigit() or len(digest) != len(audit.FIRST):
        raise BadInputError(f"an anchor is NUMBER:HASH as `priceradar verify` printed it, was {text[:80]!r}")
    return Anchor(int(number), digest)
