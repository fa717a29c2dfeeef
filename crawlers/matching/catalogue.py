"""Which product of ours a competitor's product is, and how sure that is. Pure.

A valid GTIN decides; then brand with MPN; else names: words weighed by their rarity, the words that
differ, sizes and numbers, and how far the second best is behind.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from crawlers.matching import names
from crawlers.matching.features import Features, agreement, likeness, probability, with_claim
from crawlers.matching.names import Name
from crawlers.matching.products import GTIN_SURE, MPN_SURE, Found, Product, mpn_key, valid_gtin

COMMON = 400  # a word of more products finds no candidates
CANDIDATES = 12
NEARLY_SAME = 0.95  # likeness


class Catalogue:
    """Our products, to be asked for the one that equals a competitor's."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = list(products)
        self._names = [names.read(product) for product in self._products]
        self._by_gtin: dict[str, list[str]] = defaultdict(list)
        self._by_mpn: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for place, (product, name) in enumerate(zip(self._products, self._names, strict=True)):
            if gtin := valid_gtin(product.gtin):
                self._by_gtin[gtin].append(product.key)
            if product.mpn and product.brand:
                self._by_mpn[mpn_key(product)].append(product.key)
            for word in name.words:
                self._by_word[word].append(place)
        self._brands = Counter(names.brand(name) for name in self._names)
        self._most = math.log(1.0 + len(self._products))

    def match(self, theirs: Sequence[Product]) -> list[Found | None]:
        """For each product of one competitor ours that equals it best; None where nothing resembles it.

        Give all products of the competitor at once: two that want the same one of ours cast doubt on both.
        """
        named = self.by_name(theirs)
        return [self._sure(product) or self._named(product, near) for product, near in zip(theirs, named, strict=True)]

    def by_name(self, theirs: Sequence[Product]) -> list[tuple[int, Features] | None]:
        """Place of our product whose name is nearest to each of theirs, and what the names have in common."""
        found = [self._nearest(names.read(product)) for product in theirs]
        wanted: dict[int, list[float]] = defaultdict(list)
        for near in found:
            if near is not None:
                wanted[near[0]].append(likeness(near[1]))
        for scores in wanted.values():
            scores.sort(reverse=True)
        claimed = [near and (near[0], with_claim(near[1], wanted[near[0]])) for near in found]
        return self._with_brands(theirs, claimed)

    def key(self, place: int) -> str:
        """The key of our product at a place."""
        return self._products[place].key

    def _sure(self, product: Product) -> Found | None:
        gtin = valid_gtin(product.gtin)
        if gtin and len(found := self._by_gtin.get(gtin, [])) == 1:
            return Found(found[0], GTIN_SURE, "gtin")
        if product.mpn and product.brand and len(found := self._by_mpn.get(mpn_key(product), [])) == 1:
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
        brands = [names.brand(names.read(product)) for product in theirs]
        alike = [near is not None and likeness(near[1]) >= NEARLY_SAME for near in found]
        products, good = Counter(brands), Counter(brand for brand, sure in zip(brands, alike, strict=True) if sure)
        ours = {near[0] for near, sure in zip(found, alike, strict=True) if near and sure}
        ours_good = Counter(names.brand(self._names[place]) for place in ours)
        shared: list[tuple[int, Features] | None] = []
        for brand, near in zip(brands, found, strict=True):
            if near is None:
                shared.append(None)
                continue
            our_brand = names.brand(self._names[near[0]])
            theirs_found, ours_found = good[brand] / products[brand], ours_good[our_brand] / self._brands[our_brand]
            shared.append((near[0], near[1]._replace(theirs_found=theirs_found, ours_found=ours_found)))
        return shared

    def _nearest(self, name: Name) -> tuple[int, Features] | None:
        scored = sorted(
            ((self._features(name, place), place) for place in self._candidates(name)),
            key=lambda pair: (-likeness(pair[0]), pair[1]),
        )
        if not scored:
            return None
        features, place = scored[0]
        second = likeness(scored[1][0]) if len(scored) > 1 else 0.0
        return place, features._replace(lead=likeness(features) - second)

    def _candidates(self, name: Name) -> list[int]:
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

    def _features(self, theirs: Name, place: int) -> Features:
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
            agreement(ours.sizes, theirs.sizes),
            agreement(ours.numbers, theirs.numbers),
            shared / 30.0,
            len(theirs.words) / 10.0,
            float(names.brand(ours) == names.brand(theirs)),
            float(ours.text == theirs.text and ours.sizes == theirs.sizes),
        )
