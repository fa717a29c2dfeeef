"""Signals and policy as the plain numbers that the kernel decides on: one row, or columns of many."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

from contracts.policy import Pricing
from contracts.proposals import Signals
from contracts.times import HOUR_MS, MINUTE_MS
from pricing.kernel import LARGEST, NEVER, NONE, Facts, Limits

RULES = 2  # the number of today's rules; a proposal carries that of those that made it
FOREVER = 1 << 60


class Case(NamedTuple):
    """What one decision is made from; `decided_at` in epoch ms, UTC."""

    signals: Signals
    decided_at: int
    currency: str


class Asked(NamedTuple):
    """What a decision answers: a product, an event (or a `look` without one), by the rules of this number."""

    sku: str
    trigger_event_id: str
    look: str = ""
    rules: int = RULES


def facts_of(case: Case, pricing: Pricing) -> Facts:
    """The numbers of one product."""
    return _facts(case, _flags(pricing))


def rows_of(cases: Sequence[Case], pricing: Pricing) -> npt.NDArray[Any]:
    """The same numbers of many, as rows of FACTS."""
    flags = _flags(pricing)
    return np.array([_facts(case, flags) for case in cases], FACTS)


def limits_of(pricing: Pricing, rules: int = RULES) -> Limits:
    """What the policy allows."""
    return Limits(
        rules=rules,
        cap_bp=pricing.cap_bp,
        standing_cap_bp=pricing.standing_cap_bp,
        target_cover=float(pricing.target_cover_days),
        margin_bp=pricing.minimum_margin_bp,
        step=min(pricing.rounding_minor, LARGEST),
        stock_age=min(pricing.stock_max_age_minutes * MINUTE_MS, FOREVER),
        competitor_age=min(pricing.competitor_max_age_minutes * MINUTE_MS, FOREVER),
        confidence=pricing.minimum_match_confidence,
        cooldown=min(pricing.cooldown_hours * HOUR_MS, FOREVER),
        reactions=min(pricing.price_war_reactions, FOREVER),
        changes=min(pricing.max_changes_in_28_days, FOREVER),
        skus=min(pricing.max_skus_per_hour, FOREVER),
        margin_spent=min(pricing.max_margin_per_hour_minor, FOREVER),
        elasticity=pricing.default_elasticity,
        horizon=float(pricing.horizon_days),
        surplus_bp=pricing.surplus_value_bp,
        dearer_bp=pricing.dearer_bp,
        maximum_loss_bp=pricing.maximum_loss_bp,
        kill_switch=pricing.kill_switch,
    )


def _flags(pricing: Pricing) -> dict[str, tuple[bool, bool]]:
    """By currency: whether its market announces reductions, and whether it holds the lowest prior price."""
    return {
        currency: (rule.announced, rule.new_low == "hold") for rule in pricing.markets for currency in rule.currencies
    }


def _facts(case: Case, flags: dict[str, tuple[bool, bool]]) -> Facts:
    s, at, currency = case
    announced, hold = flags.get(currency, NEITHER) if s.market else NEITHER
    stock_as_of, last_change = s.stock_as_of, s.last_change_at
    # In the order of Facts; a call with names costs twice as much.
    return Facts(
        _amount(s.price_minor),
        _amount(s.window_start_minor),
        _amount(s.standing_from_minor),
        _amount(s.cost_minor),
        _count(s.fees_minor),
        _amount(s.map_minor),
        _amount(s.floor_minor),
        _amount(s.prior_low_minor),
        _amount(s.restore_minor),
        _amount(s.competitor_price_minor),
        not s.competitor_currency,
        s.competitor_price_type == "regular" and not s.competitor_on_promotion,
        s.competitor_in_stock,
        _age(s.competitor_observed_at, at if stock_as_of is None or stock_as_of < at else stock_as_of),
        s.match_confidence,
        _amount(s.on_hand),
        _count(s.inbound),
        NEVER if stock_as_of is None else _age(stock_as_of, at),
        nan if s.daily_demand is None else s.daily_demand,
        nan if s.demand_lower is None else s.demand_lower,
        nan if s.demand_upper is None else s.demand_upper,
        nan if s.elasticity is None else s.elasticity,
        nan if s.elasticity_lower is None else s.elasticity_lower,
        nan if s.elasticity_upper is None else s.elasticity_upper,
        s.season_factor,
        s.cover_season_factor,
        s.own_promotion,
        NONE if last_change is None else max(0, _age(last_change, at)),
        _count(s.competitor_reactions),
        _count(s.own_changes_28d),
        _count(s.skus_changed_last_hour),
        _count(s.margin_spent_last_hour_minor),
        s.kill_switch,
        announced,
        hold,
    )


def _amount(value: int | None) -> int:
    """An amount that fits the kernel: NONE where it is not known, just above LARGEST where it is absurd."""
    if value is None or value < NONE:
        return NONE
    return value if value <= LARGEST else LARGEST + 1


def _age(since: int, now: int) -> int:
    age = now - since
    return age if -FOREVER < age < FOREVER else FOREVER if age > 0 else -FOREVER


def _count(value: int) -> int:
    return value if -FOREVER < value < FOREVER else FOREVER if value > 0 else -FOREVER


NEITHER = (False, False)
_TYPES: dict[type, type] = {int: np.int64, float: np.float64, bool: np.bool_}
FACTS = np.dtype([(name, _TYPES[kind]) for name, kind in get_type_hints(Facts).items()])
