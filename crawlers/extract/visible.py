"""Candidates from visible text: amounts near the product's title, weighed by what stands around them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from contracts.observations import PriceType
from crawlers.extract import labels
from crawlers.extract.flags import Flag
from crawlers.extract.model import Candidate
from crawlers.extract.neighbours import Reading, settle
from crawlers.extract.numbers import Price, find_prices, parse_price
from crawlers.extract.walk import Run, Walked

MOST = 10_000  # amounts of one page that are looked at
ALONE = 0.15  # for an amount that has its line to itself: how a price for sale is set
FAR, AWAY = 80, 0.75  # so many runs below the title, other products are more likely


def readings(walked: Walked, local: str, page_currency: str) -> Iterator[Reading]:
    """Amounts in the page's text that may be the product's price or its list price, in reading order."""
    percents: list[tuple[int, int]] = []
    yield from settle(list(islice(_raw(walked, local, page_currency, percents), MOST)), percents)


def _raw(walked: Walked, local: str, page_currency: str, percents: list[tuple[int, int]]) -> Iterator[Reading]:
    title = walked.title_at or 0
    previous = ""
    for run in walked.runs:
        if run.flags & Flag.HIDDEN or labels.DIGIT.search(run.text) is None:
            previous = "" if run.flags & Flag.HIDDEN else run.text
            continue
        if "%" in run.text:
            percents.extend((run.order, int(one)) for one in labels.PERCENT.findall(run.text[:120]))
        found = list(_of_run(run, previous, title, local, page_currency))
        yield from found
        previous = "" if found else run.text  # a line with a price of its own is no label of the next


def _of_run(run: Run, previous: str, title: int, local: str, page_currency: str) -> Iterator[Reading]:
    priced = bool(run.flags & Flag.PRICE)
    if len(run.text) > 220 and not priced:
        return
    found = list(find_prices(run.text, local))
    if not found and priced and len(run.text) <= 24 and (bare := parse_price(run.text)) and bare.amount:
        found = [bare]
    if not found:
        return
    label = previous if len(previous) <= 40 and not labels.FREE.search(previous) else ""
    alone = _alone(run.text, found)
    last_end = 0
    for number, price in enumerate(found[:4]):
        until = found[number + 1].start if number + 1 < len(found) else price.end + 24
        before, after = run.text[last_end : price.start], run.text[price.end : min(until, price.end + 24)]
        last_end = price.end
        own = number or labels.LETTERS.search(before)  # a run with a label of its own needs none from the line above
        words = (before if own else f"{label} {before}")[-60:]
        yield _weigh(run, price, _Around(words, after, number, alone), title, page_currency)


class _Around(NamedTuple):
    """What stands around an amount: the words before and after it, which of the line's amounts it is."""

    before: str
    after: str
    number: int
    alone: bool

    @property
    def label(self) -> str:
        """The words that belong to this amount: those after the last number before it."""
        return labels.NUMBERED.sub("", self.before)


def _weigh(run: Run, price: Price, around: _Around, title: int, page_currency: str) -> Reading:
    weight = _worth(run, price, around) + _nearness(run.order - title)
    if page_currency and price.currency and price.currency != page_currency:
        weight -= 0.2
    said = bool(labels.WAS.search(around.label[-28:]) or labels.FROM_TO.search(f"{around.label[-4:]}|{around.after}"))
    candidate = Candidate(
        amount=price.amount,
        source="text",
        weight=max(weight * _doubt(run, around) * (AWAY if run.order - title > FAR else 1.0), 0.0) * (price.amount > 0),
        where=f"text[{run.order}] {run.text[:60]}",
        currency=price.currency,
        price_type=_price_type(run, around.before, around.after),
    )
    return Reading(candidate, said or bool(run.flags & Flag.OLD), run.order, around.alone, said)


def _worth(run: Run, price: Price, around: _Around) -> float:
    """What speaks for an amount: its element's names, its line to itself, the words before it."""
    return (
        0.25
        + 0.35 * bool(run.flags & Flag.PRICE)
        + 0.15 * bool(run.flags & Flag.NOW)
        + 0.1 * bool(labels.NOW.search(around.before))
        + ALONE * (around.alone and bool(price.symbol))
        - 0.15 * (not price.symbol)
        - 0.05 * around.number
        - 0.2 * bool(labels.FROM.search(around.before))
        - 0.1 * bool(labels.NET.search(around.after))
        - 0.3 * bool(labels.OPTIONS.search(around.before))
    )


def _nearness(distance: int) -> float:
    """The product's price stands soon after its title; what stands before it or far below is rarely it."""
    return -0.1 if distance < 0 else max(0.0, 0.25 - distance / 200)


def _doubt(run: Run, around: _Around) -> float:
    """The share of its weight an amount keeps in view of what its element and the words at it say."""
    share = 1.0
    for flag, factor in _DOUBTS:
        share *= factor if run.flags & flag else 1.0
    for words, factor in (
        (labels.SHIPPING.search(around.label) or labels.SHIPPING_AFTER.match(around.after), 0.1),
        (labels.SAVING.search(around.label) or labels.SAVING_AFTER.match(around.after), 0.1),
        (labels.UNIT.search(around.after[:14]), 0.15),
        (labels.SURCHARGE.search(around.before[-3:]), 0.1),
    ):
        share *= factor if words else 1.0
    return share


_DOUBTS = (
    (Flag.OTHER, 0.2),
    (Flag.BODY, 0.4),
    (Flag.UNIT, 0.5),
    (Flag.SHIPPING, 0.1),
    (Flag.COUPON, 0.3),
    (Flag.INSTALMENT, 0.3),
)


def _alone(text: str, found: list[Price]) -> bool:
    """Whether a line is nothing but amounts, the word for price before and "tax included" after them.

    Where tax is the label before an amount, as in a table of both, the line that leads counts.
    """
    before, at, after = text[: found[0].start], found[0].end, ""
    for price in found[1:]:
        after += text[at : price.start]
        at = price.end
    after += text[at:]
    if labels.NET.search(before) or labels.NET.search(after):
        return False
    return len(labels.NOW.sub("", f"{before}{labels.GROSS.sub('', after)}").strip(" :：*-–()¹²")) <= 2


def _price_type(run: Run, before: str, after: str) -> PriceType:
    if labels.INSTALMENT.search(after[:20]) or labels.INSTALMENT.search(before[-30:]):
        return "instalment"
    if run.flags & Flag.MEMBER or labels.MEMBER.search(before[-20:]) or labels.SUBSCRIBED.search(before):
        return "member"
    if labels.COUPON_PRICE.search(before[-20:]):
        return "coupon"
    return "used" if labels.USED.search(before[-30:]) and not labels.NEW.search(before[-30:]) else "regular"
