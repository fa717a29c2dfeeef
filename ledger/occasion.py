"""Who acts on a proposal or a decision, when, and under which rules."""

from __future__ import annotations

import msgspec

from contracts.approvals import Signer
from contracts.policy import DEFAULT, Policy


class Occasion(msgspec.Struct, frozen=True):
    """A person about to sign or to undo, at a moment (epoch ms, UTC), with the policy in force then."""

    signer: Signer
    at: int
    policy: Policy = DEFAULT
