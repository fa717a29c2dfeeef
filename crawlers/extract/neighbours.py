"""What amounts say about one another: which was the price before, which discount the arithmetic proves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from crawlers.extract.model import Candidate

PAIR = 12  # a was price and the price it was stand within so many runs
BESIDE = 1  # with no line between them
MARKED = 2  # a percentage stands within so many runs of what it is about
HIGHER = 0.85  # what the higher of two amounts side by side keeps
LEAST_OF = Decimal("0.4")  # a lower share than this of the amount beside it is another thing: shipping, a rate
TWICE = 0.05  # an amount that stands near the title more than once is the product's own
SAID = 0.6  # what an amount keeps that is called a former price while no lower one is near
PROVEN = 0.2  # two amounts and the percentage between them agree
ROUNDED_UP, ROUNDED_DOWN = Decimal("0.006"), Decimal("0.0099")  # shops write whole percents, some rounded down
LIKELY = 0.3


class Reading(msgspec.Struct, frozen=True):
    """One amount read from text with its role: a price, a list price, or neither."""

    candidate: Candidate
    is_list: bool
    order: int
    alone: bool = False  # nothing but amounts and the word for price stands in its line
    said: bool = False  # it is the text that calls it a former price, not its element's name


def settle(found: Sequence[Reading], percents: Sequence[tuple[int, int]]) -> Iterator[Reading]:
    """Readings in the light of their neighbours. `percents`: (order of the run, percentage) as written, in order."""
    orders = [one.order for one in found]
    marks = [order for order, _ in percents]
    often = Counter(one.candidate.amount for one in found if _likely(one))
    for one in found:
        near = found[bisect_left(orders, one.order - PAIR) : bisect_right(orders, one.order + PAIR)]
        written = percents[bisect_left(marks, one.order - MARKED) : bisect_right(marks, one.order + MARKED)]
        yield _settled(one, near, {percent for _, percent in written}, often[one.candidate.amount] > 1)


def _settled(one: Reading, near: Sequence[Reading], percents: set[int], twice: bool) -> Reading:
    amount = one.candidate.amount
    lower = [other for other in near if other.candidate.amount < amount and _likely(other)]
    if percents and any(_proves(other.candidate.amount, amount, percents) for other in lower if not _for_some(other)):
        return replace(one, is_list=True)
    if percents and any(_proves(amount, other.candidate.amount, percents) for other in near):
        return replace(_weighed(one, one.candidate.weight + PROVEN), is_list=False)
    if one.is_list:
        return _was(one, lower)
    beside = any(_is_now_of(other, one) for other in lower)
    bonus = TWICE if twice and _likely(one) else 0.0
    return _weighed(one, one.candidate.weight * (HIGHER if beside else 1.0) + bonus)


def _likely(one: Reading) -> bool:
    return not one.is_list and one.candidate.weight > LIKELY


def _for_some(one: Reading) -> bool:
    return one.candidate.price_type in ("member", "coupon")


def _proves(lower: Decimal, higher: Decimal, percents: set[int]) -> bool:
    if not 0 < lower < higher:
        return False
    share = 1 - lower / higher
    return any(-ROUNDED_UP <= share - Decimal(percent) / 100 <= ROUNDED_DOWN for percent in percents)


def _was(one: Reading, lower: Sequence[Reading]) -> Reading:
    """What is called a former price; where only members or coupons pay less, it is everybody's price today."""
    if not lower:
        return _no_was(one)
    return replace(one, is_list=False) if one.said and all(map(_for_some, lower)) else one


def _no_was(one: Reading) -> Reading:
    """A "was" price without a lower price beside it is no was price, whatever its element is called."""
    return replace(_weighed(one, one.candidate.weight * (SAID if one.said else 1.0)), is_list=False)


def _is_now_of(lower: Reading, higher: Reading) -> bool:
    """Whether two amounts set alone, one right beside the other, are a price and what it was before."""
    close = abs(lower.order - higher.order) <= BESIDE and lower.alone and higher.alone
    return close and lower.candidate.amount > higher.candidate.amount * LEAST_OF


def _weighed(one: Reading, weight: float) -> Reading:
    return one if weight == one.candidate.weight else replace(one, candidate=replace(one.candidate, weight=weight))
