"""The whole decision core under any sequence of events: no cap, floor, budget or kill switch is ever broken.

The machine plays the market, our own systems and the people who sign. What it checks is worked
out from its own log of what happened, not from the agent's state.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.codec import decode, encode
from contracts.events import BackInStock, MarketEvent, OutOfStock, PriceMoved, PromotionEnded, PromotionStarted
from contracts.facts import CatalogItem, StockLevel, UnitsSold
from contracts.markets import MarketRule
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from pricing.agent import PricingAgent
from pricing.looks import Fact
from pricing.recheck import recheck, recheck_decision, recheck_undo
from pricing.verify import verify
from tests.unit.pricing.samples import NOW

WINDOW = 7 * DAY_MS
SKUS = ("A", "B", "C")
RIVALS = ("r1", "r2")
EAGER = Pricing(
    cooldown_hours=0,
    price_war_reactions=50,
    max_changes_in_28_days=100,
    surplus_value_bp=0,
    minimum_match_confidence=0.5,
)


def policy(name: str, **changes: Any) -> Policy:
    """The eager policy: whatever protects here, it is not that it seldom proposes."""
    return Policy(name=name, pricing=msgspec.structs.replace(EAGER, **changes))


POLICIES = (
    DEFAULT,
    policy("eager"),
    policy("tight", max_skus_per_hour=1, max_margin_per_hour_minor=20_000),
    policy("grid", rounding_minor=99, cap_bp=150),
    policy("coarse", rounding_minor=1_000, standing_cap_bp=300),
    policy("held", markets=(MarketRule("EU", new_low="hold"), MarketRule("CN", announced=True))),
    policy("strict", maximum_loss_bp=0, minimum_margin_bp=3_000, cap_window_days=3),
)
KINDS = (OutOfStock, BackInStock, PromotionStarted, PromotionEnded)
pick = st.sampled_from
skus, rivals = pick(SKUS), pick(RIVALS)


class DecisionCore(RuleBasedStateMachine):
    @initialize(
        prices=st.lists(st.integers(1, 5_000_000), min_size=3, max_size=3),
        currencies=st.lists(pick(("CNY", "EUR", "JPY", "KWD")), min_size=3, max_size=3),
        first=pick(POLICIES),
    )
    def begin(self, prices: list[int], currencies: list[str], first: Policy) -> None:
        self.now = NOW
        self.policy = first
        self.agent = PricingAgent(first)
        self.items: dict[str, CatalogItem] = {}
        self.quotes: dict[tuple[str, str], int] = {}
        self.log: dict[str, list[tuple[int, int, str]]] = {sku: [] for sku in SKUS}  # when, price, currency
        self.lowered: list[Decision] = []
        self.made: list[Proposal] = []
        self.waiting: list[Proposal] = []
        self.signed: list[tuple[Decision, Proposal]] = []
        self.published: list[tuple[Decision, Proposal]] = []
        self.events: list[tuple[MarketEvent, bytes]] = []
        self.facts: list[Fact] = []
        self.count = 0
        for sku, price, currency in zip(SKUS, prices, currencies, strict=True):
            self._item(CatalogItem(sku, price, currency, NOW - 30 * DAY_MS, cost_minor=price * 6 // 10))
            for day in range(1, 20):
                end = NOW - (day - 1) * DAY_MS
                self._learn(UnitsSold(sku, end - DAY_MS, end, 20.0 + day % 3, price, currency))
            self._stock(sku, 5_000, NOW)

    def _item(self, item: CatalogItem) -> None:
        before = self.items.get(item.sku)
        self.items[item.sku] = item
        if before is None or (before.price_minor, before.currency) != (item.price_minor, item.currency):
            self.log[item.sku].append((item.as_of, item.price_minor, item.currency))
        self._learn(item)

    def _changed(self, sku: str, **changes: Any) -> None:
        self.now += 1
        self._item(msgspec.structs.replace(self.items[sku], as_of=self.now, **changes))

    def _stock(self, sku: str, on_hand: int, as_of: int) -> None:
        self._learn(StockLevel(sku, on_hand, as_of))

    def _learn(self, fact: Fact) -> None:
        self.facts.append(fact)
        for proposal in self.agent.learn(fact):
            assert proposal.look
            self._take(proposal)

    # The market

    @rule(wait=pick((1, MINUTE_MS, 20 * MINUTE_MS, 61 * MINUTE_MS, 5 * HOUR_MS, 25 * HOUR_MS, 3 * DAY_MS, 8 * DAY_MS)))
    def time_passes(self, wait: int) -> None:
        self.now += wait

    @rule(
        sku=skus,
        rival=rivals,
        percent=pick((60, 80, 90, 94, 94, 100, 106, 125, 10_000, 0)),
        late=pick((0, 0, 0, MINUTE_MS, 59 * MINUTE_MS, 3 * HOUR_MS)),
        in_stock=pick((True, True, True, False)),
        foreign=pick((False, False, False, False, False, False, True)),
        fresh=pick((True, True, True, False)),
    )
    def a_price_moves(
        self, sku: str, rival: str, percent: int, late: int, in_stock: bool, foreign: bool, fresh: bool
    ) -> None:
        if fresh:
            self._stock(sku, 5_000, self.now - late)
        ours = self.items[sku]
        before = self.quotes.get((rival, sku), ours.price_minor)
        price = before * percent // 100
        if price > 0:
            self.quotes[rival, sku] = price
        move = PriceMoved(
            **self._where(sku, rival, late),
            basis="step" if self.count % 2 else "drift",
            previous_minor=before,
            anchor_minor=before,
            price_minor=price,
            currency="USD" if foreign else ours.currency,
            in_stock=in_stock,
        )
        self._tell(move)

    def _where(self, sku: str, rival: str, late: int = 0) -> dict[str, Any]:
        self.count += 1
        return {
            "event_id": f"e{self.count}",
            "competitor": rival,
            "product_id": sku,
            "observed_at": self.now - late,
            "sku": sku,
        }

    @rule(sku=skus, rival=rivals, kind=pick(KINDS))
    def something_else_happens(self, sku: str, rival: str, kind: Any) -> None:
        more = {"promotion": "coupon"} if kind in (PromotionStarted, PromotionEnded) else {}
        self._tell(kind(**self._where(sku, rival), **more))

    def _tell(self, event: MarketEvent) -> None:
        for looked in self.agent.tick(event.observed_at):
            self._take(looked)
        made = self.agent.on_event(event)
        self.events.append((event, encode(made)))
        for proposal in made:
            self._take(proposal)

    def _take(self, proposal: Proposal) -> None:
        self._check_proposal(proposal)
        self.made.append(proposal)
        if proposal.blocked_by is None:
            self.waiting = [one for one in self.waiting if one.sku != proposal.sku] + [proposal]

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def an_event_comes_again(self, data: st.DataObject) -> None:
        event, answer = data.draw(pick(self.events[-6:]))
        again = self.agent.on_event(event)
        assert answer == b"[]" or not again or encode(again) == answer
        for proposal in again if answer == b"[]" else []:
            self._take(proposal)

    @rule(
        sku=skus,
        rival=rivals,
        percent=pick((80, 90, 94)),
        wait=pick((MINUTE_MS, 26 * HOUR_MS, 8 * DAY_MS)),
        late=pick((0, 0, 20 * MINUTE_MS, 70 * MINUTE_MS)),
        publish=pick((True, True, False)),
    )
    def a_cut_is_answered_to_the_end(
        self, sku: str, rival: str, percent: int, wait: int, late: int = 0, publish: bool = True
    ) -> None:
        """The usual way, so that there is much to go wrong afterwards: cut, proposal, signature, decision."""
        self.now += wait
        if self.policy.pricing.kill_switch:
            self.the_kill_switch(on=False)
        if self.items[sku].on_promotion:
            self.our_own_promotion(sku, on=False)
        self.something_else_happens(sku, rival, PromotionEnded)
        self.quotes[rival, sku] = self.items[sku].price_minor
        self.a_day_is_sold(sku, 20.0)
        self.a_price_moves(sku, rival, percent, late, in_stock=True, foreign=False, fresh=True)
        if any(one.sku == sku for one in self.waiting):
            self.somebody_signs(first=False, yes=True)
        while publish and self.signed:
            self.a_decision_is_published()

    # Our own systems

    @rule(sku=skus, on_hand=pick((0, 100, 5_000, 100_000)), age=pick((0, 14, 16, 240, -240)))
    def stock_is_reported(self, sku: str, on_hand: int, age: int) -> None:
        self._stock(sku, on_hand, self.now - age * MINUTE_MS)

    @rule(sku=skus, units=pick((0.0, 1.0, 20.0, 400.0)))
    def a_day_is_sold(self, sku: str, units: float) -> None:
        """Customers who compare prices, so that a lower one pays."""
        item = self.items[sku]
        usual = next(price for _at, price, currency in self.log[sku] if currency == item.currency)
        sold = units * min(max((usual / item.price_minor) ** 4, 0.05), 20.0)
        self._learn(UnitsSold(sku, self.now - DAY_MS, self.now, sold, item.price_minor, item.currency))

    @rule(sku=skus, share=pick((0, 50, 90, 97, 120, -1)))
    def the_cost_changes(self, sku: str, share: int) -> None:
        price = self.items[sku].price_minor
        self._changed(sku, cost_minor=None if share < 0 else price * share // 100)

    @rule(sku=skus, share=pick((None, 90, 98, 101)))
    def the_minimum_changes(self, sku: str, share: int | None) -> None:
        self._changed(sku, map_minor=None if share is None else self.items[sku].price_minor * share // 100)

    @rule(sku=skus, percent=pick((70, 98, 99, 101, 105, 140)))
    def our_list_price_changes(self, sku: str, percent: int) -> None:
        self._changed(sku, price_minor=max(1, self.items[sku].price_minor * percent // 100))

    @rule(sku=skus, currency=pick(("CNY", "EUR", "JPY", "KWD")), factor=pick((0.02, 0.125, 1, 8, 150)))
    def it_is_sold_in_another_currency(self, sku: str, currency: str, factor: float) -> None:
        if currency != self.items[sku].currency:
            item = self.items[sku]
            self._changed(
                sku,
                currency=currency,
                price_minor=max(1, int(item.price_minor * factor)),
                cost_minor=None if item.cost_minor is None else int(item.cost_minor * factor),
                map_minor=None,
            )

    @rule(sku=skus, on=pick((False, False, True)))
    def our_own_promotion(self, sku: str, on: bool) -> None:
        self._changed(sku, on_promotion=on)

    @rule(chosen=pick(POLICIES))
    def another_policy(self, chosen: Policy) -> None:
        self._policy(chosen)

    @rule(on=pick((False, False, True)))
    def the_kill_switch(self, on: bool) -> None:
        pricing = msgspec.structs.replace(self.policy.pricing, kill_switch=on)
        self._policy(msgspec.structs.replace(self.policy, pricing=pricing))

    @rule()
    def the_worker_restarts(self) -> None:
        """It reads every fact and proposal, and the events, as they were."""
        self.agent = PricingAgent(self.policy)
        for fact in reversed(self.facts):
            self.agent.take(fact)
        for made in self.made:
            self.agent.on_proposal(made)
        for event, _answer in self.events:
            self.agent.observe(event)
        for looked in self.agent.resume():
            self._take(looked)

    def _policy(self, chosen: Policy) -> None:
        self.policy = self.agent.policy = chosen

    # People

    @precondition(lambda self: self.waiting)
    @rule(first=st.booleans(), yes=pick((True, True, True, False)))
    def somebody_signs(self, first: bool, yes: bool) -> None:
        self.now += 1
        proposal = self.waiting.pop(0 if first else -1)
        if not yes or recheck(proposal, self.items[proposal.sku], self.policy, self.now) is not None:
            return
        decision = Decision(
            decision_id=f"d-{proposal.proposal_id}",
            sku=proposal.sku,
            price_minor=proposal.proposed_minor,
            previous_minor=proposal.current_minor,
            currency=proposal.currency,
            decided_at=self.now,
            proposal_id=proposal.proposal_id,
        )
        self.signed.append((decision, proposal))

    @precondition(lambda self: self.signed)
    @rule()
    def a_decision_is_published(self) -> None:
        self.now += 1
        decision, proposal = self.signed.pop(0)
        item = self.items[decision.sku]
        if recheck_decision(decision, proposal, item, self.policy, self.now) is None:
            if item.price_minor != decision.price_minor:
                self._check_published(decision, proposal)
            self._apply(decision)
            self.published.append((decision, proposal))

    @precondition(lambda self: self.published)
    @rule()
    def the_last_decision_is_undone(self) -> None:
        self.now += 1
        decision, proposal = self.published.pop()
        newest = max((d for d, _p in [*self.published, (decision, proposal)] if d.sku == decision.sku),
                     key=lambda one: one.decided_at)  # fmt: skip
        if newest is not decision:
            return
        back = Decision(
            decision_id=f"u-{decision.decision_id}",
            sku=decision.sku,
            price_minor=decision.previous_minor,
            previous_minor=decision.price_minor,
            currency=decision.currency,
            decided_at=self.now,
            proposal_id=decision.proposal_id,
            compensates=decision.decision_id,
        )
        if recheck_undo(back, proposal, self.items[back.sku], self.policy, self.now) is None:
            if back.price_minor < back.previous_minor:
                self._check_lowered(back)
            self._apply(back)

    def _apply(self, decision: Decision) -> None:
        """The shop's systems take the price; the catalogue says so at once only where it was read since."""
        item = self.items[decision.sku]
        self.items[decision.sku] = msgspec.structs.replace(item, price_minor=decision.price_minor, as_of=self.now)
        self.log[decision.sku].append((decision.decided_at, decision.price_minor, decision.currency))
        self._learn(decision)
        if item.as_of >= decision.decided_at:
            self._learn(self.items[decision.sku])
        if decision.price_minor < decision.previous_minor:
            self.lowered.append(decision)

    # What must hold

    def _in_force(self, sku: str, moment: int, currency: str) -> int | None:
        """Our price at a moment; the first one known in the currency it has now where it was sold in another."""
        own = [(at, price) for at, price, unit in self.log[sku] if unit == currency]
        return ([price for at, price in own if at <= moment] or [price for _at, price in own[:1]] or [None])[-1]

    def _check_proposal(self, made: Proposal) -> None:
        assert made.policy_version == self.policy.version
        assert made.proposal_id not in {one.proposal_id for one in self.made}
        verify(decode(encode(made), Proposal), self.policy)
        if made.blocked_by is not None:
            assert made.proposed_minor == made.current_minor
            return
        assert made.current_minor == self.items[made.sku].price_minor
        assert not self.policy.pricing.kill_switch
        assert not self.items[made.sku].on_promotion
        if made.kind == "restore":
            assert made.proposed_minor > made.current_minor
            return
        pricing, told = self.policy.pricing, made.signals
        assert made.proposed_minor < made.current_minor
        assert made.proposed_minor % pricing.rounding_minor == 0
        assert told.stock_as_of is not None
        assert made.decided_at - told.stock_as_of <= pricing.stock_max_age_minutes * MINUTE_MS
        assert not told.competitor_currency
        start = self._in_force(made.sku, made.decided_at - pricing.cap_window_days * DAY_MS, made.currency)
        assert start is not None
        assert made.proposed_minor * 10_000 >= start * (10_000 - pricing.cap_bp)
        self._check_floors(made.sku, made.proposed_minor)
        self._check_budgets(made)

    def _check_budgets(self, made: Proposal) -> None:
        near = [p for p in self.made if p.blocked_by is None and abs(p.decided_at - made.decided_at) < HOUR_MS]
        others = {one.sku for one in near} - {made.sku}
        assert len(others) + 1 <= self.policy.pricing.max_skus_per_hour
        spent = sum(one.at_stake_minor for one in near)
        assert spent + made.at_stake_minor <= self.policy.pricing.max_margin_per_hour_minor

    def _check_floors(self, sku: str, price: int) -> None:
        item = self.items[sku]
        assert item.cost_minor is not None
        least = (item.cost_minor + item.fees_minor) * (10_000 + self.policy.pricing.minimum_margin_bp)
        assert price * 10_000 >= least
        assert price >= max(item.map_minor or 0, item.floor_minor or 0)

    def _check_published(self, decision: Decision, proposal: Proposal) -> None:
        assert self.items[decision.sku].price_minor == decision.previous_minor
        assert self.items[decision.sku].currency == decision.currency
        if decision.price_minor < decision.previous_minor:
            self._check_lowered(decision)

    def _check_lowered(self, decision: Decision) -> None:
        assert not self.policy.pricing.kill_switch
        self._check_floors(decision.sku, decision.price_minor)
        pricing = self.policy.pricing
        within = [
            one.previous_minor
            for one in self.lowered
            if one.sku == decision.sku
            and one.currency == decision.currency
            and one.decided_at > self.now - pricing.cap_window_days * DAY_MS
        ]
        began = max([decision.previous_minor, *within])
        assert decision.price_minor * 10_000 >= began * (10_000 - pricing.cap_bp)

    @invariant()
    def the_agent_knows_our_price(self) -> None:
        for sku, item in getattr(self, "items", {}).items():
            known = self.agent.state.sku(sku).item
            assert known is not None
            assert (known.price_minor, known.currency) == (item.price_minor, item.currency)

    @invariant()
    def markdowns_that_follow_one_another_are_bounded(self) -> None:
        for sku in SKUS if hasattr(self, "agent") else ():
            standing = self.agent.state.sku(sku).markdown
            if standing is not None:
                deepest = max(one.pricing.standing_cap_bp for one in POLICIES)
                assert standing.price_minor * 10_000 >= standing.restore_minor * (10_000 - deepest)


