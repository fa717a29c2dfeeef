"""Amounts are integers of minor units; two currencies never meet."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadPriceError, UnknownCurrencyError
from contracts.money import LARGEST_MINOR, UNSTATED, Money, exponent, format_minor, to_decimal, to_minor

CURRENCIES = ["CNY", "EUR", "USD", "JPY", "KRW", "KWD", "BHD", "GBP", UNSTATED]


@pytest.mark.parametrize(
    ("currency", "digits"), [("CNY", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3)]
)
def test_exponents_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["", "cny", "RMB", "EURO", "€", "ZZZ"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrencyError, match="ISO 4217"):
        exponent(code)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("19.99", "CNY", 1999),
        ("19.995", "CNY", 2000),
        ("0.005", "CNY", 1),
        ("-0.005", "CNY", -1),
        ("1980", "JPY", 1980),
        ("1.2345", "KWD", 1235),
        (Decimal("0.1"), "USD", 10),
    ],
)
def test_half_a_minor_unit_is_rounded_up(text: Decimal | str, currency: str, minor: int) -> None:
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "abc", "1,99", "NaN", "sNaN", "Infinity", "-Infinity", "1e400", "9" * 40])
def test_what_is_no_amount_is_a_typed_error(text: str) -> None:
    with pytest.raises(BadPriceError):
        to_minor(text, "CNY")


def test_the_largest_amount_times_basis_points_fits_64_bits() -> None:
    assert LARGEST_MINOR * 10_000 < 2**63


@given(st.integers(-LARGEST_MINOR, LARGEST_MINOR), st.sampled_from(CURRENCIES))
def test_minor_units_survive_the_way_to_decimal_and_back(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


@given(st.integers(), st.integers())
def test_amounts_of_one_currency_add_subtract_and_compare_as_integers(a: int, b: int) -> None:
    left, right = Money(a, "EUR"), Money(b, "EUR")

    assert left + right == Money(a + b, "EUR")
    assert left - right == Money(a - b, "EUR")
    assert (left < right) == (a < b)
    assert (left <= right) == (a <= b)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_amounts_of_two_currencies_do_not_mix(operation: str) -> None:
    with pytest.raises(TypeError, match="was EUR and CNY"):
        getattr(Money(1, "EUR"), operation)(Money(1, "CNY"))


def test_amounts_of_two_currencies_are_never_equal() -> None:
    assert Money(100, "EUR") != Money(100, "CNY")


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (1999, "CNY", "zh", "¥19.99"),
        (123456, "EUR", "de", "1.234,56\xa0€"),
        (1980, "JPY", "en", "¥1,980"),
        (1234567, UNSTATED, "en", "12,345.67"),
    ],
)
def test_people_read_amounts_in_their_own_way(minor: int, currency: str, locale: str, text: str) -> None:
    assert format_minor(minor, currency, locale) == text


@given(
    st.integers(-LARGEST_MINOR, LARGEST_MINOR),
    st.sampled_from(["CNY", "JPY", "KWD", "USD", "EUR", "CHF", "XAF"]),
    st.sampled_from(["en", "zh", "de"]),
)
def test_an_amount_reads_as_its_locale_writes_it(amount: int, currency: str, locale: str) -> None:
    written = format_currency(to_decimal(amount, currency), currency, locale=locale)

    assert format_minor(amount, currency, locale) == written
