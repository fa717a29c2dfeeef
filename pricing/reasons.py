"""Why a proposal was held back: a closed set, in the order in which the guards look."""

from __future__ import annotations

from typing import Literal, get_args

Reason = Literal[
    "kill_switch",
    "unknown_item",
    "currency_mismatch",
    "not_regular_price",
    "competitor_out_of_stock",
    "competitor_stale",
    "competitor_dearer",
    "low_match_confidence",
    "missing_cost",
    "unknown_stock",
    "stale_stock",
    "own_promotion",
    "cooldown",
    "price_war",
    "restless",
    "sku_budget",
    "unknown_demand",
    "insufficient_cover",
    "no_gain",
    "cap",
    "rounding",
    "market_rule",
    "floor",
    "uncertain_gain",
    "margin_budget",
]

REASONS: tuple[Reason, ...] = get_args(Reason)
CODE: dict[Reason, int] = {reason: number for number, reason in enumerate(REASONS, start=1)}
