"""Which product of ours a competitor's product is, and how sure that is. Pure.

A valid GTIN decides; then brand with MPN; else names: words weighed by their rarity, the words that
differ, sizes and numbers, and how far the second best is behind. The confidence from names is a
logistic regression (`WEIGHTS`), fitted and checked by `python -m benchmarks.matching`.
"""

from __future__ import annotations

import heapq
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from rapidfuzz import fuzz

Basis = Literal["gtin", "mpn", "name"]
Band = Literal["auto", "review", "rejected"]

AUTO, REVIEW = 0.99, 0.60
GTIN_SURE, MPN_SURE = 0.999, 0.99
COMMON = 400  # a word of more products finds no candidates
CANDIDATES = 12
NEARLY_SAME = 0.95  # likeness
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_SIZE = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s*(ml|cl|l|g|kg|mg|st|stk|stück|pcs|pc|tabs?|cm|mm|m|oz|gb|tb|w|克|毫升|升|片|支)\b",
    re.IGNORECASE,
)
_UNITS = {"cl": ("ml", 10.0), "l": ("ml", 1000.0), "升": ("ml", 1000.0), "毫升": ("ml", 1.0), "kg": ("g", 1000.0)}
_COUNTS = frozenset({"st", "stk", "stück", "pcs", "pc", "片", "支"})


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a shop names it; `key` is the SKU or the shop's own id."""

    key: str
    name: str = ""
    brand: str = ""
    gtin: str = ""
    mpn: str = ""


class Found(NamedTuple):
    """The best product of ours, 0..1 how sure, and what told it."""

    key: str
    confidence: float
    basis: Basis


class Features(NamedTuple):
    """What two names have in common.

    Args:
        shared, ours_unshared, theirs_unshared: shares of the words, weighed by rarity.
        spelled: likeness of the words in alphabetical order, 0..1.
        size, numbers: 1 equal, 0.5 none on both sides, 0 on one side only, -1 different.
        lead: how much likelier than the second best of our products.
        claim: how much likelier than the best other product of theirs that wants ours; below 0 behind it.
        telling: rarity of the shared words, summed.
        length: number of their words, in tens.
        first: 1 where both begin with the same word, usually the brand.
        same: 1 where nothing differs.
        theirs_found, ours_found: shares of the brand's products, theirs and ours, that have a name on the other
            side which is nearly the same: where they are low, the assortments are named differently or renewed.
    """

    shared: float
    ours_unshared: float
    theirs_unshared: float
    spelled: float
    size: float
    numbers: float
    telling: float
    length: float
    first: float
    same: float
    lead: float = 0.0
    claim: float = 0.0
    theirs_found: float = 0.0
    ours_found: float = 0.0


WEIGHTS = (
    -2.745, -1.848, -1.057, 2.036, 0.923, 0.071, 1.906, -1.757, 3.481, -0.606, 4.216, 3.328, 1.187, -0.499,
)  # fmt: skip
BIAS = -5.65


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


class _Name(NamedTuple):
    words: frozenset[str]
    numbers: frozenset[str]
    sizes: frozenset[tuple[str, float]]
    text: str


def _read(product: Product) -> _Name:
    name = product.name
    if product.brand and product.brand.casefold() not in name.casefold():
        name = f"{product.brand} {name}"
    found = words(name)
    return _Name(
        frozenset(found),
        frozenset(word.lstrip("0") or "0" for word in found if word[0].isdigit()),
        sizes(name),
        " ".join(found),
    )


def _brand(name: _Name) -> str:
    """The first word of a name, usually the brand."""
    return name.text.split(" ", 1)[0]


