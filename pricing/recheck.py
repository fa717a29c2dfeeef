"""The last look before a price is published: fresh cost, fresh price, the floors once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from contracts.facts import CatalogItem, Match
from contracts.observations import PricePoint
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal
from contracts.times import HOUR_MS
from pricing import kernel
from pricing.guards import record_hash
from pricing.kernel import NONE


class Seen(NamedTuple):
    """What is known now of competitors' products: the newest prices of those that equal a SKU, and the matches."""

    rivals: Sequence[PricePoint] = ()
    matches: Sequence[Match] = ()


NOTHING = Seen()


def recheck(
    proposal: Proposal, item: CatalogItem | None, policy: Policy, now_ms: int, seen: Seen = NOTHING
) -> str | None:
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
    objection = next((reason for reason, hit in checks if hit), None) or baseless(proposal, policy, seen)
    return objection or _bounds(proposal, item, policy)


def baseless(proposal: Proposal, policy: Policy, seen: Seen) -> str | None:
    """Why what a markdown answers no longer counts, in one word; None where it does, and for a restore."""
    if proposal.kind == "restore":
        return None
    if match_rejected(proposal, seen.matches):
        return "match_rejected"
    return "trigger_gone" if trigger_gone(proposal, policy, seen.rivals) else None


def match_rejected(proposal: Proposal, matches: Sequence[Match]) -> bool:
    """Whether the product whose cut is answered is not the same as ours, or is another one of ours.

    Where a proposal does not name it (an earlier one does not), every product of that
    competitor matched to the SKU must have been rejected.
    """
    told = proposal.signals
    if told.competitor_product:
        of = [m for m in matches if (m.competitor, m.product_id) == (told.competitor, told.competitor_product)]
    else:
        of = [m for m in matches if (m.competitor, m.sku) == (told.competitor, proposal.sku)]
    return bool(of) and not any(match.equals(proposal.sku) for match in of)


def trigger_gone(proposal: Proposal, policy: Policy, rivals: Sequence[PricePoint]) -> bool:
    """Whether the competitor whose cut is answered has since gone back up, or has nothing left to sell.

    What was seen before the cut, elsewhere, or in another currency says nothing.
    """
    signals = proposal.signals
    later = [
        point
        for point in rivals
        if point.competitor == signals.competitor
        and signals.competitor_product in ("", point.product_id)
        and point.observed_at > signals.competitor_observed_at
        and point.currency == (signals.competitor_currency or proposal.currency)
    ]
    if not later:
        return False
    asked = [one.price_minor for one in later if one.price_minor is not None and one.availability != "OutOfStock"]
    lowest = min(asked, default=None)
    before = signals.competitor_previous_minor
    return lowest is None or (before - lowest) * 10_000 <= policy.detection.move_bp * before


def recheck_decision(
    decision: Decision,
    proposal: Proposal,
    item: CatalogItem | None,
    policy: Policy,
    now_ms: int,
    seen: Seen = NOTHING,
) -> str | None:
    """Why a decision may not go out now, in one word; None where it may.

    A price that is in force already (the decision is sent again) is looked at as if it were not yet.
    """
    if decision.compensates:
        return recheck_undo(decision, proposal, item, policy, now_ms)
    told = (decision.price_minor, decision.previous_minor, decision.currency, decision.sku)
    if told != (proposal.proposed_minor, proposal.current_minor, proposal.currency, proposal.sku):
        return "tampered"
    if item is not None and item.price_minor == decision.price_minor:
        item = msgspec.structs.replace(item, price_minor=proposal.current_minor)
    return recheck(proposal, item, policy, now_ms, seen)


def recheck_undo(
    decision: Decision, proposal: Proposal, item: CatalogItem | None, policy: Policy, now_ms: int
) -> str | None:
    """Why a decision may not be undone (`decision` is the compensating one); None where it may.

    A price that goes back up needs no floor, and the kill switch does not hold it. One that goes
    back down is judged like a markdown, and only while the evidence of its proposal is fresh.
    """
    if item is None or item.price_minor <= 0:
        return "unknown_item"
    lowers = decision.price_minor < decision.previous_minor
    old = now_ms - proposal.decided_at > policy.approval.expire_after_hours * HOUR_MS
    checks = (
        ("currency_mismatch", item.currency != decision.currency),
        ("price_changed", item.price_minor not in (decision.previous_minor, decision.price_minor)),
        ("kill_switch", lowers and policy.pricing.kill_switch),
        ("expired", lowers and old),
    )
    objection = next((reason for reason, hit in checks if hit), None)
    if objection is None and lowers:
        # It marks down from the price of now, which the proposal it undoes had just set.
        began = max(proposal.window_start_minor, decision.previous_minor)
        objection = _below_bounds(decision.price_minor, began, item, policy)
    return objection


def _bounds(proposal: Proposal, item: CatalogItem, policy: Policy) -> str | None:
    if proposal.kind == "restore":
        return None if proposal.proposed_minor > item.price_minor else "no_gain"
    below = _below_bounds(proposal.proposed_minor, proposal.window_start_minor, item, policy)
    below = below or _beyond(proposal, item.currency, policy)
    return below or (None if proposal.proposed_minor < item.price_minor else "no_gain")


def _beyond(proposal: Proposal, currency: str, policy: Policy) -> str | None:
    """What the markdowns in force and the market say, with the policy as it is now."""
    told, price = proposal.signals, proposal.proposed_minor
    standing = told.standing_from_minor
    if standing is not None and price < kernel.cap_price(standing, policy.pricing.standing_cap_bp):
        return "cap"
    market, low = policy.pricing.market(currency), told.prior_low_minor
    if market is None or low is None or market.name != told.market:
        return None
    breaks = (market.announced and price >= low) or (market.new_low == "hold" and price < low)
    return "market_rule" if breaks else None


def _below_bounds(price_minor: int, window_start_minor: int, item: CatalogItem, policy: Policy) -> str | None:
    if item.cost_minor is None or item.cost_minor < 0:
        return "missing_cost"
    bounds = [NONE if bound is None else bound for bound in (item.map_minor, item.floor_minor)]
    floor = kernel.hard_floor(item.cost_minor, item.fees_minor, policy.pricing.minimum_margin_bp, *bounds)
    if price_minor < floor:
        return "floor"
    return "cap" if price_minor < kernel.cap_price(window_start_minor, policy.pricing.cap_bp) else None
