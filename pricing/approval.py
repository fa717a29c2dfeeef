"""Who must sign: by the amount at stake, in minor units of the proposal's currency."""

from __future__ import annotations

from contracts.policy import Approval
from contracts.proposals import RiskTier

SIGNERS: dict[RiskTier, tuple[str, ...]] = {
    "auto": (),
    "marketing_director": ("marketing_director",),
    "finance_director": ("marketing_director", "finance_director"),
    "general_manager": ("marketing_director", "finance_director", "general_manager"),
}


def tier_for(at_stake_minor: int, approval: Approval) -> RiskTier:
    """The tier of an amount; a limit itself still belongs to the lower tier, the auto limit does not."""
    if at_stake_minor < approval.auto_below_minor:
        return "auto"
    if at_stake_minor <= approval.marketing_director_up_to_minor:
        return "marketing_director"
    if at_stake_minor <= approval.finance_director_up_to_minor:
        return "finance_director"
    return "general_manager"


def signers(tier: RiskTier) -> tuple[str, ...]:
    """Roles that must all sign, in the order in which they are asked; none for auto."""
    return SIGNERS[tier]
