"""The agent over time: triggers, matches, cap over repeated markdowns, restore, redelivery."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import encode
from contracts.events import MarketEvent, OutOfStock, PriceMoved
from contracts.facts import Match, StockLevel
from contracts.markets import Holiday
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS, to_iso
from pricing.agent import PricingAgent
from pricing.recheck import recheck
from tests.unit.pricing.samples import NOW, decision_on, item, move, ready, sales


def approve(agent: PricingAgent, made: Proposal, at: int) -> None:
    agent.on_decision(decision_on(made, at))


@pytest.mark.parametrize(("currency", "kept_apart"), [("CNY", True), ("EUR", False)])
def test_holidays_of_its_currency_reach_the_forecast(currency: str, kept_apart: bool) -> None:
    yesterday = to_iso(NOW - DAY_MS // 2)[:10]
    fair = Policy(pricing=Pricing(holidays=(Holiday("fair", yesterday, currencies=(currency,)),)))
    agents = [ready(DEFAULT), ready(fair)]
    for agent in agents:
        agent.on_sales(msgspec.structs.replace(sales()[0], units=60.0))
    usual, told = (agent.on_event(move(8_000))[0].signals.daily_demand for agent in agents)
    assert usual is not None
    assert told is not None
    assert (told < usual) == kept_apart
    assert (told == usual) != kept_apart


def test_a_cut_gives_a_markdown_within_the_cap() -> None:
    (made,) = ready(DEFAULT).on_event(move(8_000))

    assert made.blocked_by is None
    assert made.proposed_minor == 9_700
    assert made.sku == "A"
    assert recheck(made, item(), DEFAULT, NOW + 1) is None


@pytest.mark.parametrize(
    "event",
    [
        move(9_500),  # exactly 5 % is not more than 5 %
        move(12_000),
        move(8_000, sku=""),
        OutOfStock(event_id="o", competitor="rival", product_id="p1", observed_at=NOW, sku="A"),
    ],
)
def test_what_is_no_trigger_gives_nothing(event: MarketEvent) -> None:
    assert ready(DEFAULT).on_event(event) == []


def test_a_match_of_ours_names_the_sku_and_a_rejection_silences_it() -> None:
    agent = ready(DEFAULT)
    agent.on_match(Match("rival", "p1", "A", NOW - DAY_MS, confidence=0.95))
    (made,) = agent.on_event(move(8_000, sku=""))
    agent.on_match(Match("rival", "p1", "A", NOW, status="rejected"))

    assert made.signals.match_confidence == 0.95
    assert agent.on_event(move(7_000, 8_000, at=NOW + 1)) == []


def test_an_event_delivered_again_gets_the_same_answer() -> None:
    agent = ready(DEFAULT)
    first = agent.on_event(move(8_000))
    agent.on_stock(StockLevel("A", 1, NOW))

    assert agent.on_event(move(8_000)) == first


def test_a_restarted_agent_gives_the_recorded_answer() -> None:
    first = ready(DEFAULT).on_event(move(8_000))
    again = ready(DEFAULT, on_hand=9_000)
    again.on_proposal(first[0])

    assert encode(again.on_event(move(8_000))) == encode(first)


def test_when_the_competitor_is_back_the_price_is_restored() -> None:
    agent = ready(DEFAULT)
    (made,) = agent.on_event(move(8_000))
    approve(agent, made, NOW + HOUR_MS)

    assert agent.on_event(move(9_000, 8_000, at=NOW + 2 * HOUR_MS)) == []  # still more than 5 % below
    (restore,) = agent.on_event(move(9_900, 9_000, at=NOW + 3 * HOUR_MS))
    assert (restore.kind, restore.current_minor, restore.proposed_minor) == ("restore", 9_700, 10_000)
    assert agent.on_event(move(10_900, 9_900, at=NOW + 4 * HOUR_MS)) == []  # one restore waits already


def test_a_competitor_who_cannot_deliver_is_no_trigger_any_more() -> None:
    agent = ready(DEFAULT)
    (made,) = agent.on_event(move(8_000))
    approve(agent, made, NOW + HOUR_MS)
    gone = OutOfStock(event_id="o", competitor="rival", product_id="p1", observed_at=NOW + 2 * HOUR_MS, sku="A")

    assert [p.kind for p in agent.on_event(gone)] == ["restore"]


def test_without_a_markdown_in_force_nothing_is_restored() -> None:
    agent = ready(DEFAULT)
    agent.on_event(move(8_000))

    assert agent.on_event(move(10_000, 8_000, at=NOW + HOUR_MS)) == []


def test_answers_of_competitors_to_our_changes_are_a_price_war() -> None:
    policy = Policy(pricing=Pricing(cooldown_hours=0, price_war_reactions=2))
    agent = ready(policy)
    (first,) = agent.on_event(move(8_000))
    approve(agent, first, NOW + 1)
    agent.on_event(move(7_000, 8_000, at=NOW + 2))
    agent.on_stock(StockLevel("A", 5_000, NOW + 3))

    (made,) = agent.on_event(move(6_000, 7_000, at=NOW + 3))
    assert made.blocked_by == "price_war"


FREE = Pricing(cooldown_hours=0, price_war_reactions=1_000, surplus_value_bp=0, max_margin_per_hour_minor=10**15)


@given(
    st.lists(st.tuples(st.integers(1, 3 * DAY_MS), st.integers(1, 400), st.booleans()), max_size=12),
    st.integers(1, 50),
)
def test_repeated_markdowns_never_add_up_to_more_than_the_cap(
    steps: list[tuple[int, int, bool]], rounding: int
) -> None:
    policy = Policy(pricing=msgspec.structs.replace(FREE, rounding_minor=rounding))
    agent = ready(policy)
    at, price, log = NOW, 10_000, [(0, 10_000)]
    for wait, cut, approved in steps:
        at += wait
        agent.on_stock(StockLevel("A", 5_000, at))
        for sold in sales(until=at, days=3):
            agent.on_sales(sold)
        for made in agent.on_event(move(price * (1_000 - 51 - cut) // 1_000, price, at=at)):
            if made.blocked_by is None and approved:
                approve(agent, made, at)
                log.append((at, made.proposed_minor))
                start = [p for moment, p in log if moment <= at - 7 * DAY_MS][-1]
                assert made.proposed_minor * 10_000 >= start * 9_700


def test_where_our_list_price_went_up_markdowns_do_not_follow_one_another_down() -> None:
    agent = ready(Policy(pricing=FREE))
    agent.on_item(item(14_000, as_of=NOW - DAY_MS))  # the window began at 10,000
    lowest = 14_000
    for day in range(6):
        at = NOW + day * DAY_MS
        agent.on_stock(StockLevel("A", 5_000, at))
        for made in agent.on_event(move(8_000 - 500 * day, 8_500 - 500 * day, at=at)):
            if made.blocked_by is None:
                approve(agent, made, at)
                lowest = min(lowest, made.proposed_minor)
    assert lowest == 13_580  # 3 % below 14,000, once


@given(st.permutations(range(6)))
def test_facts_in_any_order_give_the_same_proposal(order: list[int]) -> None:
    agent = PricingAgent(DEFAULT)
    facts = [
        lambda: agent.on_item(item(9_900, NOW - 3 * DAY_MS)),
        lambda: agent.on_item(item(10_000, NOW - 30 * DAY_MS)),
        lambda: agent.on_stock(StockLevel("A", 5_000, NOW)),
        lambda: agent.on_stock(StockLevel("A", 1, NOW - HOUR_MS)),
        lambda: [agent.on_sales(sold) for sold in sales()],
        lambda: agent.on_match(Match("rival", "p1", "A", NOW)),
    ]
    for number in order:
        facts[number]()

    (made,) = agent.on_event(move(8_000))
    assert (made.window_start_minor, made.current_minor, made.proposed_minor) == (10_000, 9_900, 9_700)


def test_a_decision_that_arrives_before_the_catalogue_is_kept() -> None:
    agent = PricingAgent(DEFAULT)
    agent.on_decision(
        Decision(
            decision_id="d",
            sku="A",
            price_minor=9_700,
            previous_minor=10_000,
            currency="CNY",
            decided_at=NOW - DAY_MS,
            proposal_id="p",
        )
    )
    agent.on_item(item())

    state = agent.state.sku("A")
    assert state.item is not None
    assert state.item.price_minor == 9_700
    assert state.markdown is not None
    assert state.markdown.restore_minor == 10_000


def test_a_late_event_about_an_older_price_is_not_acted_on() -> None:
    agent = ready(DEFAULT)
    agent.on_event(move(10_500, 9_000, at=NOW))

    late: PriceMoved = move(8_000, at=NOW - HOUR_MS)
    assert agent.on_event(late) == []


def decision(price: int, before: int, at: int, name: str, **changes: object) -> Decision:
    made = Decision(
        decision_id=name,
        sku="A",
        price_minor=price,
        previous_minor=before,
        currency="CNY",
        decided_at=at,
        proposal_id="p",
    )
    return msgspec.structs.replace(made, **changes)


def test_the_budget_of_an_hour_counts_what_came_later_too() -> None:
    policy = Policy(pricing=Pricing(max_skus_per_hour=1))
    agent = ready(policy)
    for sku in "AB":
        agent.on_item(item(sku=sku))
        agent.on_stock(StockLevel(sku, 5_000, NOW))
        for sold in sales(sku):
            agent.on_sales(sold)

    (first,) = agent.on_event(move(8_000))
    (late,) = agent.on_event(move(8_000, at=NOW - HOUR_MS // 2, sku="B", product_id="p2"))
    assert (first.blocked_by, late.blocked_by) == (None, "sku_budget")


def test_prices_of_two_currencies_are_never_one_history() -> None:
    agent = ready(DEFAULT)  # 10,000 fen for sixty days
    agent.on_item(item(1_400, NOW - DAY_MS, currency="USD", cost_minor=800))
    (made,) = agent.on_event(move(1_000, 1_400, currency="USD"))

    assert (made.window_start_minor, made.signals.lowest_30d_minor) == (1_400, 1_400)
    assert made.proposed_minor == 1_358
    agent.on_decision(decision(9_700, 10_000, NOW + 1, "old"))  # signed when it was sold in CNY
    known = agent.state.sku("A")
    assert known.item is not None
    assert (known.item.price_minor, known.markdown) == (1_400, None)


def test_a_decision_later_than_the_event_counts_for_cap_and_cooldown() -> None:
    agent = ready(DEFAULT)
    agent.on_decision(decision(9_700, 10_000, NOW + HOUR_MS, "later"))
    agent.on_item(item(9_700, NOW + 2 * HOUR_MS))
    (made,) = agent.on_event(move(8_000))

    assert made.window_start_minor == 10_000
    assert made.blocked_by == "cooldown"


def test_an_undo_of_the_second_markdown_leaves_the_first_one_standing() -> None:
    agent = ready(DEFAULT)
    agent.on_decision(decision(9_700, 10_000, NOW - 20 * DAY_MS, "one"))
    agent.on_decision(decision(9_409, 9_700, NOW - 2 * DAY_MS, "two"))
    agent.on_decision(decision(9_700, 9_409, NOW - DAY_MS, "undo", compensates="two"))
    standing = agent.state.sku("A").markdown

    assert standing is not None
    assert (standing.price_minor, standing.restore_minor, standing.since) == (9_700, 10_000, NOW - 20 * DAY_MS)


def test_a_markdown_that_stands_for_months_is_still_brought_back() -> None:
    agent = ready(DEFAULT)
    agent.on_event(move(8_000, at=NOW - 60 * DAY_MS))
    agent.on_decision(decision(9_700, 10_000, NOW - 59 * DAY_MS, "old"))
    agent.on_event(move(7_000, 8_000, at=NOW - DAY_MS))
    agent.on_item(item(9_700, NOW - HOUR_MS))

    (restore,) = agent.on_event(move(10_000, 7_000))
    assert (restore.kind, restore.proposed_minor) == ("restore", 10_000)


def test_markdowns_that_follow_one_another_end_at_the_standing_cap() -> None:
    policy = Policy(pricing=FREE)
    agent = ready(policy)
    lowest, blocked = 10_000, []
    for week in range(6):
        at = NOW + week * 8 * DAY_MS
        agent.on_stock(StockLevel("A", 50_000, at))
        for sold in sales(until=at, days=7):
            agent.on_sales(sold)
        for made in agent.on_event(move(8_000 - 700 * week, 9_000 - 700 * week, at=at)):
            if made.blocked_by is None:
                approve(agent, made, at)
                lowest = min(lowest, made.proposed_minor)
            else:
                blocked.append(made.blocked_by)

    assert lowest == 9_400
    assert set(blocked) == {"cap"}
