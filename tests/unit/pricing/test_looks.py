"""Looks that no event asks for: at cuts that were held back, and at markdowns that stand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codec import encode
from contracts.events import MarketEvent, OutOfStock
from contracts.facts import Match, MatchStatus, StockLevel, UnitsSold
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from pricing.agent import PricingAgent
from pricing.explain import explain
from pricing.looks import PASSING, Fact, moment_of
from pricing.recheck import recheck
from pricing.verify import verify
from tests.unit.pricing.samples import COMPETITOR, NOW, decision_on, item, move, ready, sales

PERIOD = DEFAULT.pricing.review_markdown_days * DAY_MS
NO_REVIEW = Policy(pricing=Pricing(review_markdown_days=0))


def stock(at: int, on_hand: int = 5_000, sku: str = "A") -> StockLevel:
    return StockLevel(sku, on_hand, at)


def stale() -> tuple[PricingAgent, Proposal]:
    """An agent that held a cut back because its stock figure was four hours old."""
    agent = ready(DEFAULT)
    agent.state.sku("A").stock = stock(NOW - 4 * HOUR_MS)
    (held,) = agent.on_event(move(8_000))
    assert held.blocked_by == "stale_stock"
    return agent, held


def marked_down(policy: Policy = DEFAULT) -> tuple[PricingAgent, int]:
    """An agent whose markdown is in force, and since when."""
    agent = ready(policy)
    (made,) = agent.on_event(move(8_000))
    agent.on_decision(decision_on(made, NOW + HOUR_MS))
    return agent, NOW + HOUR_MS


# A cut that was held back


def test_a_cut_is_looked_at_again_when_fresh_stock_comes() -> None:
    agent, held = stale()

    (made,) = agent.learn(stock(NOW + 10 * MINUTE_MS))
    assert (made.kind, made.blocked_by, made.proposed_minor, made.look) == (
        "markdown",
        None,
        9_700,
        "again:stale_stock",
    )
    assert made.decided_at == NOW + 10 * MINUTE_MS
    assert made.trigger_event_id == held.trigger_event_id
    assert made.proposal_id != held.proposal_id
    verify(made, DEFAULT)
    assert recheck(made, item(), DEFAULT, made.decided_at + 1) is None


def test_it_is_looked_at_once_and_the_event_keeps_its_answer() -> None:
    agent, held = stale()
    agent.learn(stock(NOW + 10 * MINUTE_MS))

    assert agent.learn(stock(NOW + 20 * MINUTE_MS)) == []
    assert agent.on_event(move(8_000)) == [held]


def test_nothing_is_written_down_while_the_reason_lasts() -> None:
    agent, _held = stale()

    assert agent.learn(item(as_of=NOW + 5 * MINUTE_MS)) == []
    assert agent.learn(stock(NOW - 3 * HOUR_MS)) == []
    assert len(agent.state.sku("A").proposed) == 1


def test_a_second_look_may_say_no() -> None:
    agent, _held = stale()

    (made,) = agent.learn(stock(NOW + 10 * MINUTE_MS, on_hand=10))
    assert (made.blocked_by, made.look) == ("insufficient_cover", "again:stale_stock")
    assert agent.learn(stock(NOW + 20 * MINUTE_MS)) == []


@pytest.mark.parametrize(
    "event",
    [
        move(9_900, 8_000, at=NOW + MINUTE_MS),
        move(8_500, 8_000, at=NOW + MINUTE_MS),  # the evidence is another one now
        OutOfStock(event_id="o", competitor="rival", product_id="p1", observed_at=NOW + MINUTE_MS, sku="A"),
    ],
)
def test_a_cut_that_does_not_stand_is_not_looked_at(event: MarketEvent) -> None:
    agent, _held = stale()
    agent.on_event(event)

    assert agent.learn(stock(NOW + 10 * MINUTE_MS)) == []


def test_a_cut_whose_match_was_rejected_is_not_looked_at() -> None:
    agent, _held = stale()
    agent.learn(Match("rival", "p1", "A", NOW + 1, status="rejected"))

    assert agent.learn(stock(NOW + 10 * MINUTE_MS)) == []


def test_a_figure_that_was_told_hours_late_is_never_acted_on() -> None:
    agent, _held = stale()

    assert agent.learn(stock(NOW), arrived=NOW + 4 * HOUR_MS) == []
    assert agent.learn(stock(NOW + 20 * MINUTE_MS), arrived=NOW + 36 * MINUTE_MS) == []
    (made,) = agent.learn(stock(NOW + 30 * MINUTE_MS), arrived=NOW + 40 * MINUTE_MS)
    assert made.decided_at == NOW + 40 * MINUTE_MS


def test_what_is_told_again_years_later_moves_no_time() -> None:
    """A replay: every message is of today."""
    agent, since = marked_down()
    for sku in ("B", "C"):
        agent.take(stock(since + DAY_MS, sku=sku), since + 900 * DAY_MS)
    agent.take(stock(since + DAY_MS, on_hand=5), since + 900 * DAY_MS)

    assert agent.resume() == []
    assert agent.state.clock == since + DAY_MS
    assert agent.learn(stock(since + DAY_MS + 1, on_hand=5), arrived=since + 900 * DAY_MS) == []


def test_evidence_of_more_than_an_hour_ago_is_not_looked_at() -> None:
    agent, _held = stale()

    assert agent.learn(stock(NOW + 61 * MINUTE_MS)) == []
    again, _held = stale()
    assert len(again.learn(stock(NOW + 60 * MINUTE_MS))) == 1


def made_unknown(agent: PricingAgent) -> None:
    agent.state.sku("A").listed = agent.state.sku("A").item = None


def without_stock(agent: PricingAgent) -> None:
    agent.state.sku("A").stock = None


def changed(**changes: Any) -> Callable[[PricingAgent], None]:
    def set_them(agent: PricingAgent) -> None:
        agent.state.sku("A").listed = agent.state.sku("A").item = item(**changes)

    return set_them


@pytest.mark.parametrize(
    ("reason", "before", "fact"),
    [
        ("unknown_item", made_unknown, item(as_of=NOW + 1)),
        ("unknown_stock", without_stock, stock(NOW + 1)),
        ("missing_cost", changed(cost_minor=None), item(as_of=NOW + 1)),
        ("own_promotion", changed(on_promotion=True), item(as_of=NOW + 1)),
    ],
)
def test_what_was_missing_comes(reason: str, before: Callable[[PricingAgent], None], fact: Fact) -> None:
    agent = ready(DEFAULT)
    before(agent)
    (held,) = agent.on_event(move(8_000))
    (made,) = agent.learn(fact)

    assert (held.blocked_by, made.blocked_by, made.look) == (reason, None, f"again:{reason}")


def test_people_are_sure_of_the_match_now() -> None:
    agent = ready(DEFAULT)
    (held,) = agent.on_event(move(8_000, match_confidence=0.5))
    (made,) = agent.learn(Match("rival", "p1", "A", NOW + MINUTE_MS, status="approved"))

    assert held.blocked_by == "low_match_confidence"
    assert (made.blocked_by, made.signals.match_confidence) == (None, 1.0)


def test_sales_come_to_be_known() -> None:
    agent = PricingAgent(DEFAULT)
    agent.on_item(item())
    agent.on_stock(stock(NOW))
    (held,) = agent.on_event(move(8_000))
    assert held.blocked_by == "unknown_demand"
    made = [one for sold in sales() for one in agent.learn(sold)]

    assert [one.look for one in made] == ["again:unknown_demand"]


def test_the_cooldown_ends_and_the_budget_is_free_again() -> None:
    agent = ready(Policy(pricing=Pricing(max_skus_per_hour=1)))
    agent.on_item(item(sku="B"))
    for sold in sales(sku="B"):
        agent.on_sales(sold)
    agent.on_stock(stock(NOW, sku="B"))
    agent.on_event(move(8_000, at=NOW - 30 * MINUTE_MS, sku="B", product_id="p2"))
    (held,) = agent.on_event(move(8_000))
    assert held.blocked_by == "sku_budget"

    assert agent.learn(stock(NOW + 29 * MINUTE_MS)) == []
    (made,) = agent.learn(stock(NOW + 31 * MINUTE_MS))
    assert (made.blocked_by, made.look) == (None, "again:sku_budget")

    short = ready(Policy(pricing=Pricing(cooldown_hours=1)))
    short.on_event(move(9_000, at=NOW - HOUR_MS // 2))
    (held,) = short.on_event(move(8_000, 9_000))
    assert held.blocked_by == "cooldown"
    assert short.learn(stock(NOW + 20 * MINUTE_MS)) == []
    assert [one.blocked_by for one in short.learn(stock(NOW + 31 * MINUTE_MS))] == [None]


def test_reasons_of_the_market_and_of_worth_are_final() -> None:
    assert not PASSING & {"price_war", "restless", "no_gain", "cap", "floor", "insufficient_cover", "competitor_dearer"}
    agent = ready(DEFAULT, on_hand=100)
    (held,) = agent.on_event(move(8_000))

    assert held.blocked_by == "insufficient_cover"
    assert agent.learn(stock(NOW + 10 * MINUTE_MS)) == []


def test_of_several_cuts_the_newest_that_stands_is_looked_at() -> None:
    agent, _held = stale()
    agent.on_event(move(7_900, at=NOW + MINUTE_MS, competitor="other"))
    agent.on_event(move(7_000, 8_000, at=NOW + 2 * MINUTE_MS, competitor="third", match_confidence=0.2))

    (made,) = agent.learn(stock(NOW + 10 * MINUTE_MS))
    assert made.signals.competitor == "other"


# A markdown that stands


def test_a_markdown_that_nothing_asked_for_is_proposed_to_end() -> None:
    agent, since = marked_down()

    assert agent.tick(since + PERIOD - 1) == []
    (made,) = agent.tick(since + PERIOD)
    assert (made.kind, made.proposed_minor, made.look) == ("restore", 10_000, f"stood:{since}")
    assert made.decided_at == since + PERIOD
    verify(made, DEFAULT)
    assert recheck(made, item(9_700), DEFAULT, made.decided_at + 1) is None


def test_it_is_dated_at_the_day_it_was_due_whatever_moved_the_time_on() -> None:
    agent, since = marked_down()

    (made,) = agent.tick(since + PERIOD + 3 * DAY_MS + HOUR_MS)
    assert made.decided_at == since + PERIOD + 3 * DAY_MS


def test_facts_move_the_time_on_too_but_not_one_with_a_wrong_time() -> None:
    agent, since = marked_down()

    assert agent.learn(stock(since + PERIOD, sku="B")) == []  # two weeks ahead of all that is known
    agent.tick(since + PERIOD - HOUR_MS)
    (made,) = agent.learn(stock(since + PERIOD, sku="B"))
    assert made.sku == "A"


def test_a_newer_cut_begins_the_time_anew_but_one_that_says_nothing_does_not() -> None:
    agent, since = marked_down()
    agent.on_event(move(7_000, 8_000, at=since + 5 * DAY_MS))
    agent.on_event(move(6_000, 7_000, at=since + 9 * DAY_MS, competitor="other", match_confidence=0.1))

    assert agent.tick(since + PERIOD + 5 * DAY_MS - 2 * HOUR_MS) == []
    assert len(agent.tick(since + PERIOD + 5 * DAY_MS)) == 1


def test_one_that_nobody_signed_comes_again_after_another_period() -> None:
    agent, since = marked_down()
    (first,) = agent.tick(since + PERIOD)

    assert [agent.tick(since + PERIOD + day * DAY_MS) for day in range(1, 14)] == [[]] * 13
    (second,) = agent.tick(since + 2 * PERIOD)
    assert second.proposal_id != first.proposal_id


def test_a_restore_that_waits_is_not_proposed_twice() -> None:
    agent, since = marked_down()
    (waiting,) = agent.on_event(move(9_900, 8_000, at=since + PERIOD - DAY_MS))

    assert agent.tick(since + PERIOD) == []
    (made,) = agent.tick(since + PERIOD + 3 * DAY_MS)  # nobody answered in 72 hours
    assert (waiting.kind, made.kind) == ("restore", "restore")
    agent.on_decision(decision_on(made, made.decided_at + 1))
    assert agent.tick(since + 9 * PERIOD) == []


def test_during_our_own_promotion_it_waits() -> None:
    agent, since = marked_down()
    agent.on_item(item(9_700, as_of=since + DAY_MS, on_promotion=True))

    assert agent.tick(since + PERIOD + HOUR_MS) == []
    agent.on_item(item(9_700, as_of=since + PERIOD + 2 * HOUR_MS))
    (made,) = agent.tick(since + PERIOD + DAY_MS)
    assert made.decided_at == since + PERIOD + DAY_MS


def test_a_markdown_whose_stock_is_sold_is_proposed_to_end() -> None:
    agent, since = marked_down()
    for day in range(20):
        agent.on_sales(UnitsSold("A", NOW + day * DAY_MS, NOW + (day + 1) * DAY_MS, 20.0, 9_700, "CNY"))

    assert agent.learn(stock(since + 2 * HOUR_MS, on_hand=300)) == []  # it has hardly begun
    assert agent.learn(stock(since + DAY_MS, on_hand=1_000)) == []
    (made,) = agent.learn(stock(since + DAY_MS + HOUR_MS, on_hand=300))
    assert (made.kind, made.proposed_minor, made.look) == ("restore", 10_000, f"cover:{since}")
    assert made.decided_at == since + DAY_MS + HOUR_MS
    verify(made, DEFAULT)
    assert agent.learn(stock(since + DAY_MS + 2 * HOUR_MS, on_hand=290)) == []


def test_an_old_stock_figure_says_nothing_about_cover() -> None:
    agent, since = marked_down()
    agent.tick(since + 2 * DAY_MS)
    agent.on_stock(stock(since + DAY_MS, on_hand=10))

    assert agent.learn(item(9_700, as_of=since + 2 * DAY_MS)) == []


def test_zero_days_means_never() -> None:
    agent, since = marked_down(NO_REVIEW)

    assert agent.tick(since + 10 * PERIOD) == []
    assert agent.learn(stock(since + 10 * PERIOD, on_hand=1)) == []


def test_what_the_markdown_answered_may_be_forgotten() -> None:
    agent, since = marked_down()
    agent.state.sku("A").proposed.clear()
    agent.state.sku("A").quotes.clear()

    (made,) = agent.tick(since + PERIOD)
    verify(made, DEFAULT)
    assert made.signals.competitor == ""
    assert "Why now" in explain(made)


def judged(product: str, status: MatchStatus, at: int, sku: str = "A") -> Match:
    return Match(COMPETITOR, product, sku, at, status=status)


def test_a_markdown_whose_match_is_rejected_is_proposed_to_end_at_once() -> None:
    agent, since = marked_down()
    at = since + HOUR_MS

    assert agent.learn(judged("p1", "approved", at - 1)) == []
    (made,) = agent.learn(judged("p1", "rejected", at))
    assert (made.kind, made.proposed_minor, made.blocked_by) == ("restore", 10_000, None)
    assert (made.decided_at, made.look, made.signals.competitor_product) == (at, f"match:{since}", "p1")
    verify(made, DEFAULT)
    assert "is not the same as ours" in explain(made)
    assert "并非同款" in explain(made, "zh")
    assert agent.learn(stock(at + 1)) == []  # it waits for its signatures
    assert agent.learn(stock(at + 100 * HOUR_MS)) == []  # and is asked once


def test_a_restart_makes_the_look_at_a_rejected_match_once() -> None:
    agent, since = marked_down()
    (markdown,) = agent.state.sku("A").proposed.values()
    rejected = judged("p1", "rejected", since + HOUR_MS)
    (made,) = agent.learn(rejected)

    def restarted(*made_before: Proposal) -> list[Proposal]:
        again = ready(DEFAULT)
        for proposal in made_before:
            again.on_proposal(proposal)
        for fact in (rejected, decision_on(markdown, since)):
            again.take(fact)
        return again.resume()

    assert restarted(markdown, made) == []
    (late,) = restarted(markdown)  # it died before it could look
    assert (late.kind, late.look, late.proposal_id) == ("restore", made.look, made.proposal_id)


@pytest.mark.parametrize("status", ["rejected", "approved"])
def test_another_cut_that_stands_keeps_the_markdown_whose_match_is_rejected(status: MatchStatus) -> None:
    agent, since = marked_down()
    agent.on_event(move(8_000, at=since + 1, product_id="p2"))
    agent.learn(judged("p2", status, since + 2))

    made = agent.learn(judged("p1", "rejected", since + HOUR_MS))
    assert len(made) == (status == "rejected")


def test_a_match_that_was_another_one_does_not_keep_a_markdown() -> None:
    """The rejected product stays low for ever: it is no reason not to go back with those that are the same."""
    agent, since = marked_down()
    agent.on_event(move(8_000, at=since + 1, product_id="p2"))
    agent.learn(judged("p2", "rejected", since + 2))

    (back,) = agent.on_event(move(10_000, before=8_000, at=since + DAY_MS))
    assert (back.kind, back.proposed_minor, back.look) == ("restore", 10_000, "")


def test_the_next_product_of_ours_is_another_match() -> None:
    agent, since = marked_down()

    agent.learn(judged("p1", "approved", since + HOUR_MS, sku="B"))
    (made,) = agent.learn(stock(since + 2 * HOUR_MS))
    assert (made.kind, made.look) == ("restore", f"match:{since}")


# What is told, and what a restart or other workers change


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            ("second look", "our stock figure is too old", "for 14 days", "The stock that the markdown was to sell"),
        ),
        ("zh", ("再次评估", "库存数据过期", "14 天内", "库存已售出")),
    ],
)
def test_the_note_says_that_it_is_a_second_look_and_why_now(lang: str, words: tuple[str, ...]) -> None:
    agent, _held = stale()
    (again,) = agent.learn(stock(NOW + 10 * MINUTE_MS))
    agent, since = marked_down()
    (stood,) = agent.tick(since + PERIOD)
    agent, since = marked_down()
    (sold,) = agent.learn(stock(since + DAY_MS, on_hand=5))

    assert all(word in explain(again, lang) for word in words[:2])
    assert words[2].replace("for ", "") in explain(stood, lang)
    assert words[3] in explain(sold, lang)
    for made in (stood, sold):
        assert "the cut that we answered is gone" not in explain(made, lang)


SKUS = ("A", "B", "C")
LAG_MS = 2 * MINUTE_MS
STEPS = 60
Input = Fact | MarketEvent


def life(chance: random.Random) -> list[Input]:
    """Weeks of three products: cuts, comings back, stock that is sold or told late, costs that come late."""
    without_cost = [sku for sku in SKUS if chance.random() < 0.3]
    found: list[Input] = [item(sku=sku, cost_minor=None if sku in without_cost else 6_000) for sku in SKUS]
    found += [sold for sku in SKUS for sold in sales(sku=sku)]
    at, asked = NOW, dict.fromkeys(SKUS, 10_000)
    for number in range(STEPS):
        wait = chance.choice((MINUTE_MS, 10 * MINUTE_MS, 31 * MINUTE_MS, 5 * HOUR_MS, 2 * DAY_MS, 4 * DAY_MS))
        # Something of ours is read every few hours.
        hours = range(8, wait // HOUR_MS, 8)
        found += [stock(at + hour * HOUR_MS, sku=other) for hour in hours for other in ("D", "E")]
        at += wait
        sku, what = chance.choice(SKUS), chance.random()
        if what < 0.3:
            found.append(stock(at, chance.choice((5_000, 5_000, 300)), sku))
        elif what < 0.4 and sku in without_cost:
            without_cost.remove(sku)
            found.append(item(as_of=at, sku=sku))
        elif what < 0.5:
            found.append(UnitsSold(sku, at - DAY_MS, at, chance.choice((10.0, 30.0)), 10_000, "CNY"))
        else:
            found.append(stock(at - chance.choice((0, 4 * HOUR_MS)), 5_000, sku))
            after = chance.choice([one for one in (10_000, 9_000, 8_000, 7_000) if one != asked[sku]])
            found.append(move(after, asked[sku], at=at, event_id=f"e{number}", sku=sku, product_id=f"p{sku}"))
            asked[sku] = after
    return found


class Signing:
    """An agent whose proposals are signed at once, or restarted at a moment; what came of it, in bytes."""

    def __init__(self, policy: Policy = DEFAULT) -> None:
        self.policy, self.agent = policy, PricingAgent(policy)
        self.seen: list[Input | Proposal] = []
        self.made: list[bytes] = []

    def give(self, one: Input) -> None:
        """One input, and every decision that follows from it."""
        self.seen.append(one)
        if isinstance(one, MarketEvent):
            self._take([*self.agent.tick(one.observed_at), *self.agent.on_event(one)])
        else:
            self._take(self.agent.learn(one, arrived=moment_of(one) + LAG_MS))

    def _take(self, proposals: Iterable[Proposal]) -> None:
        for made in proposals:
            self.seen.append(made)
            self.made.append(encode(made))
            known = self.agent.state.sku(made.sku).item
            if made.blocked_by is None and recheck(made, known, self.policy, made.decided_at + 1) is None:
                self.give(decision_on(made, made.decided_at + 1))

    def restart(self, chance: random.Random) -> None:
        """A new agent that reads facts, decisions and proposals in whatever order, then the events."""
        self.agent = PricingAgent(self.policy)
        folded = [one for one in self.seen if not isinstance(one, MarketEvent)]
        chance.shuffle(folded)
        for one in folded:
            if isinstance(one, Proposal):
                self.agent.on_proposal(one)
            else:
                self.agent.take(one, moment_of(one) + LAG_MS)
        for event in self.seen:
            if isinstance(event, MarketEvent):
                self.agent.observe(event)
        self._take(self.agent.resume())


@given(seed=st.integers(0, 2**32), restarts=st.lists(st.integers(0, 150), max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_restart_loses_nothing_and_repeats_nothing(seed: int, restarts: list[int]) -> None:
    steps = life(random.Random(seed))
    straight, restarted = Signing(), Signing()
    for number, one in enumerate(steps):
        straight.give(one)
        restarted.give(one)
        if len(steps) - number in restarts:
            restarted.restart(random.Random(number))

    ids = [msgspec.json.decode(made)["proposal_id"] for made in straight.made]
    assert len(set(ids)) == len(ids)
    assert restarted.made == straight.made


class TwoWorkers:
    """Both read every fact and proposal; events and looks of a product belong to one of them."""

    def __init__(self) -> None:
        self.workers = [PricingAgent(DEFAULT), PricingAgent(DEFAULT)]
        self.made: list[Proposal] = []

    def mine(self, number: int) -> Callable[[str], bool]:
        return lambda sku: (sku == "A") == (number == 0)

    def give(self, one: Input) -> None:
        found: list[Proposal] = []
        for number, worker in enumerate(self.workers):
            if not isinstance(one, MarketEvent):
                found += worker.learn(one, self.mine(number), moment_of(one) + LAG_MS)
            elif self.mine(number)(one.sku):
                found += [*worker.tick(one.observed_at, self.mine(number)), *worker.on_event(one)]
        self.take(found)

    def take(self, found: list[Proposal]) -> None:
        self.made += found
        for proposal in found:
            for worker in self.workers:
                worker.on_proposal(proposal)
            known = self.workers[0].state.sku(proposal.sku).item
            if proposal.blocked_by is None and recheck(proposal, known, DEFAULT, proposal.decided_at + 1) is None:
                self.give(decision_on(proposal, proposal.decided_at + 1))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_of_two_workers_one_looks(seed: int) -> None:
    alone, two = Signing(), TwoWorkers()
    for one in life(random.Random(seed)):
        alone.give(one)
        two.give(one)
    for number, worker in enumerate(two.workers):
        two.take(worker.tick(alone.agent.state.clock, two.mine(number)))

    ids = [proposal.proposal_id for proposal in two.made]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(msgspec.json.decode(one)["proposal_id"] for one in alone.made)


def test_where_a_long_markdown_began_is_known_in_whatever_order_facts_are_read() -> None:
    agent = ready(DEFAULT)
    (made,) = agent.on_event(move(8_000))
    first = decision_on(made, NOW + HOUR_MS)
    second = msgspec.structs.replace(
        first, decision_id="d2", previous_minor=9_700, price_minor=9_500, decided_at=NOW + 20 * DAY_MS
    )
    late = msgspec.structs.replace(made, proposal_id="late", decided_at=NOW + 60 * DAY_MS)

    for facts in itertools.permutations((item(9_500, as_of=NOW + 21 * DAY_MS), first, second, late)):
        restarted = PricingAgent(DEFAULT)
        for fact in facts:
            restarted.on_proposal(fact) if isinstance(fact, Proposal) else restarted.take(fact)
        known = restarted.state.sku("A").markdown
        assert known is not None
        assert (known.price_minor, known.restore_minor, known.since) == (9_500, 10_000, first.decided_at)
