"""Amounts of money: an integer of minor units and an ISO 4217 code. Never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

import msgspec
from babel.numbers import format_currency, get_currency_precision, list_currencies

from contracts.errors import BadPriceError, UnknownCurrencyError

UNSTATED = "XXX"  # ISO 4217's own code for "no currency": a recording that does not say
LARGEST_MINOR = 9 * 10**14  # times 10,000 basis points still fits int64


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in one currency; comparing or adding two currencies raises."""

    amount_minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        _same_currency(self, other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        _same_currency(self, other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        _same_currency(self, other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: Money) -> bool:
        _same_currency(self, other)
        return self.amount_minor <= other.amount_minor

    def __str__(self) -> str:
        return format_minor(self.amount_minor, self.currency)


def _same_currency(a: Money, b: Money) -> None:
    if a.currency != b.currency:
        raise TypeError(f"amounts in different currencies are never compared, was {a.currency} and {b.currency}")


@cache
def is_currency(currency: str) -> bool:
    """Whether ISO 4217 knows this code (or it is UNSTATED)."""
    return currency == UNSTATED or currency in list_currencies()


@cache
def exponent(currency: str) -> int:
    """Number of decimals of a currency's minor unit (CNY 2, JPY 0, KWD 3); UnknownCurrencyError."""
    if not is_currency(currency):
        raise UnknownCurrencyError(f"currency must be an ISO 4217 code, was {currency!r}")
    return get_currency_precision(currency)


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Minor units of a decimal amount, half a unit rounded up; BadPriceError where it is no number."""
    digits = exponent(currency)
    try:
        minor = (Decimal(amount).scaleb(digits)).quantize(Decimal(1), ROUND_HALF_UP)
    except InvalidOperation:
        raise BadPriceError(f"an amount must be a decimal number, was {str(amount)[:40]!r}") from None
    if not minor.is_finite() or abs(minor) > LARGEST_MINOR:
        raise BadPriceError(f"an amount must be finite and below {LARGEST_MINOR} minor units, was {str(amount)[:40]!r}")
    return int(minor)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The decimal amount of minor units: 1999, EUR gives 19.99."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def format_minor(amount_minor: int, currency: str, locale: str = "en") -> str:
    """An amount as people read it, in their locale: ¥19.99."""
    if currency == UNSTATED:
        return f"{to_decimal(amount_minor, currency):,}"
    known = _affixes(currency, locale)
    if known is None:
        return str(format_currency(to_decimal(amount_minor, currency), currency, locale=locale))
    # Some forty times as quick as asking babel: alerts by the hundred thousand name two prices each.
    digits, (before, after) = exponent(currency), known
    whole, part = divmod(abs(amount_minor), 10**digits)
    number = f"{whole:,}.{part:0{digits}}" if digits else f"{whole:,}"
    return f"{'-' * (amount_minor < 0)}{before}{number}{after}"


@cache
def _affixes(currency: str, locale: str) -> tuple[str, str] | None:
    """What stands before and after the number, where the locale writes numbers as we do: 1,234.56."""
    digits = exponent(currency)
    sample = str(format_currency(to_decimal(123456789, currency), currency, locale=locale))
    number = f"{to_decimal(123456789, currency):,.{digits}f}"
    before, found, after = sample.partition(number)
    minus = str(format_currency(to_decimal(-123456789, currency), currency, locale=locale))
    return (before, after) if found and minus == f"-{sample}" else None
