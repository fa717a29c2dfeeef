"""Four ways to answer rivals, each as the price it would have set: n x T in minor units.

All start from the prices the shop really had, and take rivals' prices as they were.
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from backtest.recording import Recording
from backtest.runner import Run
from benchmarks.evidence_markets import Market, Matrix
from contracts.events import MarketEvent, PriceMoved
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.policy import DEFAULT, Policy
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS
from pricing.agent import PricingAgent

WEEKLY = {"delist_after_days": 0, "promotion_days": 0, "crawl_window_minutes": 0, "mass_minimum": 0}
FIXED_BP = 300


def policy_for(market: Market) -> Policy:
    """The default; what a shop seen once a week cannot show (gone products, dips of a day) is switched off."""
    if market.period_ms == DAY_MS:
        return DEFAULT
    detection = msgspec.structs.replace(DEFAULT.detection, **WEEKLY)
    return msgspec.structs.replace(DEFAULT, detection=detection)


def events_of(market: Market) -> list[MarketEvent]:
    """What the detector notices in the rivals' prices, in order of time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seen.parquet"
        market.observations.with_columns(
            observed_at=market.observations["observed_at"].cast(pl.Datetime("ms", "UTC"))
        ).write_parquet(path)
        return [event for _partition, event in Run(Recording(path, market.currency), policy_for(market)).events()]


def hold(market: Market) -> Matrix:
    """No answer: the prices the shop had."""
    return market.price.copy()


def match_lowest(market: Market) -> Matrix:
    """As low as the lowest rival, whatever it costs; never dearer than before."""
    return np.fmin(market.price, market.rival)


def fixed(market: Market, events: list[MarketEvent]) -> Matrix:
    """3 % off for as long as a rival's cut of more than 5 % stands; no guards, no look at demand."""
    rows = {(shop, product): row for shop, product, row in market.matches}
    cuts: dict[int, dict[tuple[str, str], int]] = {}
    path = market.price.copy()
    for period, some in _by_period(market, events):
        for event in some:
            key = (event.competitor, event.product_id)
            if isinstance(event, PriceMoved) and key in rows:
                _stands(cuts.setdefault(rows[key], {}), key, event)
        for row, standing in cuts.items():
            price = market.price[row, period]
            if standing and not np.isnan(price):
                path[row, period] = math.ceil(price * (10_000 - FIXED_BP) / 10_000)
    return path


def _stands(standing: dict[tuple[str, str], int], key: tuple[str, str], event: PriceMoved) -> None:
    before = event.previous_minor if event.basis == "step" else event.anchor_minor
    if event.price_minor * 100 < before * 95:
        standing[key] = max(standing.get(key, 0), before)
    elif key in standing and event.price_minor * 100 >= standing[key] * 95:
        del standing[key]


def ours(market: Market, events: list[MarketEvent], cover_days: int, policy: Policy) -> tuple[Matrix, Counter[str]]:
    """What the agent proposes, every proposal signed at once; and how many it made or held back, and why."""
    shop = _Shop(market, policy, cover_days)
    path = market.price.copy()
    for period, some in _by_period(market, events):
        shop.open(period)
        for event in some:
            shop.answer(event)
        path[:, period] = np.where(np.isnan(market.price[:, period]), np.nan, shop.current)
        shop.close(period)
    return path, shop.outcomes


def _by_period(market: Market, events: list[MarketEvent]) -> Iterator[tuple[int, list[MarketEvent]]]:
    """Events of each period's first half together with those of the half before: they count for its price."""
    waiting: dict[int, list[MarketEvent]] = {}
    for event in events:
        period = (event.observed_at - market.start_ms + market.period_ms // 2) // market.period_ms
        waiting.setdefault(period, []).append(event)
    for period in range(market.periods):
        yield period, waiting.get(period, [])


class _Shop:
    """The agent with a catalogue, stock and sales around it."""

    def __init__(self, market: Market, policy: Policy, cover_days: int) -> None:
        self.market, self.cover_days = market, cover_days
        self.agent = PricingAgent(policy)
        self.current = np.full(market.price.shape[0], np.nan)
        self._listed = np.full(market.price.shape[0], np.nan)
        self.outcomes: Counter[str] = Counter()
        self._rows = {(shop, product): row for shop, product, row in market.matches}
        for shop, product, row in market.matches:
            self.agent.on_match(Match(shop, product, str(row), market.start_ms))

    def open(self, period: int) -> None:
        """The shop's own price list of a period; a price it did not change keeps our markdown."""
        listed = self.market.price[:, period]
        changed = ~np.isnan(listed) & (listed != self._listed)
        self.current[changed] = self._listed[changed] = listed[changed]
        # After the last events of the period before, which belong to its second half.
        at = self.market.at(period) - self.market.period_ms // 2
        self._take(self.agent.tick(at))
        for row in np.flatnonzero(~np.isnan(self.current)).tolist():
            cost = self.market.cost[row, period]
            item = CatalogItem(
                sku=str(row),
                price_minor=int(self.current[row]),
                currency=self.market.currency,
                as_of=at,
                cost_minor=None if np.isnan(cost) else int(cost),
                on_promotion=bool(self.market.promoted[row, period]),
            )
            self._take(self.agent.learn(item))

    def answer(self, event: MarketEvent) -> None:
        """Stock as of now, the agent's proposals, and their decisions."""
        row = self._rows.get((event.competitor, event.product_id))
        if row is None or np.isnan(self.current[row]):
            return
        demand = self.agent.state.sku(str(row)).sales.forecast(event.observed_at)
        units = math.ceil(self.cover_days * demand.mean) if demand else 0
        self._take(self.agent.learn(StockLevel(str(row), units, event.observed_at)))
        self._take([*self.agent.tick(event.observed_at), *self.agent.on_event(event)])

    def _take(self, proposals: list[Proposal]) -> None:
        for proposal in proposals:
            self.outcomes[proposal.blocked_by or proposal.kind] += 1
            if proposal.look:
                self.outcomes[f"look: {proposal.look.partition(':')[0]}"] += 1
            if proposal.blocked_by is None:
                self._decide(int(proposal.sku), proposal)

    def _decide(self, row: int, proposal: Proposal) -> None:
        decision = Decision(
            decision_id=f"decision {proposal.proposal_id}",
            sku=proposal.sku,
            price_minor=proposal.proposed_minor,
            previous_minor=proposal.current_minor,
            currency=proposal.currency,
            decided_at=proposal.decided_at + 1,
            proposal_id=proposal.proposal_id,
        )
        self._take(self.agent.learn(decision))
        self.current[row] = proposal.proposed_minor

    def close(self, period: int) -> None:
        """What was sold, as it was: the agent learns from the shop's real prices."""
        start, market = self.market.at(period), self.market
        for row in np.flatnonzero(~np.isnan(market.units[:, period]) & ~np.isnan(market.price[:, period])).tolist():
            sold = UnitsSold(
                str(row),
                start,
                start + market.period_ms,
                float(market.units[row, period]),
                int(market.price[row, period]),
                market.currency,
                bool(market.promoted[row, period]),
            )
            self._take(self.agent.learn(sold))
