"""The same signals under two policies: counted as deciding one by one would count them."""

from __future__ import annotations

from collections import Counter

import msgspec

from backtest.again import decided_again
from contracts.policy import DEFAULT, Policy, Pricing
from pricing.guards import propose
from pricing.inputs import Asked, Case
from tests.unit.pricing.samples import NOW, signals

CASES = [
    Case(signals(), NOW, "CNY"),
    Case(signals(own_promotion=True), NOW, "CNY"),
    Case(signals(cost_minor=9_300), NOW, "EUR"),
    Case(signals(match_confidence=0.8), NOW, "EUR"),
]
LENIENT = Policy(name="lenient", pricing=Pricing(minimum_match_confidence=0.5, minimum_margin_bp=0))


def one_by_one(policy: Policy) -> list[str]:
    made = [propose(case, policy, Asked("A", "e")) for case in CASES]
    return [one.blocked_by or "proposed" for one in made]


def test_both_policies_decide_the_same_cases() -> None:
    found = decided_again(CASES, DEFAULT, LENIENT)

    assert found["cases"] == 4
    assert found["first"] == Counter(one_by_one(DEFAULT))
    assert found["second"] == Counter(one_by_one(LENIENT))
    assert (found["both"], found["only_first"], found["only_second"]) == (2, 0, 1)
    assert set(found["at_stake_second"]) == {"CNY", "EUR"}


def test_a_kill_switch_belongs_to_its_own_policy() -> None:
    killed = msgspec.structs.replace(DEFAULT, pricing=Pricing(kill_switch=True))
    gathered = [Case(signals(kill_switch=True), NOW, "CNY")]

    found = decided_again(gathered, killed, DEFAULT)
    assert (found["first"], found["second"]) == ({"kill_switch": 1}, {"proposed": 1})


def test_a_run_without_proposals_has_nothing_to_decide_again() -> None:
    assert decided_again([], DEFAULT, LENIENT)["cases"] == 0
