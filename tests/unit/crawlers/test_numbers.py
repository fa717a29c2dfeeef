"""Price texts of many countries to exact amounts."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.money import to_decimal
from crawlers.extract.numbers import find_prices, parse_number, parse_price

CASES = [
    ("¥1,299.00", "1299.00", "CNY"),
    ("￥1２9.5", "129.5", "CNY"),
    ("1299元", "1299", "CNY"),
    ("12,800円（税込）", "12800", "JPY"),
    ("1.2万円", "12000", "JPY"),
    ("1.234,56 €", "1234.56", "EUR"),
    ("1 234,56 €", "1234.56", "EUR"),
    ("€1.299,-", "1299", "EUR"),
    ("35€99", "35.99", "EUR"),
    (",89 €", "0.89", "EUR"),
    ("CHF 1’234.50", "1234.50", "CHF"),
    ("CHF 1'234.50", "1234.50", "CHF"),
    ("₹1,23,456.00", "123456.00", "INR"),
    ("1 299,00 zł", "1299.00", "PLN"),
    ("5 550 Kč", "5550", "CZK"),
    ("12.500 ₫", "12500", "VND"),
    ("KWD 3.350", "3.350", "KWD"),
    ("1,234,567.890", "1234567.890", ""),
    ("R$ 1.759,99", "1759.99", "BRL"),
    ("US$12.99", "12.99", "USD"),
    ("950 грн.", "950", "UAH"),
    ("2 400 руб.", "2400", "RUB"),
]


@pytest.mark.parametrize(("text", "amount", "currency"), CASES)
def test_formats_of_many_countries(text: str, amount: str, currency: str) -> None:
    price = parse_price(text)
    assert price is not None
    assert price.amount == Decimal(amount)
    assert price.currency == currency


@pytest.mark.parametrize(
    ("local", "text", "currency"),
    [
        ("SEK", "kr 99", "SEK"),
        ("NOK", "kr 99", "NOK"),
        ("JPY", "¥99", "JPY"),
        ("CAD", "$9", "CAD"),
        ("EUR", "$9", "USD"),
    ],
)
def test_the_country_decides_ambiguous_symbols(local: str, text: str, currency: str) -> None:
    assert [price.currency for price in find_prices(text, local)] == [currency]


def test_every_amount_of_a_running_text_is_found() -> None:
    assert [str(p.amount) for p in find_prices("was $99.99 now $79.99")] == ["99.99", "79.99"]
    assert [str(p.amount) for p in find_prices("2 pairs from $349")] == ["349"]
    assert [str(p.amount) for p in find_prices("4 options from $439.34")] == ["439.34"]
    assert [str(p.amount) for p in find_prices("€12.99 - €19.99")] == ["12.99", "19.99"]


@given(st.integers(1, 10**11), st.sampled_from([("CNY", 2), ("JPY", 0), ("KWD", 3)]), st.sampled_from(",. ’"))
def test_what_is_written_is_read(minor: int, currency: tuple[str, int], group: str) -> None:
    code, digits = currency
    amount = to_decimal(minor, code)
    whole, _, part = f"{amount:,f}".partition(".")
    mark = "," if group == "." else "."
    text = whole.replace(",", group) + (f"{mark}{part}" if digits else "")
    assert parse_number(text, code) == amount


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_price(text)
    list(find_prices(text))


@pytest.mark.evaluation
def test_every_price_string_of_price_parser(evaluation_data: Path) -> None:
    cases = json.loads((evaluation_data / "peer_cases" / "price_strings.json").read_text(encoding="utf-8"))
    wrong = []
    for case in cases:
        marks = case["decimal_separator"] or "", case["digit_group_separator"] or ""
        found = parse_price(case["price_raw"] or "", case["currency_raw"] or "", *marks)
        expected = None if case["amount"] is None else Decimal(case["amount"])
        amount = None if found is None else found.amount
        if amount != expected and (amount is None or expected is None or round(amount, 12) != expected):
            wrong.append((case["price_raw"], str(expected), str(amount)))
    assert len(cases) == 1051
    assert wrong == []
