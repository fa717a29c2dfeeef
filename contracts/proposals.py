"""What the pricing agent proposes, why, and what people decided."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.observations import PriceType

ProposalKind = Literal["markdown", "restore"]
RiskTier = Literal["auto", "pricing", "marketing_director", "finance_director", "general_manager"]
GuardOutcome = Literal["passed", "changed", "blocked"]
ProposalStatus = Literal["pending", "approved", "rejected", "expired", "published", "blocked", "undone"]


class GuardStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One guard in the order it ran: the price before and after it, in minor units."""

    guard: str
    outcome: GuardOutcome
    before_minor: int
    after_minor: int
    note: str = ""


class Signals(msgspec.Struct, frozen=True, omit_defaults=True):
    """The inputs a proposal was computed from: all of them, so it can be recomputed.

    Units are minor units of the proposal's currency, epoch ms UTC, units of stock,
    units a day. None where the signal is not known; guards say what then happens.
    `restore_minor` is the price before our markdown, set where the trigger is gone;
    `competitor_currency` is empty where it is the item's own, `competitor_product` where it was not
    told yet. `standing_from_minor` is the price
    before the first of the markdowns that are in force. `prior_low_minor` is what `market` counts
    an announced reduction from: the lowest price of `prior_days` before the markdown in force
    began, before now where none is. Season factors: the demand of the horizon, and of the
    target cover, against a usual day's.
    """

    competitor: str
    competitor_price_minor: int
    competitor_previous_minor: int
    competitor_observed_at: int
    competitor_in_stock: bool = True
    competitor_on_promotion: bool = False
    competitors_seen: int = 1
    competitors_lowest_minor: int | None = None
    competitors_median_minor: int | None = None
    match_confidence: float = 1.0
    price_minor: int = 0
    window_start_minor: int = 0
    cost_minor: int | None = None
    fees_minor: int = 0
    map_minor: int | None = None
    floor_minor: int | None = None
    own_promotion: bool = False
    on_hand: int | None = None
    inbound: int = 0
    stock_as_of: int | None = None
    daily_demand: float | None = None
    demand_lower: float | None = None
    demand_upper: float | None = None
    elasticity: float | None = None
    elasticity_lower: float | None = None
    elasticity_upper: float | None = None
    lowest_30d_minor: int | None = None
    season_factor: float = 1.0
    last_change_at: int | None = None
    competitor_reactions: int = 0
    skus_changed_last_hour: int = 0
    margin_spent_last_hour_minor: int = 0
    kill_switch: bool = False
    competitor_currency: str = ""
    competitor_price_type: PriceType = "regular"
    restore_minor: int | None = None
    standing_from_minor: int | None = None
    standing_since: int | None = None
    market: str = ""
    prior_days: int = 0
    prior_low_minor: int | None = None
    cover_season_factor: float = 1.0
    own_changes_28d: int = 0
    competitor_product: str = ""


class Proposal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A change of one of our prices, proposed or (where `blocked_by` is set) held back.

    `proposal_id` is a hash of SKU, trigger and kind. `decided_at` is event time (epoch
    ms UTC), never the clock. `window_start_minor` is the price at the start of the cap
    window; `floor_minor` the highest hard floor that held. `at_stake_minor` is markdown
    per unit times expected units. `record_hash` is SHA-256 over signals, policy version,
    guards and result; `priceradar verify` recomputes it. The expected change of profit has an 80 %
    interval; `new_low_by_minor` is how much below the market's reference the price is, each unit.
    `rules` numbers the rules that made it: 1, or 2 that weigh demand and elasticity by their
    intervals. `look` says why it was made without an event, empty where an event was answered:
    `again:<reason>`, the second look at a cut that was held back for that reason; `stood:<time>`, a
    markdown that nothing has asked for since; `cover:<time>`, one whose stock is sold;
    `match:<time>`, one that answers a product which people say is not the same. It counts in
    `proposal_id`.
    """

    proposal_id: str
    kind: ProposalKind
    sku: str
    decided_at: int
    trigger_event_id: str
    current_minor: int
    proposed_minor: int
    window_start_minor: int
    currency: str
    policy_version: str
    signals: Signals
    guards: tuple[GuardStep, ...]
    floor_minor: int | None = None
    expected_units: float = 0.0
    expected_profit_change_minor: int = 0
    at_stake_minor: int = 0
    tier: RiskTier = "marketing_director"
    blocked_by: str | None = None
    record_hash: str = ""
    rules: int = 1
    profit_lower_minor: int | None = None
    profit_upper_minor: int | None = None
    new_low_by_minor: int = 0
    look: str = ""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The price to apply: what the shop's own systems read from `pricing.decisions.v1`.

    `compensates` is the decision that this one undoes, where it does.
    """

    decision_id: str
    sku: str
    price_minor: int
    previous_minor: int
    currency: str
    decided_at: int
    proposal_id: str
    approved_by: tuple[str, ...] = ()
    compensates: str = ""
