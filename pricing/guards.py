"""Signals and a policy give a proposal: the whole decision, as one pure function.

Live, backtest and verification call `propose`. Order: inputs valid and fresh, target, cap,
rounding, hard floors last, risk tier.
"""

from __future__ import annotations

import math

import msgspec

from contracts.codec import encode
from contracts.ids import content_hash, make_id
from contracts.policy import Policy, Pricing
from contracts.proposals import GuardStep, Proposal, ProposalKind, Signals
from contracts.times import HOUR_MS, MINUTE_MS
from pricing import kernel
from pricing.approval import tier_for
from pricing.kernel import NONE
from pricing.reasons import REASONS, Reason


class _Trail:
    """The guards in the order they ran, and the price as they left it."""

    def __init__(self, price: int) -> None:
        self.price = price
        self.steps: list[GuardStep] = []
        self.blocked_by: Reason | None = None

    def passed(self, guard: str, after: int, note: str = "") -> None:
        outcome = "passed" if after == self.price else "changed"
        self.steps.append(GuardStep(guard, outcome, self.price, after, note))  # type: ignore[arg-type]
        self.price = after

    def block(self, guard: str, reason: Reason) -> None:
        if self.blocked_by is None:
            self.blocked_by = reason
            self.steps.append(GuardStep(guard, "blocked", self.price, self.price, reason))


def propose(
    signals: Signals, policy: Policy, *, sku: str, trigger_event_id: str, decided_at: int, currency: str
) -> Proposal:
    """The proposal that follows from the signals; where a guard held it back, `blocked_by` says which.

    A markdown, or a restore where `signals.restore_minor` is set. Equal arguments give
    equal bytes.
    """
    kind: ProposalKind = "markdown" if signals.restore_minor is None else "restore"
    trail = _Trail(signals.price_minor)
    floor = floor_of(signals, policy.pricing)
    if kind == "markdown":
        _markdown(trail, signals, policy.pricing, decided_at, floor)
    else:
        _restore(trail, signals, policy.pricing, floor)
    units, gain = (0.0, 0) if trail.blocked_by else expectation(signals, policy.pricing, trail.price)
    at_stake = math.ceil(max(0, signals.price_minor - trail.price) * units)
    if trail.blocked_by is None and kind == "markdown":
        _worth(trail, signals, policy.pricing, gain, at_stake)
    if trail.blocked_by:
        trail.price, units, gain, at_stake = signals.price_minor, 0.0, 0, 0
    tier = tier_for(at_stake, policy.approval)
    trail.passed("risk", trail.price, tier)
    proposal = Proposal(
        proposal_id=proposal_id(sku, trigger_event_id, kind),
        kind=kind,
        sku=sku,
        decided_at=decided_at,
        trigger_event_id=trigger_event_id,
        current_minor=signals.price_minor,
        proposed_minor=trail.price,
        window_start_minor=signals.window_start_minor,
        currency=currency,
        policy_version=policy.version,
        signals=signals,
        guards=tuple(trail.steps),
        floor_minor=floor,
        expected_units=units,
        expected_profit_change_minor=gain,
        at_stake_minor=at_stake,
        tier=tier,
        blocked_by=trail.blocked_by,
    )
    return msgspec.structs.replace(proposal, record_hash=record_hash(proposal))


def proposal_id(sku: str, trigger_event_id: str, kind: ProposalKind) -> str:
    """Id of the answer to one event for one SKU: the same event never gets two."""
    return make_id("proposal", sku, trigger_event_id, kind)


def record_hash(proposal: Proposal) -> str:
    """SHA-256 of the proposal's canonical JSON with an empty `record_hash`."""
    return content_hash(encode(msgspec.structs.replace(proposal, record_hash="")))


def floor_of(signals: Signals, pricing: Pricing) -> int | None:
    """The highest hard floor that is known, in minor units; None where none is."""
    others = [bound for bound in (signals.map_minor, signals.floor_minor) if bound is not None]
    if signals.cost_minor is None:
        return max(others, default=None)
    return kernel.hard_floor(
        signals.cost_minor, signals.fees_minor, pricing.minimum_margin_bp, *(max(others, default=NONE),) * 2
    )


def expectation(signals: Signals, pricing: Pricing, price: int) -> tuple[float, int]:
    """Units expected over the horizon at a price, and the profit gained on staying, in minor units."""
    if not signals.price_minor or signals.daily_demand is None or signals.cost_minor is None or not signals.on_hand:
        return 0.0, 0
    model = demand_model(signals, pricing)
    current = float(signals.price_minor)
    units = kernel.units_at(float(price), current, *model[:3])
    gain = kernel.profit_at(float(price), current, *model) - kernel.profit_at(current, current, *model)
    return round(units, 3), math.floor(gain + 0.5)


