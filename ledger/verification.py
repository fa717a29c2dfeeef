"""Is the ledger what people and the agent did? Every row against the chain of acts, every act against its row.

The chain says what each proposal, signature, decision and delegation must be; a row that
was changed, added or removed differs from that, and an act that was changed breaks the chain.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, select

from contracts.codec import decode
from contracts.errors import BadInputError
from contracts.ids import content_hash
from contracts.proposals import Decision, Proposal
from ledger import audit
from ledger.database import in_order
from ledger.models import DecisionRow, DelegationRow, ProposalRow, SignatureRow
from ledger.proposals import row_of
from ledger.replay import Replay

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
    counts = {
        "proposals": _proposals(connection, replay, findings),
        "signatures": _signatures(connection, replay, findings),
        "decisions": _decisions(connection, replay, findings),
        "delegations": _delegations(connection, replay, findings),
    }
    return Verified(acts=head.number, **counts, head=head, findings=tuple(findings))


def _proposals(connection: Connection, replay: Replay, findings: list[str]) -> int:
    seen = 0
    left = dict(replay.proposals)
    for row in in_order(connection, ProposalRow):
        seen += 1
        name = f"proposal {row['proposal_id']}"
        told = left.pop(row["proposal_id"], None)
        if told is None:
            findings.append(f"{name} was never proposed: no act says so")
            continue
        if content_hash(row["body"].encode()) != told.hash:
            findings.append(f"{name}: its record differs from the one that was proposed")
            continue
        made = row_of(decode(row["body"].encode(), Proposal))
        made |= {"status": told.status or made["status"], "escalated_to": told.escalated_to}
        _compare(name, row, made, (*OF_PROPOSALS, "status", "escalated_to"), findings)
    findings += [f"proposal {name} is missing" for name in left]
    return seen


def _signatures(connection: Connection, replay: Replay, findings: list[str]) -> int:
    seen = 0
    left = dict(replay.signatures)
    for row in connection.execute(select(SignatureRow.__table__)).mappings():
        seen += 1
        name = f"signature of {row['user']} on {row['proposal_id']}"
        told = left.pop((row["proposal_id"], row["user"]), None)
        if told is None:
            findings.append(f"{name} was never given: no act says so")
        else:
            _compare(name, row, told, tuple(told), findings)
    findings += [f"signature of {user} on {proposal_id} is missing" for proposal_id, user in left]
    return seen


def _decisions(connection: Connection, replay: Replay, findings: list[str]) -> int:
    seen = 0
    left = dict(replay.decisions)
    for row in in_order(connection, DecisionRow):
        seen += 1
        name = f"decision {row['decision_id']}"
        told = left.pop(row["decision_id"], None)
        if told is None:
            findings.append(f"{name} was never made: no act says so")
            continue
        if content_hash(row["body"].encode()) != told.hash:
            findings.append(f"{name}: its record differs from the one that was decided")
            continue
        made = decode(row["body"].encode(), Decision)
        should = {field: getattr(made, field) for field in OF_DECISIONS}
        should |= {"compensates": made.compensates or None, "withheld": told.withheld}
        if not told.adopted:
            should["published_at"] = told.published_at
        _compare(name, row, should, tuple(should), findings)
    findings += [f"decision {name} is missing" for name in left]
    return seen


def _delegations(connection: Connection, replay: Replay, findings: list[str]) -> int:
    seen = 0
    left = dict(replay.delegations)
    for row in connection.execute(select(DelegationRow.__table__)).mappings():
        seen += 1
        told = left.pop(row["delegation_id"], None)
        if told is None:
            findings.append(f"delegation {row['delegation_id']} was never made: no act says so")
        else:
            _compare(f"delegation {row['delegation_id']}", row, told, tuple(told), findings)
    findings += [f"delegation {name} is missing" for name in left]
    return seen


def _compare(name: str, row: RowMapping, should: dict[str, Any], fields: tuple[str, ...], findings: list[str]) -> None:
    findings += [
        f"{name}: {field} must be {str(should[field])[:80]!r}, was {str(row[field])[:80]!r}"
        for field in fields
        if row[field] != should[field]
    ]


def parse_anchor(text: str) -> Anchor:
    """An anchor from `NUMBER:HASH`, as verify prints it; BadInputError."""
    number, _, digest = text.strip().partition(":")
    if not number.isdigit() or len(digest) != len(audit.FIRST):
        raise BadInputError(f"an anchor is NUMBER:HASH as `priceradar verify` printed it, was {text[:80]!r}")
    return Anchor(int(number), digest)
