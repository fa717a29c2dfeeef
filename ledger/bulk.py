"""Many proposals approved at once: first what it would do, then exactly that or nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.ids import content_hash
from contracts.proposals import ProposalStatus
from ledger import signing
from ledger.database import AUDIT_LOCK, lock
from ledger.occasion import Occasion
from ledger.signing import Outcome

MOST_AT_ONCE = 200


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the approval would do to one proposal; amounts in minor units."""

    proposal_id: str
    outcome: Outcome
    note: str = ""
    sku: str = ""
    currency: str = ""
    current_minor: int = 0
    proposed_minor: int = 0
    at_stake_minor: int = 0
    expected_profit_change_minor: int = 0
    record_hash: str = ""


class Total(msgspec.Struct):
    """Sums over what would be signed, of one currency."""

    proposals: int = 0
    at_stake_minor: int = 0
    expected_profit_change_minor: int = 0


class Preview(msgspec.Struct, frozen=True):
    """What a bulk approval would do. `seal` stands for all of it: an approval must name it."""

    rows: tuple[PreviewRow, ...]
    totals: dict[str, Total]
    seal: str


def preview(connection: Connection, ids: Sequence[str], occasion: Occasion) -> Preview:
    """What approving these would do now; nothing is changed. BadInputError for none or too many."""
    wanted = list(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise BadInputError(f"1 to {MOST_AT_ONCE} proposals are approved at once, was {len(wanted)}")
    rows = tuple(_row(connection, one, occasion) for one in wanted)
    totals: dict[str, Total] = {}
    for row in rows:
        if row.outcome in ("approved", "pending"):
            total = totals.setdefault(row.currency, Total())
            total.proposals += 1
            total.at_stake_minor += row.at_stake_minor
            total.expected_profit_change_minor += row.expected_profit_change_minor
    signer = occasion.signer
    return Preview(rows, totals, content_hash(msgspec.json.encode([signer.user, signer.role, rows])))


def _row(connection: Connection, proposal_id: str, occasion: Occasion) -> PreviewRow:
    try:
        seen = signing.foresee(connection, proposal_id, occasion)
    except NotFoundError as error:
        return PreviewRow(proposal_id=proposal_id, outcome="refused", note=str(error))
    names = ("sku", "currency", "current_minor", "proposed_minor", "at_stake_minor", "record_hash")
    told = {name: getattr(seen.proposal, name) for name in names}
    gain = seen.proposal.expected_profit_change_minor
    return PreviewRow(
        proposal_id=proposal_id,
        outcome=seen.outcome,
        note=seen.note,
        expected_profit_change_minor=gain,
        **told,
    )


def approve(
    connection: Connection, ids: Sequence[str], seal: str, occasion: Occasion, reason: str
) -> dict[str, ProposalStatus]:
    """Sign those the preview said would be signed, all in one transaction; status afterwards by id.

    NotAllowedError where anything is not as the preview showed it: then nothing is signed.
    """
    lock(connection, AUDIT_LOCK)
    shown = preview(connection, ids, occasion)
    if shown.seal != seal:
        raise NotAllowedError("these proposals are no longer as they were shown; look at the preview again")
    signing_now = [row.proposal_id for row in shown.rows if row.outcome in ("approved", "pending")]
    return {one: signing.sign(connection, one, occasion, "approve", reason) for one in signing_now}