def demand_model(signals: Signals, pricing: Pricing) -> tuple[float, float, float, float, float, float, float]:
    """Units over the horizon, elasticity, on hand, cost, fees, surplus, what a surplus unit fetches later."""
    daily, cost, on_hand = signals.daily_demand or 0.0, signals.cost_minor or 0, signals.on_hand or 0
    elasticity = pricing.default_elasticity if signals.elasticity is None else signals.elasticity
    elasticity = min(max(elasticity, -20.0), -0.01)
    surplus = max(0.0, on_hand + signals.inbound - pricing.target_cover_days * daily)
    return (
        daily * signals.season_factor * pricing.horizon_days,
        elasticity,
        float(on_hand),
        float(cost),
        float(signals.fees_minor),
        surplus,
        cost * pricing.surplus_value_bp / 10_000,
    )


def _markdown(trail: _Trail, signals: Signals, pricing: Pricing, decided_at: int, floor: int | None) -> None:
    reason = screened(signals, pricing, decided_at)
    if reason is not None:
        trail.block("inputs", reason)
        return
    trail.passed("inputs", trail.price)
    assert floor is not None, "screened: the cost is known"
    lowest = kernel.cap_price(signals.window_start_minor, pricing.cap_bp)
    prices = kernel.sized(
        signals.price_minor,
        lowest,
        kernel.cap_price(signals.price_minor, pricing.cap_bp),
        pricing.rounding_minor,
        floor,
        *demand_model(signals, pricing),
    )
    notes = ("", f"cap {lowest}", f"step {pricing.rounding_minor}", f"floor {floor}")
    for (guard, reason), price, note in zip(SIZING, prices, notes, strict=True):
        trail.passed(guard, price, note)
        if price >= signals.price_minor:
            trail.block(guard, reason)
            return


SIZING: tuple[tuple[str, Reason], ...] = (
    ("target", "no_gain"),
    ("cap", "cap"),
    ("rounding", "rounding"),
    ("floor", "floor"),
)


def _restore(trail: _Trail, signals: Signals, pricing: Pricing, floor: int | None) -> None:
    wanted = signals.restore_minor or 0
    if pricing.kill_switch or signals.kill_switch:
        trail.block("inputs", "kill_switch")
    elif signals.price_minor <= 0:
        trail.block("inputs", "unknown_item")
    elif signals.own_promotion:
        trail.block("inputs", "own_promotion")
    else:
        trail.passed("inputs", trail.price)
        trail.passed("target", wanted)
        trail.passed("floor", max(wanted, floor or 0), f"floor {floor}")
        if trail.price <= signals.price_minor:
            trail.block("target", "no_gain")


def _worth(trail: _Trail, signals: Signals, pricing: Pricing, gain: int, at_stake: int) -> None:
    if gain <= 0:
        trail.block("worth", "no_gain")
    elif signals.margin_spent_last_hour_minor + at_stake > pricing.max_margin_per_hour_minor:
        trail.block("worth", "margin_budget")
    else:
        trail.passed("worth", trail.price, f"gain {gain}")


def screened(signals: Signals, pricing: Pricing, decided_at: int) -> Reason | None:
    """The first reason not to act on these inputs, None where they are valid and fresh."""
    now = max(decided_at, signals.stock_as_of or 0)
    code = kernel.screen(
        signals.price_minor,
        signals.window_start_minor > 0,
        not signals.competitor_currency,
        signals.competitor_price_type == "regular" and not signals.competitor_on_promotion,
        signals.competitor_in_stock,
        now - signals.competitor_observed_at,
        pricing.competitor_max_age_minutes * MINUTE_MS,
        signals.match_confidence,
        pricing.minimum_match_confidence,
        NONE if signals.cost_minor is None or signals.fees_minor < 0 else signals.cost_minor,
        NONE if signals.on_hand is None or signals.stock_as_of is None else signals.on_hand,
        0 if signals.stock_as_of is None else decided_at - signals.stock_as_of,
        pricing.stock_max_age_minutes * MINUTE_MS,
        math.nan if signals.daily_demand is None else signals.daily_demand,
        signals.own_promotion,
        NONE if signals.last_change_at is None else max(0, decided_at - signals.last_change_at),
        pricing.cooldown_hours * HOUR_MS,
        signals.competitor_reactions,
        pricing.price_war_reactions,
        signals.skus_changed_last_hour,
        pricing.max_skus_per_hour,
        float(pricing.target_cover_days),
        pricing.kill_switch or signals.kill_switch,
    )
    return REASONS[code - 1] if code else None
