"""A market to play in: hours pass, a rival asks what its strategy says, our agent answers, people sign at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from contracts.facts import CatalogItem, StockLevel, UnitsSold
from contracts.observations import Observation
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from pricing.agent import PricingAgent
from pricing.recheck import recheck
from streams.engine import Engine

START = 1_800_000_000_000
LIST = 10_000
COST = 6_000
DAILY = 40.0

Strategy = Callable[[int, int, int], int]  # hour, our price, their price: what they ask now


class Change(NamedTuple):
    """A price of ours from a moment on."""

    at: int
    before: int
    price: int


class Shop:
    """One shop with the whole core: the detector watches, the agent proposes, a signature follows at once."""

    def __init__(self, policy: Policy, name: str = "us", price: int = LIST, stock_age_ms: int = 0) -> None:
        self.policy, self.name, self.price, self.stock_age_ms = policy, name, price, stock_age_ms
        self.list_price = price
        self.engine, self.agent = Engine(policy.detection), PricingAgent(policy)
        self.changes: list[Change] = []
        self.outcomes: Counter[str] = Counter()
        self.looks: list[Proposal] = []
        self.on_hand = 50_000
        self.item = CatalogItem("A", price, "CNY", START - 60 * DAY_MS, cost_minor=COST)
        self.agent.on_item(self.item)
        for day in range(1, 29):
            self._sold(START - (day - 1) * DAY_MS)

    def _sold(self, end: int) -> None:
        units = DAILY * (self.list_price / self.price) ** 3
        self._take(self.agent.learn(UnitsSold("A", end - DAY_MS, end, units, self.price, "CNY")), end)

    def hour(self, at: int, rival: str, price: int, available: bool = True) -> None:
        """See the rival's price and do what follows."""
        if (at - START) % DAY_MS == 0:
            self._sold(at)
        self._take(self.agent.learn(StockLevel("A", self.on_hand, at - self.stock_age_ms), arrived=at), at)
        seen = Observation(
            competitor=rival,
            product_id="p",
            observed_at=at,
            price_minor=price,
            currency="CNY",
            availability="InStock" if available else "OutOfStock",
            sku="A",
        )
        for event in self.engine.observe([seen]):
            self._take(self.agent.tick(event.observed_at), at)
            self._take(self.agent.on_event(event), at)

    def _take(self, proposals: list[Proposal], at: int) -> None:
        for proposal in proposals:
            self.outcomes[proposal.blocked_by or proposal.kind] += 1
            if proposal.look:
                self.looks.append(proposal)
            if proposal.blocked_by is None:
                self._sign(proposal, at + MINUTE_MS)

    def _sign(self, proposal: Proposal, at: int) -> None:
        if recheck(proposal, self.item, self.policy, at) is not None:
            return
        decision = Decision(
            decision_id=f"d-{proposal.proposal_id}",
            sku="A",
            price_minor=proposal.proposed_minor,
            previous_minor=proposal.current_minor,
            currency="CNY",
            decided_at=at,
            proposal_id=proposal.proposal_id,
        )
        self._take(self.agent.learn(decision), at)
        self.changes.append(Change(at, self.price, decision.price_minor))
        self.price = decision.price_minor
        self.item = CatalogItem("A", self.price, "CNY", at, cost_minor=COST)

    @property
    def deepest_bp(self) -> int:
        """The lowest price there was, below the list price, in basis points."""
        lowest = min((change.price for change in self.changes), default=self.list_price)
        return (self.list_price - lowest) * 10_000 // self.list_price

    def most_changes(self, within: int) -> int:
        """The most changes in any time of this length."""
        times = [change.at for change in self.changes]
        return max((sum(0 <= at - first < within for at in times) for first in times), default=0)

    def still_since(self) -> int:
        """Hours since the start until the last change."""
        return (self.changes[-1].at - START) // HOUR_MS if self.changes else 0


def play(shop: Shop, strategy: Strategy, days: int, every: int = 1) -> Shop:
    """Let a rival follow its strategy, seen every so many hours."""
    theirs = shop.price
    for hour in range(0, days * 24, every):
        theirs = strategy(hour, shop.price, theirs)
        shop.hour(START + hour * HOUR_MS, "rival", theirs)
    return shop


def play_each_other(one: Shop, other: Shop, days: int, shock: Callable[[int], int]) -> None:
    """Two shops that watch each other and a third, who asks what `shock` says for the hour."""
    for hour in range(days * 24):
        at = START + hour * HOUR_MS
        for shop, rival in ((one, other), (other, one)):
            shop.hour(at + MINUTE_MS * (shop is other), rival.name, rival.price)
            shop.hour(at + 2 * MINUTE_MS + MINUTE_MS * (shop is other), "third", shock(hour))
