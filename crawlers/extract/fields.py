"""From offers, text and the vote to the fields of an extraction, each with how sure we are and where it was read."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from contracts.errors import PriceRadarError
from contracts.money import UNSTATED, to_minor
from contracts.observations import Availability, Promotion
from crawlers.extract import identity, labelled, promotions, stock
from crawlers.extract.model import Evidence, Extraction, Offer
from crawlers.extract.vote import Verdict
from crawlers.extract.walk import Walked

WORDED = 0.7
PRESUMED = 0.4  # so sure of the price, a page that says nothing against it is selling


class Seen(NamedTuple):
    """What was read of a page.

    Args:
        head: its meta tags.
        offers: those of the page's own product, of all sources but the text.
        local: the currency where the price itself shows none.
        verdict: what the sources agree on; None where none could be trusted.
    """

    tree: LexborHTMLParser
    walked: Walked
    head: dict[str, str]
    offers: list[Offer]
    local: str
    verdict: Verdict | None


class _Notes:
    """Confidence and evidence of the fields gathered so far."""

    def __init__(self) -> None:
        self.confidences: dict[str, float] = {}
        self.evidence: list[Evidence] = []

    def take(self, field: str, found: identity.Found) -> str:
        if found is None:
            return ""
        value, self.confidences[field], evidence = found
        self.evidence.append(evidence)
        return value

    def promotions(self, shown: Sequence[Promotion]) -> None:
        """Was and now are as sure as the list price, a promotion in words WORDED; the surest speaks for all."""
        for one in shown:
            sure = WORDED if one.text else self.confidences.get("list_price", WORDED)
            self.confidences["promotions"] = max(self.confidences.get("promotions", 0.0), sure)
            self.evidence.append(Evidence("promotions", "text", one.kind, one.text[:80] or f"was {one.was_minor}"))


def gather(seen: Seen, url: str) -> Extraction:
    """All fields of the page's offer."""
    notes, offers, walked, verdict = _Notes(), seen.offers, seen.walked, seen.verdict
    currency = notes.take("currency", _currency(verdict, offers, seen.local)) or UNSTATED
    price, listed = _amounts(verdict, offers, currency, notes)
    availability, sure, where = _availability(offers, walked, verdict)
    if where is not None:
        notes.confidences["availability"] = sure
        notes.evidence.append(where)
    shown = promotions.from_text(walked, listed)
    notes.promotions(shown)
    return Extraction(
        price_minor=price,
        currency=currency,
        list_price_minor=listed,
        price_type=verdict.price_type if verdict else "regular",
        availability=availability,
        sku=notes.take("sku", identity.sku(offers, walked, seen.tree, url)),
        gtin=notes.take("gtin", identity.gtin(offers, walked)),
        name=notes.take("name", identity.name(offers, walked, seen.head)),
        seller=notes.take("seller", _stated("seller", offers) or labelled.seller(walked))[:120],
        variant=notes.take("variant", _stated("variant", offers) or labelled.variant(walked))[:120],
        promotions=shown,
        confidence=notes.confidences.get("price", 0.0),
        confidences=notes.confidences,
        evidence=tuple(notes.evidence),
    )


def _amounts(
    verdict: Verdict | None, offers: Sequence[Offer], currency: str, notes: _Notes
) -> tuple[int | None, int | None]:
    price = _minor(verdict.amount if verdict else None, currency)
    listed = _minor(verdict.list_amount if verdict else None, currency)
    if verdict is None or price is None:
        return None, None
    notes.confidences["price"] = verdict.confidence
    notes.evidence += [Evidence("price", c.source, c.where, str(c.amount)) for c in verdict.voters]
    if listed is not None:
        stated = next((o for o in offers if o.list_amount == verdict.list_amount), None)
        notes.confidences["list_price"] = 0.9 if stated else 0.7
        source, where = (stated.source, stated.where) if stated else ("text", "struck out or labelled")
        notes.evidence.append(Evidence("list_price", source, where, str(verdict.list_amount)))
    return price, listed


def _currency(verdict: Verdict | None, offers: Sequence[Offer], local: str) -> identity.Found:
    for voter in verdict.voters if verdict else ():
        if voter.currency:
            agreed = any(offer.currency == voter.currency for offer in offers)
            sure = 0.97 if agreed else 0.9 if voter.currency == local else 0.75
            return voter.currency, sure, Evidence("currency", voter.source, voter.where, voter.currency)
    stated = next((offer for offer in offers if offer.currency), None)
    if stated is not None:
        return stated.currency, 0.9, Evidence("currency", stated.source, stated.where, stated.currency)
    return (local, 0.5, Evidence("currency", "url", "the country of the page", local)) if local else None


def _availability(
    offers: Sequence[Offer], walked: Walked, verdict: Verdict | None
) -> tuple[Availability, float, Evidence | None]:
    shown, words = stock.from_text(walked)
    for offer in offers:
        if offer.availability != "Unknown":
            if offer.availability == "InStock" and shown == "OutOfStock" and verdict is None:
                break
            sure = 0.98 if offer.availability == shown else 0.9 if shown == "Unknown" else 0.75
            found = Evidence("availability", offer.source, offer.where, offer.availability)
            return offer.availability, sure, found
    if shown == "Unknown" and verdict is not None and verdict.confidence >= PRESUMED:
        return "InStock", 0.5, Evidence("availability", "text", "a price is asked and nothing says sold out", "InStock")
    return shown, 0.8, Evidence("availability", "text", words, shown) if words else None


def _stated(field: str, offers: Sequence[Offer]) -> identity.Found:
    for offer in offers:
        if text := getattr(offer, field):
            return text, 0.9, Evidence(field, offer.source, offer.where, text[:80])
    return None


def _minor(amount: Decimal | None, currency: str) -> int | None:
    if amount is None:
        return None
    try:
        return to_minor(amount, currency) or None
    except PriceRadarError:
        return None
