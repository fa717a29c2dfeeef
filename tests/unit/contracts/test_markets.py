"""Seasons and market rules of a policy: what they bring along, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from contracts.errors import BadPolicyError
from contracts.markets import Holiday, MarketRule, Season, season_factor
from contracts.policy import DEFAULT, Policy, Pricing, parse_policy
from contracts.times import DAY_MS, from_iso

SINGLES_DAY = Season("Singles' Day", "11-01", "11-11", 30_000)
NEW_YEAR = Season("New Year", "12-24", "01-05", 5_000)


def test_a_season_over_the_end_of_a_year() -> None:
    assert [NEW_YEAR.holds(from_iso(day)) for day in ("2026-12-23", "2026-12-24", "2027-01-05", "2027-01-06")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_holiday_is_a_day_or_days_of_one_year_or_of_every_year() -> None:
    spring = Holiday("Spring Festival", "2027-02-05", "2027-02-11", ("CNY",))
    assert [spring.holds(date(2027, 2, day)) for day in (4, 5, 11, 12)] == [False, True, True, False]
    assert not spring.holds(date(2028, 2, 5))
    leap = Holiday("leap day", "02-29")
    assert [leap.holds(day) for day in (date(2028, 2, 29), date(2028, 2, 28), date(2027, 3, 1))] == [True, False, False]
    turn = Holiday("between the years", "12-24", "01-01")
    days = (date(2026, 12, 23), date(2026, 12, 24), date(2027, 1, 1), date(2027, 1, 2))
    assert [turn.holds(day) for day in days] == [False, True, True, False]


def test_a_holiday_holds_for_its_currencies() -> None:
    spring, turn = Holiday("Spring Festival", "2027-02-05", currencies=("CNY",)), Holiday("New Year", "01-01")
    pricing = Pricing(holidays=(spring, turn))
    assert pricing.holidays_in("CNY") == (spring, turn)
    assert pricing.holidays_in("EUR") == (turn,)


def test_the_factor_is_the_mean_over_the_days_ahead() -> None:
    at = from_iso("2026-10-30")
    assert season_factor((), at, 7) == 1.0
    assert season_factor((SINGLES_DAY,), at, 4) == 2.0  # two usual days, two of three times as much
    assert season_factor((SINGLES_DAY, NEW_YEAR), at + 4 * DAY_MS, 4) == 3.0


def test_markets_bring_their_days_and_currencies() -> None:
    assert DEFAULT.pricing.market("EUR") == MarketRule("EU")
    assert [rule.days for rule in DEFAULT.pricing.markets] == [30, 7]
    assert DEFAULT.pricing.market("USD") is None


def test_a_policy_file_sets_them_and_has_another_version() -> None:
    text = """
        [[pricing.markets]]
        name = "EU"
        new_low = "hold"
        [[pricing.markets]]
        name = "NO"
        currencies = ["NOK"]
        days = 30
        [[pricing.seasons]]
        name = "Singles' Day"
        begins = "11-01"
        ends = "11-11"
        factor_bp = 30000
    """
    policy = parse_policy(text, "north")

    assert policy.pricing.seasons == (SINGLES_DAY,)
    assert [rule.name for rule in policy.pricing.markets] == ["EU", "NO"]
    assert policy.version != parse_policy("", "north").version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[pricing.markets]]\nname = "NO"', "market 'NO' needs days and currencies"),
        ('[[pricing.markets]]\nname = "EU"\ncurrencies = ["EURO"]', "ISO 4217 code, was 'EURO'"),
        ('[[pricing.markets]]\nname = "EU"\n[[pricing.markets]]\nname = "X"\ndays = 7\ncurrencies = ["SEK"]', "SEK"),
        ('[[pricing.markets]]\nname = "EU"\nannounced = true\nnew_low = "hold"', "it cannot hold"),
        ('[[pricing.markets]]\nname = "EU"\ndays = 41', "<= 40"),
        ('[[pricing.seasons]]\nname = "x"\nbegins = "11-32"\nends = "12-01"\nfactor_bp = 10000', "regex"),
        ('[[pricing.holidays]]\nname = "x"\nbegins = "5 May"', "regex"),
        ('[[pricing.holidays]]\nname = "x"\nbegins = ""', "there is no such day"),
        ('[[pricing.holidays]]\nname = "x"\nbegins = "2027-02-29"', "there is no such day, was 2027-02-29"),
        ('[[pricing.holidays]]\nname = "x"\nbegins = "2027-02-05"\nends = "02-11"', "both name a year"),
        ('[[pricing.holidays]]\nname = "x"\nbegins = "2027-02-05"\nends = "2027-02-04"', "ends before it begins"),
        ('[[pricing.holidays]]\nname = "x"\nbegins = "12-24"\ncurrencies = ["YUAN"]', "ISO 4217 code, was 'YUAN'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_at_once(text: str, said: str) -> None:
    with pytest.raises(BadPolicyError, match=said):
        parse_policy(text, "wrong")


def test_what_was_added_later_leaves_the_versions_of_before_alone() -> None:
    assert DEFAULT.version == "default@8e6568650f48"
    assert Policy(pricing=Pricing(standing_cap_bp=500)).version != DEFAULT.version
    assert Policy(pricing=Pricing(holidays=(Holiday("New Year", "01-01"),))).version != DEFAULT.version
