"""The note that goes with a proposal: what a colleague would want to know, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from contracts.codec import decode
from contracts.markets import MarketRule, Season
from contracts.policy import DEFAULT, Policy, Pricing
from contracts.proposals import Proposal, Signals
from contracts.times import DAY_MS, HOUR_MS
from pricing.explain import explain
from pricing.guards import propose
from pricing.inputs import Asked, Case
from pricing.phrases import GUARDS, NEXT, PHRASES, REASON_TEXTS, STOPPED_TEXTS
from pricing.reasons import REASONS
from tests.unit.pricing.samples import NOW, move, ready, signals
from tests.unit.pricing.test_batch import OLD, likely, policies

GOLDEN = Path(__file__).parents[2] / "contract" / "golden" / "v1"


def note(given_signals: Signals, policy: Policy = DEFAULT, lang: str = "en") -> str:
    made = propose(Case(given_signals, NOW, "CNY"), policy, Asked("A", "e"))
    return explain(made, lang)


def test_both_languages_say_the_same_things() -> None:
    assert PHRASES["en"].keys() == PHRASES["zh"].keys()
    assert GUARDS["en"].keys() == GUARDS["zh"].keys()
    assert NEXT["en"].keys() == NEXT["zh"].keys()
    assert STOPPED_TEXTS["en"].keys() == STOPPED_TEXTS["zh"].keys()
    for key, english in PHRASES["en"].items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", PHRASES["zh"][key])), key


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_has_words(lang: str) -> None:
    assert set(REASONS) == REASON_TEXTS[lang].keys()


def test_the_note_of_a_markdown() -> None:
    (made,) = ready(DEFAULT).on_event(move(8_000))

    assert explain(made).splitlines()[:7] == [
        "Lower A from CN¥100.00 to CN¥97.00 (-3.0%).",
        "",
        (
            "Why: rival went from CN¥100.00 to CN¥80.00 (-20.0%), seen just now. That is 20.0% below us."
            " We are 100% sure that it is the same product."
        ),
        "Stock: 5,000 on hand, read 5 min earlier. At 20.0 a day (80 %: 12.8 to 31.3) that lasts 250 days.",
        (
            "What it brings: about 158 units over the days that count, and CN¥182.66 of profit"
            " against leaving the price (80 %: -CN¥129.90 to CN¥513.08)."
            " One percent off sells about 2.0 % more (80 %: 1.0 to 3.0)."
        ),
        "Why not lower: the cap, counted from CN¥100.00, allows CN¥97.00 and no less.",
        (
            "Keep in mind: a reduction announced before 2027-01-22 counts from CN¥97.00 then, not from CN¥100.00"
            " (CN: the lowest price of 7 days): CN¥3.00 a unit that it cannot show."
            " It is also below the lowest price of the last 30 days (CN¥100.00), by CN¥3.00 a unit."
        ),
    ]
    assert "At stake: CN¥473.92. Signs: marketing director." in explain(made)


@pytest.mark.parametrize(
    ("changes", "policy", "said"),
    [
        ({"map_minor": 9_800}, Pricing(), "Why not lower: the hard floor is CN¥98.00."),
        ({}, Pricing(rounding_minor=980), "Why not lower: CN¥98.00 is the next price on our grid."),
        ({"elasticity": -2.6, "cost_minor": 6_100}, Pricing(surplus_value_bp=10_000), "more would cost more than"),
        ({"standing_from_minor": 10_200}, Pricing(standing_cap_bp=400), "began at CN¥102.00, CN¥97.92 is the end."),
        ({"prior_low_minor": 9_900, "market": "CN"}, Pricing(markets=(MarketRule("CN", new_low="hold"),)),
         "the lowest price before (CN¥99.00, CN) is kept."),
    ],
)  # fmt: skip
def test_it_says_why_the_price_is_not_lower(changes: dict[str, object], policy: Pricing, said: str) -> None:
    assert said in note(signals(**changes), Policy(pricing=policy))


def test_what_was_held_back_says_what_would_change_it() -> None:
    late = note(signals(stock_as_of=NOW - 4 * HOUR_MS))

    assert late.startswith("Leave A at CN¥100.00: our stock figure is too old. The figure may no longer be true")
    assert "read 4 h earlier" in late
    assert "Signs:" not in late


def test_a_season_is_named() -> None:
    peak = Policy(pricing=Pricing(seasons=(Season("New Year", "01-10", "01-31", 20_000),)))
    (made,) = ready(peak).on_event(move(8_000))

    assert made.signals.season_factor == 2.0
    assert "200% of a usual day's sales" in explain(made)


def test_a_restore_says_that_the_cut_is_gone() -> None:
    text = note(signals(price_minor=9_700, restore_minor=10_000))

    assert text.startswith("Bring A back from CN¥97.00 to CN¥100.00 (+3.1%).")
    assert "the cut that we answered is gone" in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_records_of_earlier_rules_are_still_explained(lang: str) -> None:
    samples = [path.read_bytes() for path in GOLDEN.glob("Proposal*.json")]
    for record in (*OLD, *samples):
        made: Proposal = decode(record, Proposal)
        assert made.record_hash[:16] in explain(made, lang)
        assert "{" not in explain(made, lang)


@given(likely, policies)
def test_whatever_was_decided_can_be_said(given_signals: Signals, policy: Policy) -> None:
    standing = msgspec.structs.replace(given_signals, standing_since=NOW - 3 * DAY_MS, prior_days=7)
    for lang in PHRASES:
        assert len(note(standing, policy, lang).splitlines()) >= 6
