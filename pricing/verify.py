"""Recompute a proposal from its own inputs and compare it with the record, byte for byte."""

from __future__ import annotations

import msgspec

from contracts.codec import encode
from contracts.errors import TamperedError
from contracts.policy import Policy
from contracts.proposals import Proposal
from pricing.guards import propose


def verify(proposal: Proposal, policy: Policy) -> None:
    """Nothing where the record is what its inputs and the policy give; TamperedError names the field."""
    again = propose(
        proposal.signals,
        policy,
        sku=proposal.sku,
        trigger_event_id=proposal.trigger_event_id,
        decided_at=proposal.decided_at,
        currency=proposal.currency,
    )
    if encode(again) == encode(proposal):
        return
    for field in msgspec.structs.fields(Proposal):
        recorded, recomputed = getattr(proposal, field.name), getattr(again, field.name)
        if recorded != recomputed:
            raise TamperedError(
                f"proposal {proposal.proposal_id}: {field.name} does not follow from its inputs under policy"
                f" {policy.version}, was {_short(recorded)}, recomputed {_short(recomputed)}"
            )
    raise TamperedError(f"proposal {proposal.proposal_id}: recorded bytes differ from those recomputed")


def _short(value: object) -> str:
    text = encode(value).decode()
    return text if len(text) <= 120 else f"{text[:120]}..."
