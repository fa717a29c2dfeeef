"""The lowest price before: shown, held, or what an announced reduction must be below."""

from __future__ import annotations

from contracts.facts import StockLevel
from contracts.markets import MarketRule
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Proposal
from contracts.times import DAY_MS, MINUTE_MS
from pricing.recheck import recheck
from tests.unit.pricing.samples import NOW, item, move, ready, sales
from tests.unit.pricing.test_agent import decision


def answered(policy: Policy, low_days_ago: int = 20, currency: str = "EUR") -> Proposal:
    """A cut met by an item at 10,000 that cost 9,900 for a day some time ago."""
    agent = ready(policy)
    begin = NOW - low_days_ago * DAY_MS
    agent.on_item(item(10_000, NOW - 60 * DAY_MS, currency=currency))
    agent.on_item(item(9_900, begin, currency=currency))
    agent.on_item(item(10_000, begin + DAY_MS, currency=currency))
    (made,) = agent.on_event(move(8_000, currency=currency))
    return made


def rule(**changes: object) -> Policy:
    return Policy(name="ruled", pricing=Pricing(markets=(MarketRule("EU", **changes), MarketRule("CN", **changes))))  # type: ignore[arg-type]


def test_a_new_low_is_shown_with_what_it_costs() -> None:
    made = answered(DEFAULT)

    assert (made.signals.market, made.signals.prior_days, made.signals.prior_low_minor) == ("EU", 30, 9_900)
    assert (made.proposed_minor, made.new_low_by_minor) == (9_700, 200)


def test_china_looks_back_seven_days_only() -> None:
    made = answered(DEFAULT, currency="CNY")

    assert (made.signals.market, made.signals.prior_low_minor) == ("CN", 10_000)
    assert made.signals.lowest_30d_minor == 9_900


def test_where_the_low_is_held_the_price_stays_at_it() -> None:
    made = answered(rule(new_low="hold"))

    assert (made.proposed_minor, made.new_low_by_minor) == (9_900, 0)
    assert [step.after_minor for step in made.guards if step.guard == "market"] == [9_900]
    assert answered(rule(new_low="hold"), currency="CNY").blocked_by == "market_rule"  # the low is the price itself


def test_an_announced_reduction_is_below_the_lowest_price_before() -> None:
    assert answered(rule(announced=True)).blocked_by is None
    policy = Policy(pricing=Pricing(cap_bp=50, markets=(MarketRule("EU", announced=True),)))
    made = answered(policy)
    assert made.blocked_by == "market_rule"  # 9,950 is no reduction from 9,900


def test_a_rule_that_came_into_force_after_the_signature_is_looked_at_before_it_goes_out() -> None:
    made = answered(DEFAULT)
    now = item(10_000, NOW, currency="EUR")

    assert recheck(made, now, DEFAULT, NOW + 1) is None
    assert recheck(made, now, rule(new_low="hold"), NOW + 1) == "market_rule"


def test_a_markdown_in_force_is_not_its_own_reference() -> None:
    agent = ready(Policy(pricing=Pricing(cooldown_hours=0)))
    agent.on_decision(decision(9_700, 10_000, NOW - 8 * DAY_MS, "first"))
    agent.on_stock(StockLevel("A", 5_000, NOW - MINUTE_MS))
    for sold in sales(days=3):
        agent.on_sales(sold)
    (made,) = agent.on_event(move(8_000))

    assert made.current_minor == 9_700
    assert made.signals.prior_low_minor == 10_000
    assert made.signals.lowest_30d_minor == 9_700
