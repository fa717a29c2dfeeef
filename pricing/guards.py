"""Signals and a policy give a proposal: the whole decision, as one pure function.

Live, backtest and verification call `propose`. Order: inputs valid and fresh, target, cap,
rounding, market, hard floors last, worth, risk tier. The decision itself is `kernel.decide`; this
writes down what it did, guard by guard.
"""

from __future__ import annotations

import msgspec

from contracts.codec import encode
from contracts.ids import content_hash, make_id
from contracts.policy import Policy, Pricing
from contracts.proposals import GuardStep, Proposal, ProposalKind, Signals
from pricing import kernel
from pricing.approval import tier_for
from pricing.inputs import Asked, Case, facts_of, limits_of
from pricing.kernel import NONE, Decided
from pricing.reasons import REASONS, Reason


class _Trail:
    """The guards in the order they ran, and the price as they left it."""

    def __init__(self, price: int) -> None:
        self.price = price
        self.steps: list[GuardStep] = []

    def passed(self, guard: str, after: int, note: str = "") -> None:
        outcome = "passed" if after == self.price else "changed"
        self.steps.append(GuardStep(guard, outcome, self.price, after, note))  # type: ignore[arg-type]
        self.price = after

    def blocked(self, guard: str, reason: str) -> None:
        self.steps.append(GuardStep(guard, "blocked", self.price, self.price, reason))


def propose(case: Case, policy: Policy, asked: Asked) -> Proposal:
    """The proposal that follows from the signals; where a guard held it back, `blocked_by` says which.

    A markdown, or a restore where `signals.restore_minor` is set. Equal arguments give
    equal bytes. Rules other than today's are for verifying what earlier ones made.
    """
    pricing = policy.pricing
    return recorded(kernel.decide(facts_of(case, pricing), limits_of(pricing, asked.rules)), case, policy, asked)


def recorded(made: Decided, case: Case, policy: Policy, asked: Asked) -> Proposal:
    """A decision as the record that is kept: every guard before and after, and the hash of it all."""
    signals, decided_at, currency = case
    sku, trigger_event_id, look, rules = asked
    kind: ProposalKind = "markdown" if signals.restore_minor is None else "restore"
    blocked_by = reason_of(made.code)
    tier = tier_for(made.stake, policy.approval)
    interval = rules > 1 and blocked_by is None
    proposal = Proposal(
        proposal_id=proposal_id(sku, trigger_event_id, kind, look),
        kind=kind,
        sku=sku,
        decided_at=decided_at,
        trigger_event_id=trigger_event_id,
        current_minor=signals.price_minor,
        proposed_minor=signals.price_minor if blocked_by else made.price,
        window_start_minor=signals.window_start_minor,
        currency=currency,
        policy_version=policy.version,
        signals=signals,
        guards=tuple(_trail(made, signals, policy.pricing, currency, tier)),
        floor_minor=floor_of(signals, policy.pricing),
        expected_units=made.units,
        expected_profit_change_minor=made.gain,
        at_stake_minor=made.stake,
        tier=tier,
        blocked_by=blocked_by,
        rules=rules,
        profit_lower_minor=made.gain_lower if interval else None,
        profit_upper_minor=made.gain_upper if interval else None,
        new_low_by_minor=_new_low(made, signals) if interval and kind == "markdown" else 0,
        look=look,
    )
    return msgspec.structs.replace(proposal, record_hash=record_hash(proposal))


def reason_of(code: int) -> Reason | None:
    """The reason of a code of the kernel; None for 0."""
    return REASONS[code - 1] if code else None


def _new_low(made: Decided, signals: Signals) -> int:
    return 0 if signals.prior_low_minor is None else max(0, signals.prior_low_minor - made.price)


def _trail(made: Decided, signals: Signals, pricing: Pricing, currency: str, tier: str) -> list[GuardStep]:
    trail = _Trail(signals.price_minor)
    if made.stage == kernel.INPUTS:
        trail.blocked("inputs", reason_of(made.code) or "")
    else:
        trail.passed("inputs", trail.price)
        if signals.restore_minor is None:
            _sized(trail, made, signals, pricing, currency)
        else:
            _brought_back(trail, made, signals, pricing)
    if made.code:
        trail.price = signals.price_minor
    trail.passed("risk", trail.price, tier)
    return trail.steps


def _sized(trail: _Trail, made: Decided, signals: Signals, pricing: Pricing, currency: str) -> None:
    market = pricing.market(currency) if signals.market else None
    stages = [
        (kernel.TARGET, "target", made.target, ""),
        (kernel.CAP, "cap", made.capped, f"{_binding(made, signals, pricing)} {made.lowest}"),
        (kernel.ROUNDING, "rounding", made.rounded, f"step {pricing.rounding_minor}"),
        (kernel.MARKET, "market", made.marketed, f"{signals.market} {signals.prior_low_minor or ''}".strip()),
        (kernel.FLOOR, "floor", made.floored, f"floor {floor_of(signals, pricing)}"),
    ]
    for stage, guard, price, note in stages:
        if stage != kernel.MARKET or (market is not None and (market.announced or market.new_low == "hold")):
            trail.passed(guard, price, note)
        if made.stage == stage:
            trail.blocked(guard, reason_of(made.code) or "")
            return
    if made.stage == kernel.WORTH:
        trail.blocked("worth", reason_of(made.code) or "")
    else:
        trail.passed("worth", trail.price, f"gain {made.gain}")


def _binding(made: Decided, signals: Signals, pricing: Pricing) -> str:
    """Which cap allows less: that of the window, or that of all markdowns in force."""
    window = kernel.cap_price(signals.window_start_minor, pricing.cap_bp)
    return "cap" if made.lowest <= window else "standing"


def _brought_back(trail: _Trail, made: Decided, signals: Signals, pricing: Pricing) -> None:
    trail.passed("target", made.target)
    trail.passed("floor", made.floored, f"floor {floor_of(signals, pricing)}")
    if made.code:
        trail.blocked("target", reason_of(made.code) or "")


def proposal_id(sku: str, trigger_event_id: str, kind: ProposalKind, look: str = "") -> str:
    """Id of the answer to one event for one SKU, or of one later look: the same never gets two."""
    return make_id("proposal", sku, trigger_event_id, kind, *([look] if look else []))


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
