"""Ready-made facts and events for tests of the pricing room; amounts in minor units, CNY."""

from __future__ import annotations

from typing import Any

from contracts.events import PriceMoved
from contracts.facts import CatalogItem, StockLevel, UnitsSold
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal, Signals
from contracts.times import DAY_MS, HOUR_MS
from pricing.agent import PricingAgent

NOW = 1_800_000_000_000
COMPETITOR = "rival"


def signals(**changes: Any) -> Signals:
    """Signals on which the default policy proposes a markdown; change what a test is about."""
    values: dict[str, Any] = {
        "competitor": COMPETITOR,
        "competitor_price_minor": 8_000,
        "competitor_previous_minor": 10_000,
        "competitor_observed_at": NOW,
        "price_minor": 10_000,
        "window_start_minor": 10_000,
        "cost_minor": 6_000,
        "on_hand": 5_000,
        "stock_as_of": NOW,
        "daily_demand": 20.0,
        "elasticity": -3.0,
    }
    return Signals(**{**values, **changes})


def item(price: int = 10_000, as_of: int = NOW - 60 * DAY_MS, **changes: Any) -> CatalogItem:
    """Our product."""
    values: dict[str, Any] = {"sku": "A", "price_minor": price, "currency": "CNY", "as_of": as_of, "cost_minor": 6_000}
    return CatalogItem(**{**values, **changes})


def move(now: int, before: int = 10_000, at: int = NOW, event_id: str = "", **changes: Any) -> PriceMoved:
    """The competitor's price went from `before` to `now`."""
    values: dict[str, Any] = {
        "event_id": event_id or f"move-{at}-{now}",
        "competitor": COMPETITOR,
        "product_id": "p1",
        "observed_at": at,
        "sku": "A",
        "basis": "step",
        "previous_minor": before,
        "anchor_minor": before,
        "price_minor": now,
        "currency": "CNY",
    }
    return PriceMoved(**{**values, **changes})


def sales(sku: str = "A", daily: float = 20.0, days: int = 28, until: int = NOW) -> list[UnitsSold]:
    """Even sales up to a moment."""
    return [
        UnitsSold(sku, until - (n + 1) * DAY_MS, until - n * DAY_MS, daily, price_minor=10_000, currency="CNY")
        for n in range(days)
    ]


def ready(policy: Policy, at: int = NOW, on_hand: int = 5_000) -> PricingAgent:
    """An agent that knows product A, its stock and its sales."""
    agent = PricingAgent(policy)
    agent.on_item(item())
    agent.on_stock(StockLevel("A", on_hand, at - HOUR_MS // 12))
    for sold in sales(until=at):
        agent.on_sales(sold)
    return agent


def decision_on(made: Proposal, at: int) -> Decision:
    """What was decided about a proposal: it as it is."""
    return Decision(
        decision_id=f"d-{made.proposal_id}",
        sku=made.sku,
        price_minor=made.proposed_minor,
        previous_minor=made.current_minor,
        currency=made.currency,
        decided_at=at,
        proposal_id=made.proposal_id,
    )
