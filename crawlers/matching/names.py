"""Names of products: their words, numbers and sizes. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from crawlers.matching.products import Product

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_SIZE = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s*(ml|cl|l|g|kg|mg|st|stk|stück|pcs|pc|tabs?|cm|mm|m|oz|gb|tb|w|克|毫升|升|片|支)\b",
    re.IGNORECASE,
)
_UNITS = {"cl": ("ml", 10.0), "l": ("ml", 1000.0), "升": ("ml", 1000.0), "毫升": ("ml", 1.0), "kg": ("g", 1000.0)}
_COUNTS = frozenset({"st", "stk", "stück", "pcs", "pc", "片", "支"})


def words(name: str) -> list[str]:
    """The words of a name without case, accents and sizes."""
    plain = unicodedata.normalize("NFKD", _SIZE.sub(" ", name).casefold())
    return _WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))


def sizes(name: str) -> frozenset[tuple[str, float]]:
    """Amounts with their unit, in g, ml, pieces and so on; single pieces say nothing."""
    found = set()
    for number, unit in _SIZE.findall(name):
        kind, factor = _UNITS.get(unit.casefold(), (unit.casefold(), 1.0))
        amount = float(number.replace(",", ".")) * factor
        if kind in _COUNTS:
            kind = "pieces"
        if (kind, amount) != ("pieces", 1.0):
            found.add((kind, round(amount, 3)))
    return frozenset(found)


class Name(NamedTuple):
    """A name as it is compared."""

    words: frozenset[str]
    numbers: frozenset[str]
    sizes: frozenset[tuple[str, float]]
    text: str


def read(product: Product) -> Name:
    """A product's name, with its brand where that is not in it."""
    name = product.name
    if product.brand and product.brand.casefold() not in name.casefold():
        name = f"{product.brand} {name}"
    found = words(name)
    return Name(
        frozenset(found),
        frozenset(word.lstrip("0") or "0" for word in found if word[0].isdigit()),
        sizes(name),
        " ".join(found),
    )


def brand(name: Name) -> str:
    """The first word of a name, usually the brand."""
    return name.text.split(" ", 1)[0]
