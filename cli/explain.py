"""`priceradar explain ID` prints why a price was proposed; `verify ID` recomputes it and compares bytes."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from contracts.errors import BadInputError, NotFoundError
from contracts.policy import SHIPPED, Policy
from contracts.proposals import Proposal

ProposalId = Annotated[str, typer.Argument(metavar="ID", help="A proposal's id, as the console and alerts show it.")]
PolicyOption = Annotated[str, typer.Option("--policy", help="Policy file or name; else the one of the settings.")]


def explain(
    proposal_id: ProposalId,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the note.")] = "en",
) -> None:
    """Print a proposal as a colleague's note: evidence, every guard before and after, what it is worth.

    Example: priceradar explain proposal_4406daa2a373cf395c69a58771a1ae1a --lang zh
    """
    from pricing.explain import explain as note

    print(note(_find(proposal_id), lang))


def verify(proposal_id: ProposalId, policy: PolicyOption = "") -> None:
    """Recompute a proposal from its recorded inputs and compare it byte for byte; exit status 1 where it differs.

    Example: priceradar verify proposal_4406daa2a373cf395c69a58771a1ae1a --policy policies/winter.toml
    """
    from pricing.verify import verify as check

    proposal = _find(proposal_id)
    check(proposal, _policy(proposal, policy))
    print(f"{proposal.proposal_id}: recomputed, identical ({proposal.record_hash})")


def _find(proposal_id: str) -> Proposal:
    from ledger.store import Ledger
    from runtime.settings import load_settings

    ledger = Ledger.open(load_settings().ledger_url)
    try:
        found: Proposal | None = ledger.proposal(proposal_id)
    finally:
        ledger.close()
    if found is None:
        raise NotFoundError(f"no proposal has the id {proposal_id!r}; the console lists them under Proposals")
    return found


def _policy(proposal: Proposal, named: str) -> Policy:
    """The policy a proposal was made under: by name, from the settings, or a shipped one of that version."""
    from runtime.policies import load_policy
    from runtime.settings import load_settings

    if named:
        return load_policy(named)
    for policy in (load_policy(load_settings().policy), *SHIPPED.values()):
        if policy.version == proposal.policy_version:
            return policy
    raise BadInputError(
        f"proposal {proposal.proposal_id} was made under policy {proposal.policy_version}, which is not the one"
        " set now; name its file with --policy"
    )
