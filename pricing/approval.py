"""Who must sign: by the amount at stake, in minor units of the proposal's currency."""

from __future__ import annotations

from contracts.policy import DEFAULT, Approval
from contracts.proposals import Proposal, RiskTier


def tier_for(at_stake_minor: int, approval: Approval) -> RiskTier:
    """The tier of an amount; a limit itself still belongs to the lower tier, the auto limit does not."""
    if at_stake_minor < approval.auto_below_minor:
        return "auto"
    return approval.ladder[_step(at_stake_minor, approval)].role


def signers(tier: RiskTier, approval: Approval = DEFAULT.approval) -> tuple[str, ...]:
    """Roles that must all sign, in the order in which they are asked; none for auto.

    A tier that this policy does not have is signed by everybody: it may be of an older one.
    """
    if tier == "auto":
        return ()
    roles = tuple(step.role for step in approval.ladder)
    return roles[: roles.index(tier) + 1] if tier in roles else roles


def needed(proposal: Proposal, approval: Approval) -> tuple[str, ...]:
    """Roles that must sign a proposal: those of its tier, or of the policy in force where that asks more.

    Also for tier auto, where the policy does not approve by itself: the first role does.
    """
    now = tuple(step.role for step in approval.ladder)[: _step(proposal.at_stake_minor, approval) + 1]
    recorded = signers(proposal.tier, approval)
    return now if len(now) > len(recorded) else recorded


def approves_itself(proposal: Proposal, approval: Approval, approved_lately: int) -> bool:
    """Whether the policy approves without people: a small amount, a small change, not too many a day."""
    change = abs(proposal.current_minor - proposal.proposed_minor)
    return (
        proposal.tier == "auto"
        and tier_for(proposal.at_stake_minor, approval) == "auto"
        and change * 10_000 <= approval.auto_max_change_bp * proposal.current_minor
        and approved_lately < approval.auto_max_per_day
    )


def _step(at_stake_minor: int, approval: Approval) -> int:
    limits = (step.up_to_minor for step in approval.ladder)
    return next(number for number, limit in enumerate(limits) if limit is None or at_stake_minor <= limit)
