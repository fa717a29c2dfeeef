"""Sources vote on the price: equal amounts add up, one vote a source, the strongest amount wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from contracts.observations import PriceType
from crawlers.extract.model import Candidate, Offer
from crawlers.extract.neighbours import Reading

WEIGHTS = {"json-ld": 1.0, "microdata": 0.95, "rdfa": 0.9, "opengraph": 0.8, "embedded": 0.5, "text": 1.0, "url": 0.2}
ENOUGH = 0.5  # below this an amount is a guess, and a guess is no price
UNSEEN = 0.9  # and of its votes where the page's text shows other amounts, not this one
BEATEN = 0.45  # what an amount keeps of its votes where the page says that it was the price before


class Verdict(msgspec.Struct, frozen=True):
    """The amount that won, its type, how sure (0..1), and the candidates that voted for it."""

    amount: Decimal
    price_type: PriceType
    confidence: float
    currency: str
    voters: tuple[Candidate, ...]
    list_amount: Decimal | None = None


def decide(offers: Sequence[Offer], readings: Sequence[Reading]) -> Verdict | None:
    """The product's price by vote; None where no amount has enough weight."""
    candidates = [_candidate(offer) for offer in offers if offer.amount is not None]
    plain = [r.candidate for r in readings if not r.is_list and r.candidate.weight > 0]
    regular = [c for c in plain if c.price_type in ("regular", "used")]
    scores = _scores([*candidates, *regular])
    if not scores:
        return None
    shown: dict[Decimal, float] = {}
    for c in plain:
        shown[c.amount] = max(shown.get(c.amount, 0.0), c.weight)
    was = {
        r.candidate.amount for r in readings if r.is_list and shown.get(r.candidate.amount, 0.0) < r.candidate.weight
    }
    was |= {o.list_amount for o in offers if o.source == "embedded" and o.list_amount and o.list_amount not in shown}
    scores = {a: s * (BEATEN if a in was else 1.0) for a, s in scores.items()}
    if plain and candidates:
        stated = {c.amount for c in candidates}
        scores = {a: s if a in shown or a not in stated else s * UNSEEN for a, s in scores.items()}
    first = {r.candidate.amount: -r.order for r in reversed(readings)}
    amount = max(scores, key=lambda a: (scores[a], first.get(a, -1_000_000)))
    if scores[amount] < ENOUGH:
        return None
    voters = tuple(c for c in (*candidates, *regular) if c.amount == amount)[:6]
    total = sum(scores.values())
    confidence = min(0.99, 0.5 * min(1.0, scores[amount]) + 0.5 * scores[amount] / total)
    return Verdict(
        amount=amount,
        price_type=next((c.price_type for c in voters if c.source != "text"), voters[0].price_type),
        confidence=float(confidence),
        currency=next((c.currency for c in voters if c.currency), ""),
        voters=voters,
        list_amount=_list_amount(amount, offers, readings),
    )


def _candidate(offer: Offer) -> Candidate:
    assert offer.amount is not None
    return Candidate(
        offer.amount, offer.source, WEIGHTS[offer.source] * offer.weight, offer.where, offer.currency, offer.price_type
    )


def _scores(candidates: Iterable[Candidate]) -> dict[Decimal, float]:
    best: dict[tuple[Decimal, str], float] = {}
    for c in candidates:
        key = (c.amount, c.source)
        best[key] = max(best.get(key, 0.0), c.weight)
    scores: dict[Decimal, float] = {}
    for (amount, _), weight in best.items():
        scores[amount] = scores.get(amount, 0.0) + weight
    return scores


def _list_amount(amount: Decimal, offers: Sequence[Offer], readings: Sequence[Reading]) -> Decimal | None:
    stated = [o.list_amount for o in offers if o.list_amount is not None and o.list_amount > amount]
    if stated:
        return stated[0]
    shown = [
        r.candidate
        for r in readings
        if r.is_list and amount < r.candidate.amount <= amount * 10 and r.candidate.weight > 0.2
    ]
    return shown[0].amount if shown else None
