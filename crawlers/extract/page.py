"""The whole of extraction: read, walk, gather offers, vote, and say what the page offers."""

from __future__ import annotations

from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser

from contracts.errors import BlockedPageError, NoPriceError, PriceRadarError
from contracts.money import UNSTATED, to_minor
from contracts.observations import Availability
from crawlers.extract import blocked, identity, linked, meta, promotions, schema, stock, visible
from crawlers.extract.currencies import local_currency
from crawlers.extract.document import to_text, without_abyss
from crawlers.extract.model import Evidence, Extraction, Offer
from crawlers.extract.vote import Verdict, decide
from crawlers.extract.walk import Walked, walk

PRESUMED = 0.4  # so sure of the price, a page that says nothing against it is selling


def extract(body: bytes, url: str, content_type: str = "", status: int = 200) -> Extraction:
    """The offer on a page. `body` may be gzip; `content_type` and `status` are the response's.

    Raises UnreadablePageError, BlockedPageError or NoPriceError (all BadPageError).
    """
    text = without_abyss(to_text(body, content_type))
    if why := blocked.reason(text, status):
        raise BlockedPageError(f"a product page was expected at {url}; was a block page: {why}")
    tree = LexborHTMLParser(text)
    walked = walk(tree)
    head = meta.tags(tree)
    offers = _offers(tree, walked, head, url)
    language = (tree.root.attributes.get("lang") or "") if tree.root else ""
    local = local_currency(url, language)
    stated = next((offer.currency for offer in offers if offer.currency), "")
    readings = list(visible.readings(walked, stated or local, stated))
    verdict = decide(offers, readings)
    availability, stock_evidence = _availability(offers, walked, verdict)
    if verdict is None and availability != "OutOfStock":
        raise NoPriceError(f"a price was expected at {url}; no amount on the page could be trusted")
    return _result(verdict, offers, availability, stock_evidence, walked, head, tree, url, stated or local)


def _offers(tree: LexborHTMLParser, walked: Walked, head: dict[str, str], url: str) -> list[Offer]:
    items, _broken = linked.items(tree)
    groups = [
        schema.offers(items, "json-ld"),
        schema.offers(walked.microdata, "microdata"),
        schema.offers(walked.rdfa, "rdfa"),
    ]
    found = [offer for group in groups for offer in identity.of_this_page(group, url, walked.title)]
    if (stated := meta.offer(head)) is not None:
        found.append(stated)
    return found


def _availability(offers: list[Offer], walked: Walked, verdict: Verdict | None) -> tuple[Availability, Evidence | None]:
    shown, words = stock.from_text(walked)
    for offer in offers:
        if offer.availability != "Unknown":
            if offer.availability == "InStock" and shown == "OutOfStock" and verdict is None:
                break
            return offer.availability, Evidence("availability", offer.source, offer.where, offer.availability)
    if shown == "Unknown" and verdict is not None and verdict.confidence >= PRESUMED:
        return "InStock", Evidence("availability", "text", "a price is asked and nothing says sold out", "InStock")
    return shown, Evidence("availability", "text", words, shown) if words else None


def _result(
    verdict: Verdict | None,
    offers: list[Offer],
    availability: Availability,
    stock_evidence: Evidence | None,
    walked: Walked,
    head: dict[str, str],
    tree: LexborHTMLParser,
    url: str,
    local: str,
) -> Extraction:
    currency = (verdict.currency if verdict else "") or local or UNSTATED
    price = _minor(verdict.amount if verdict else None, currency)
    listed = _minor(verdict.list_amount if verdict else None, currency)
    evidence = [Evidence("price", c.source, c.where, str(c.amount)) for c in (verdict.voters if verdict else ())]
    sku, sku_evidence = identity.sku(offers, walked, tree, url)
    evidence += [item for item in (stock_evidence, sku_evidence) if item]
    return Extraction(
        price_minor=price,
        currency=currency,
        list_price_minor=listed,
        price_type=verdict.price_type if verdict else "regular",
        availability=availability,
        sku=sku,
        gtin=next((offer.gtin for offer in offers if offer.gtin), "") or identity.gtin(walked, tree),
        name=(walked.title or next((offer.name for offer in offers if offer.name), "") or head.get("og:title", ""))[
            :300
        ],
        seller=next((offer.seller for offer in offers if offer.seller), "")[:120],
        promotions=promotions.from_text(walked, listed),
        confidence=verdict.confidence if verdict else 0.0,
        evidence=tuple(evidence),
    )


def _minor(amount: Decimal | None, currency: str) -> int | None:
    if amount is None:
        return None
    try:
        return to_minor(amount, currency) or None
    except PriceRadarError:
        return None