class Catalogue:
    """Our products, to be asked for the one that equals a competitor's."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = list(products)
        self._names = [_read(product) for product in self._products]
        self._by_gtin: dict[str, list[str]] = defaultdict(list)
        self._by_mpn: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for place, (product, name) in enumerate(zip(self._products, self._names, strict=True)):
            if gtin := valid_gtin(product.gtin):
                self._by_gtin[gtin].append(product.key)
            if product.mpn and product.brand:
                self._by_mpn[_mpn(product)].append(product.key)
            for word in name.words:
                self._by_word[word].append(place)
        self._brands = Counter(_brand(name) for name in self._names)
        self._most = math.log(1.0 + len(self._products))

    def match(self, theirs: Sequence[Product]) -> list[Found | None]:
        """For each product of one competitor ours that equals it best; None where nothing resembles it.

        Give all products of the competitor at once: two that want the same one of ours cast doubt on both.
        """
        named = self.by_name(theirs)
        return [self._sure(product) or self._named(product, near) for product, near in zip(theirs, named, strict=True)]

    def by_name(self, theirs: Sequence[Product]) -> list[tuple[int, Features] | None]:
        """Place of our product whose name is nearest to each of theirs, and what the names have in common."""
        found = [self._nearest(_read(product)) for product in theirs]
        wanted: dict[int, list[float]] = defaultdict(list)
        for near in found:
            if near is not None:
                wanted[near[0]].append(likeness(near[1]))
        for scores in wanted.values():
            scores.sort(reverse=True)
        claimed = [near and (near[0], _with_claim(near[1], wanted[near[0]])) for near in found]
        return self._with_brands(theirs, claimed)

    def key(self, place: int) -> str:
        """The key of our product at a place."""
        return self._products[place].key

    def _sure(self, product: Product) -> Found | None:
        gtin = valid_gtin(product.gtin)
        if gtin and len(found := self._by_gtin.get(gtin, [])) == 1:
            return Found(found[0], GTIN_SURE, "gtin")
        if product.mpn and product.brand and len(found := self._by_mpn.get(_mpn(product), [])) == 1:
            return Found(found[0], MPN_SURE, "mpn")
        return None

    def _named(self, product: Product, near: tuple[int, Features] | None) -> Found | None:
        if near is None:
            return None
        ours = self._products[near[0]]
        theirs_gtin, our_gtin = valid_gtin(product.gtin), valid_gtin(ours.gtin)
        contradicted = bool(theirs_gtin and our_gtin and theirs_gtin != our_gtin)
        return Found(ours.key, 0.0 if contradicted else probability(near[1]), "name")

    def _with_brands(
        self, theirs: Sequence[Product], found: Sequence[tuple[int, Features] | None]
    ) -> list[tuple[int, Features] | None]:
        brands = [_brand(_read(product)) for product in theirs]
        alike = [near is not None and likeness(near[1]) >= NEARLY_SAME for near in found]
        products, good = Counter(brands), Counter(brand for brand, sure in zip(brands, alike, strict=True) if sure)
        ours = {near[0] for near, sure in zip(found, alike, strict=True) if near and sure}
        ours_good = Counter(_brand(self._names[place]) for place in ours)
        shared: list[tuple[int, Features] | None] = []
        for brand, near in zip(brands, found, strict=True):
            if near is None:
                shared.append(None)
                continue
            our_brand = _brand(self._names[near[0]])
            theirs_found, ours_found = good[brand] / products[brand], ours_good[our_brand] / self._brands[our_brand]
            shared.append((near[0], near[1]._replace(theirs_found=theirs_found, ours_found=ours_found)))
        return shared

    def _nearest(self, name: _Name) -> tuple[int, Features] | None:
        scored = sorted(
            ((self._features(name, place), place) for place in self._candidates(name)),
            key=lambda pair: (-likeness(pair[0]), pair[1]),
        )
        if not scored:
            return None
        features, place = scored[0]
        second = likeness(scored[1][0]) if len(scored) > 1 else 0.0
        return place, features._replace(lead=likeness(features) - second)

    def _candidates(self, name: _Name) -> list[int]:
        weights: dict[int, float] = defaultdict(float)
        for word in sorted(name.words):
            places = self._by_word.get(word, ())
            if len(places) <= COMMON:
                weight = self._weight(word)
                for place in places:
                    weights[place] += weight
        return heapq.nsmallest(CANDIDATES, weights, key=lambda place: (-weights[place], place))

    def _weight(self, word: str) -> float:
        return self._most - math.log(1.0 + len(self._by_word.get(word, ())))

    def _features(self, theirs: _Name, place: int) -> Features:
        ours = self._names[place]
        shared, left, right = (
            sum(map(self._weight, sorted(part)))
            for part in (ours.words & theirs.words, ours.words - theirs.words, theirs.words - ours.words)
        )
        total = shared + left + right or 1.0
        return Features(
            shared / total,
            left / total,
            right / total,
            fuzz.token_sort_ratio(ours.text, theirs.text) / 100.0,
            _agreement(ours.sizes, theirs.sizes),
            _agreement(ours.numbers, theirs.numbers),
            shared / 30.0,
            len(theirs.words) / 10.0,
            float(_brand(ours) == _brand(theirs)),
            float(ours.text == theirs.text and ours.sizes == theirs.sizes),
        )


def probability(features: Features) -> float:
    """How sure a match by name is, 0..1."""
    return _logistic(BIAS + sum(weight * value for weight, value in zip(WEIGHTS, features, strict=True)))


def likeness(features: Features) -> float:
    """A likeness to compare candidates by, 0..1, before the second best is known."""
    penalty = 0.25 * (features.size < 0) + 0.25 * (features.numbers < 0)
    return max(0.0, (features.shared + features.spelled) / 2 - penalty)


def _with_claim(features: Features, wanted: list[float]) -> Features:
    mine = likeness(features)
    rival = (wanted[1] if mine == wanted[0] else wanted[0]) if len(wanted) > 1 else 0.0
    return features._replace(claim=mine - rival)


def _agreement(one: frozenset[Any], two: frozenset[Any]) -> float:
    if one == two:
        return 1.0 if one else 0.5
    if not one or not two:
        return 0.0
    return 0.25 if one <= two or two <= one else -1.0


def _mpn(product: Product) -> tuple[str, str]:
    return product.brand.casefold().strip(), re.sub(r"[\W_]+", "", product.mpn).casefold()


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, value))))
