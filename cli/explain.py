"""`priceradar explain ID` prints why a price was proposed; `verify ID` recomputes it and compares bytes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import Config
from contracts.errors import BadInputError, BadPolicyError, NotFoundError
from contracts.policy import SHIPPED, Policy
from contracts.proposals import Proposal

if TYPE_CHECKING:
    from runtime.settings import Settings

ProposalId = Annotated[str, typer.Argument(metavar="ID", help="A proposal's id, as the console and alerts show it.")]
PolicyOption = Annotated[str, typer.Option("--policy", help="Policy file or name; else the one of the settings.")]


def explain(
    proposal_id: ProposalId,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the note.")] = "en",
    config: Config = None,
) -> None:
    """Print a proposal as a colleague's note: evidence, every guard before and after, what it is worth.

    Example: priceradar explain proposal_4406daa2a373cf395c69a58771a1ae1a --lang zh
    """
    from pricing.explain import explain as note
    from runtime.settings import load_settings

    print(note(_find(proposal_id, load_settings(config)), lang))


def verify(
    proposal_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="A proposal to recompute; without one the whole ledger is looked at.")
    ] = "",
    policy: PolicyOption = "",
    since: Annotated[
        str, typer.Option(help="NUMBER:HASH that an earlier verify printed: the chain must still hold it.")
    ] = "",
    config: Config = None,
) -> None:
    """Recompute a proposal and compare it byte for byte, or find every row of the ledger that was tampered with.

    Exit status 1 where anything differs. Without an ID each proposal, signature, decision and
    delegation is compared with the audit chain, and the chain with itself.

    Example: priceradar verify proposal_4406daa2a373cf395c69a58771a1ae1a --policy policies/winter.toml
    """
    from pricing.verify import verify as check
    from runtime.settings import load_settings

    settings = load_settings(config)
    if not proposal_id:
        _verify_all(since, settings)
        return
    proposal = _find(proposal_id, settings)
    check(proposal, _policy(proposal, policy, settings))
    print(f"{proposal.proposal_id}: recomputed, identical ({proposal.record_hash})")


def _verify_all(since: str, settings: Settings) -> None:
    from contracts.errors import TamperedError
    from ledger.store import Ledger
    from ledger.verification import parse_anchor
    from ledger.verification import verify as look

    known = parse_anchor(since) if since else None
    ledger = Ledger.open(settings.ledger_url)
    try:
        with ledger.snapshot() as connection:
            found = look(connection, known)
    finally:
        ledger.close()
    print(
        f"{found.acts} acts, {found.proposals} proposals, {found.signatures} signatures, {found.decisions} decisions,"
        f" {found.delegations} delegations; newest act {found.head.number}:{found.head.hash}"
    )
    for finding in found.findings:
        print(finding)
    if found.findings:
        raise TamperedError(
            f"the ledger was tampered with: {len(found.findings)} findings, the first: {found.findings[0]}"
        )
    print("every row is what the acts say")


def _find(proposal_id: str, settings: Settings) -> Proposal:
    from ledger.store import Ledger

    ledger = Ledger.open(settings.ledger_url)
    try:
        found: Proposal | None = ledger.proposal(proposal_id)
    finally:
        ledger.close()
    if found is None:
        raise NotFoundError(f"no proposal has the id {proposal_id!r}; the console lists them under Proposals")
    return found


def _policy(proposal: Proposal, named: str, settings: Settings) -> Policy:
    """The policy a proposal was made under: by name, from the settings, or a kept or shipped one of that version."""
    from cli.policies import named as policy_named
    from runtime.policies import load_policy

    if named:
        return policy_named(named, settings)
    for policy in (load_policy(settings.policy), *SHIPPED.values()):
        if policy.version == proposal.policy_version:
            return policy
    with suppress(BadPolicyError):
        return policy_named(proposal.policy_version, settings)
    raise BadInputError(
        f"proposal {proposal.proposal_id} was made under policy {proposal.policy_version}, which is not the one"
        " set now; name its file with --policy"
    )
