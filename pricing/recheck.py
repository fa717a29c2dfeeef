"""The last look before a price is published: fresh cost, fresh price, the floors once more."""

from __future__ import annotations

from contracts.facts import CatalogItem
from contracts.policy import Policy
from contracts.proposals import Proposal
from contracts.times import HOUR_MS
from pricing import kernel
from pricing.guards import record_hash
from pricing.kernel import NONE


def recheck(proposal: Proposal, item: CatalogItem | None, policy: Policy, now_ms: int) -> str | None:
    """Why this proposal may not be published now, in one word; None where it may.

    `item` is the catalogue as it is now, `now_ms` the moment of publishing (epoch ms, UTC).
    """
    if proposal.blocked_by is not None:
        return proposal.blocked_by
    if item is None or item.price_minor <= 0:
        return "unknown_item"
    expired = now_ms - proposal.decided_at > policy.approval.expire_after_hours * HOUR_MS
    checks = (
        ("tampered", proposal.record_hash != record_hash(proposal)),
        ("kill_switch", policy.pricing.kill_switch),
        ("expired", expired),
        ("currency_mismatch", item.currency != proposal.currency),
        ("price_changed", item.price_minor != proposal.current_minor),
        ("own_promotion", item.on_promotion),
    )
    return next((reason for reason, hit in checks if hit), None) or _bounds(proposal, item, policy)


def _bounds(proposal: Proposal, item: CatalogItem, policy: Policy) -> str | None:
    if proposal.kind == "restore":
        return None if proposal.proposed_minor > item.price_minor else "no_gain"
    if item.cost_minor is None or item.cost_minor < 0:
        return "missing_cost"
    bounds = [NONE if bound is None else bound for bound in (item.map_minor, item.floor_minor)]
    floor = kernel.hard_floor(item.cost_minor, item.fees_minor, policy.pricing.minimum_margin_bp, *bounds)
    if proposal.proposed_minor < floor:
        return "floor"
    if proposal.proposed_minor < kernel.cap_price(proposal.window_start_minor, policy.pricing.cap_bp):
        return "cap"
    return None if proposal.proposed_minor < item.price_minor else "no_gain"
