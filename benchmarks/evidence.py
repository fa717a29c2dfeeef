"""Our policy against holding the price, matching the lowest and a fixed 3 %, on real markets.

`python -m benchmarks evidence` prints the figures and draws the plot of docs/evidence.md.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
import numpy as np
from matplotlib.figure import Figure

from benchmarks.evidence_markets import Market, b2w, complete_journey, orange_juice
from benchmarks.evidence_model import Referee, fit, score
from benchmarks.evidence_policies import events_of, fixed, hold, match_lowest, ours, policy_for
from contracts.errors import UnavailableError
from contracts.policy import CategoryElasticity, Policy
from contracts.times import DAY_MS, EPOCH
from pricing.elasticities import elasticities
from pricing.panel import Panel
from pricing.plans import PRICE

MARKETS: dict[str, tuple[Callable[[Path, float], Market], float]] = {
    "b2w": (b2w, 0.15),
    "orange juice": (orange_juice, 0.0),
    "complete journey": (complete_journey, 0.25),
}
OTHER_MARGINS = {"b2w": (0.10, 0.25), "complete journey": (0.35,)}
LEARN_DAYS = 56  # what the agent knows of sales before it is judged
AMPLE_DAYS, SHORT_DAYS = 60, 22  # of cover: far above the target of 21, and just above it
PLOT = Path(__file__).parents[1] / "docs" / "img" / "evidence.svg"
STORY = {"units": 22.0, "margin_points": -0.8}


def run() -> dict[str, object]:
    """Figures by market: elasticities, each policy's outcome, what the agent did, and the business's own story."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        raise UnavailableError("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    found = {}
    for name, (load, margin) in MARKETS.items():
        found[name] = judge(load(Path(folder), margin))
        if margin:
            found[name]["at_other_margins"] = {
                str(other): _ours_only(load(Path(folder), other)) for other in OTHER_MARGINS[name]
            }
    draw(found, PLOT)
    return dict(found)


def judge(market: Market) -> dict[str, Any]:
    """Every policy on one market."""
    referee, events, first = fit(market), events_of(market), _first(market)
    policy = policy_for(market)
    ample, outcomes = ours(market, events, AMPLE_DAYS, policy)
    short, _outcomes = ours(market, events, SHORT_DAYS, policy)
    believed = believing(market, policy, first)
    paths = {
        "hold": hold(market),
        "match lowest": match_lowest(market),
        "fixed 3 %": fixed(market, events),
        "ours, 60 days of cover": ample,
        "ours, 22 days of cover": short,
    }
    if believed is not None:
        for days in (AMPLE_DAYS, SHORT_DAYS):
            paths[f"ours, {days} days, elasticity learned"] = ours(market, events, days, believed)[0]
    return {
        "products": int(market.price.shape[0]),
        "periods": market.periods - first,
        "rival_moves": len(events),
        "cost": "measured" if market.cost_known else "assumed",
        "elasticity": _elasticities(referee),
        "learned": None if believed is None else msgspec.to_builtins(believed.pricing.elasticities[0]),
        "policies": {name: score(market, referee, path, first) for name, path in paths.items()},
        "agent": dict(outcomes.most_common()),
        "story": _story(market, referee, first),
        "off_policy": "not identifiable: no probability of a price was logged",
    }


def believing(market: Market, policy: Policy, periods: int) -> Policy | None:
    """The policy with the elasticity that the sales of the first periods speak of; None where they do not."""
    known = {PRICE: market.price[:, :periods].copy()}
    if market.promoted[:, :periods].any():
        known["promotion"] = market.promoted[:, :periods].astype(np.float64)
    rows = tuple(str(row) for row in range(len(market.units)))
    panel = Panel(rows, EPOCH.date(), market.units[:, :periods].copy(), known)  # only the order of periods counts
    found = elasticities(panel, tuple(market.groups))
    if all(product.own.refused for product in found.products):
        return None
    (of_all,) = found.categories.values()
    told = CategoryElasticity("", of_all.mean, of_all.lower, of_all.upper)
    return msgspec.structs.replace(policy, pricing=msgspec.structs.replace(policy.pricing, elasticities=(told,)))


def _first(market: Market) -> int:
    return math.ceil(LEARN_DAYS * DAY_MS / market.period_ms)


def _ours_only(market: Market) -> dict[str, Any]:
    path, _outcomes = ours(market, events_of(market), AMPLE_DAYS, policy_for(market))
    return score(market, fit(market), path, _first(market))


def _elasticities(referee: Referee) -> dict[str, list[float]]:
    low, high = np.percentile(referee.draws, (5, 95), axis=0)
    columns = zip(referee.groups, referee.mean, low, high, strict=True)
    return {group: [round(float(value), 2) for value in values] for group, *values in columns}


def _story(market: Market, referee: Referee, first: int) -> dict[str, Any]:
    """+22 % units at -0.8 margin points: the most that 3 % off everything brings here, and what it would take."""
    everything = score(market, referee, np.ceil(market.price * 0.97), first)
    needed = math.log(1 + STORY["units"] / 100) / math.log(0.97)
    return {
        "three_percent_off_everything": {name: everything[name] for name in ("units", "margin", "margin_points")},
        "elasticity_it_takes_at_3_percent": round(needed, 2),
    }


def draw(found: dict[str, dict[str, Any]], path: Path) -> None:
    """Units and margin of each policy with their intervals, one panel a market."""
    with mpl.rc_context({"svg.hashsalt": "evidence", "font.size": 9}):
        figure = Figure(figsize=(11, 6.2), layout="constrained")
        axes = figure.subplots(2, len(found), squeeze=False)
        for column, (name, result) in enumerate(found.items()):
            _panel(axes[0][column], result["policies"], "units", f"{name}\nunits, %")
            _panel(axes[1][column], result["policies"], "margin", "margin in money, %")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _panel(axis: Any, policies: dict[str, Any], name: str, title: str) -> None:
    shown = [policy for policy in policies if policy != "hold"]
    for place, policy in enumerate(reversed(shown)):
        mean, low, high = policies[policy][name]
        colour = "#2b6cb0" if policy.startswith("ours") else "#8a94a0"
        axis.plot([low, high], [place, place], color=colour, linewidth=2)
        axis.plot([mean], [place], "o", color=colour)
    axis.axvline(0, color="#1b1f24", linewidth=0.8)
    axis.set_yticks(range(len(shown)), reversed(shown))
    axis.set_title(title, loc="left")
