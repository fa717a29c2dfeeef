"""Recompute a proposal from its own inputs and compare it with the record, byte for byte."""

from __future__ import annotations

import msgspec

from contracts.codec import encode
from contracts.errors import BadInputError, TamperedError
from contracts.policy import Policy
from contracts.proposals import Proposal
from pricing.guards import propose
from pricing.inputs import RULES, Asked, Case


def verify(proposal: Proposal, policy: Policy) -> None:
    """Nothing where the record is what its inputs and the policy give, under the rules that made it.

    Raises:
        TamperedError: names the field that does not follow.
        BadInputError: the rules are of a later release.
    """
    if not 1 <= proposal.rules <= RULES:
        raise BadInputError(
            f"proposal {proposal.proposal_id}: this release knows the rules 1 to {RULES}, was {proposal.rules};"
            " verify it with the release that made it"
        )
    case = Case(proposal.signals, proposal.decided_at, proposal.currency)
    again = propose(case, policy, Asked(proposal.sku, proposal.trigger_event_id, proposal.look, proposal.rules))
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
