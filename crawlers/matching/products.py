"""A product as a shop names it, what tells it for certain (GTIN, MPN), and how sure a match is. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

Basis = Literal["gtin", "mpn", "name"]
Band = Literal["auto", "review", "rejected"]

AUTO, REVIEW = 0.99, 0.60
GTIN_SURE, MPN_SURE = 0.999, 0.99


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a shop names it; `key` is the SKU or the shop's own id."""

    key: str
    name: str = ""
    brand: str = ""
    gtin: str = ""
    mpn: str = ""


class Offered(NamedTuple):
    """A product of a competitor; its key is the shop's own id."""

    competitor: str
    product: Product
    url: str = ""


class Found(NamedTuple):
    """The best product of ours, 0..1 how sure, and what told it."""

    key: str
    confidence: float
    basis: Basis


def band(confidence: float) -> Band:
    """What to do with a match: believe it, let a person look, or drop it."""
    return "auto" if confidence >= AUTO else "review" if confidence >= REVIEW else "rejected"


def valid_gtin(text: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits as 14 where its check digit is right; "" otherwise."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in (8, 12, 13, 14):
        return ""
    padded = digits.zfill(14)
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    return padded if total % 10 == 0 and int(padded) else ""


def mpn_key(product: Product) -> tuple[str, str]:
    """Brand and MPN without case and punctuation."""
    return product.brand.casefold().strip(), re.sub(r"[\W_]+", "", product.mpn).casefold()