DecisionCore.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestDecisionCore = DecisionCore.TestCase

STEPS = 400


@pytest.mark.parametrize("seed", range(6))
def test_long_walks(seed: int) -> None:
    """Months of one agent's life: what short sequences cannot reach."""
    chance = random.Random(seed)
    core = DecisionCore()
    core.begin([chance.randint(1, 2_000_000) for _ in SKUS], ["CNY", "EUR", "JPY"], chance.choice(POLICIES))
    for _ in range(STEPS):
        _step(core, chance)
        core.the_agent_knows_our_price()
        core.markdowns_that_follow_one_another_are_bounded()
    assert core.lowered, "a walk in which nothing was published proves nothing"


def _step(core: DecisionCore, chance: random.Random) -> None:
    sku, rival, of = chance.choice(SKUS), chance.choice(RIVALS), chance.choice
    steps: list[tuple[int, Callable[[], object]]] = [
        (40, lambda: core.a_cut_is_answered_to_the_end(
            sku, rival, of((80, 90, 94)), of((1, DAY_MS, 8 * DAY_MS)), of((0, 0, 20 * MINUTE_MS, 70 * MINUTE_MS)),
            publish=chance.random() < 0.7)),
        (2, lambda: [core.a_cut_is_answered_to_the_end(sku, rival, 80, 8 * DAY_MS) for _ in range(4)]),
        (20, lambda: core.a_price_moves(
            sku, rival, of((60, 90, 94, 106, 150, 10_000, 0)), of((0, 0, MINUTE_MS, 3 * HOUR_MS)),
            in_stock=chance.random() < 0.9, foreign=chance.random() < 0.05, fresh=chance.random() < 0.9)),
        (10, lambda: core.time_passes(of((1, MINUTE_MS, 61 * MINUTE_MS, 25 * HOUR_MS, 8 * DAY_MS)))),
        (5, lambda: core.something_else_happens(sku, rival, of(KINDS))),
        (5, lambda: core.stock_is_reported(sku, of((0, 100, 5_000)), of((0, 16, 240, -240)))),
        (2, lambda: core.a_day_is_sold(sku, of((0.0, 20.0, 400.0)))),
        (5, lambda: core.the_cost_changes(sku, of((0, 50, 50, 50, 60, 90, 97, 120, -1)))),
        (3, lambda: core.the_minimum_changes(sku, of((None, None, 90, 98, 101)))),
        (5, lambda: core.our_list_price_changes(sku, of((70, 98, 99, 101, 105, 140)))),
        (2, lambda: core.it_is_sold_in_another_currency(sku, of(("CNY", "EUR", "JPY")), of((0.02, 0.125, 1, 8)))),
        (3, lambda: core.our_own_promotion(sku, on=chance.random() < 0.3)),
        (2, lambda: core.another_policy(of(POLICIES))),
        (2, lambda: core.the_kill_switch(on=chance.random() < 0.3)),
        (8, lambda: core.waiting and core.somebody_signs(first=chance.random() < 0.5, yes=chance.random() < 0.8)),
        (8, lambda: core.signed and core.a_decision_is_published()),
        (1, core.the_worker_restarts),
        (3, lambda: core.published and core.the_last_decision_is_undone()),
    ]  # fmt: skip
    weights, actions = zip(*steps, strict=True)
    chance.choices(actions, weights)[0]()
