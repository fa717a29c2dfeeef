"""One alert, one proposal and one product of ours: what tests of several rooms begin with."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.alerts import Alert
from contracts.facts import CatalogItem
from contracts.policy import DEFAULT
from contracts.proposals import GuardStep, Proposal, Signals
from pricing.guards import record_hash

NOW = 1_764_000_000_000


def alert(revision: int = 1, **fields: object) -> Alert:
    known: dict[str, Any] = {
        "alert_id": "alert_1",
        "revision": revision,
        "status": "opened" if revision == 1 else "updated",
        "kind": "price",
        "severity": "red",
        "competitor": "shop",
        "product_id": "p1",
        "opened_at": NOW,
        "observed_at": NOW + revision,
        "event_id": f"move_{revision}",
        "headline": f"revision {revision}",
    }
    return Alert(**{**known, **fields})


def proposal(number: int = 1, tier: str = "marketing_director", **fields: object) -> Proposal:
    known: dict[str, Any] = {
        "proposal_id": f"markdown_{number}",
        "kind": "markdown",
        "sku": "sku1",
        "decided_at": NOW,
        "trigger_event_id": "move_1",
        "current_minor": 10_000,
        "proposed_minor": 9_800,
        "window_start_minor": 10_000,
        "currency": "CNY",
        "policy_version": DEFAULT.version,
        "signals": Signals("shop", 9_000, 10_000, NOW),
        "guards": (GuardStep("cap", "passed", 9_800, 9_800),),
        "tier": tier,
    }
    made = Proposal(**{**known, **fields})
    return msgspec.structs.replace(made, record_hash=record_hash(made))


def item(**fields: object) -> CatalogItem:
    known: dict[str, Any] = {
        "sku": "sku1",
        "price_minor": 10_000,
        "currency": "CNY",
        "as_of": NOW,
        "cost_minor": 5_000,
    }
    return CatalogItem(**{**known, **fields})
