"""The whole of extraction: read, walk, gather offers, vote, and say what the page offers."""

from __future__ import annotations

from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from contracts.errors import BlockedPageError, NoPriceError
from crawlers.extract import blocked, embedded, fields, identity, linked, meta, offstage, overrides, schema, visible
from crawlers.extract.currencies import local_currency
from crawlers.extract.document import to_text, without_abyss
from crawlers.extract.fields import Seen
from crawlers.extract.model import Extraction, Offer
from crawlers.extract.neighbours import Reading
from crawlers.extract.vote import Verdict, decide
from crawlers.extract.walk import Walked, walk


def extract(
    body: bytes, url: str, content_type: str = "", status: int = 200, shops: overrides.Shops = overrides.NONE
) -> Extraction:
    """The offer on a page. `body` may be gzip; `content_type` and `status` are the response's; `shops`: page objects.

    Raises UnreadablePageError, BlockedPageError or NoPriceError (all BadPageError).
    """
    text = without_abyss(to_text(body, content_type))
    if why := blocked.reason(text, status):
        raise BlockedPageError(f"a product page was expected at {url}; was a block page: {why}")
    shop = shops.of(url)
    tree = LexborHTMLParser(text)
    if shop is not None:
        shop.without_ignored(tree)
    found = fields.gather(_seen(tree, url), url)
    if shop is not None:
        found = shop.apply(found, tree)
    found = replace(found, canonical=meta.canonical(tree, url))
    if found.price_minor is None and found.availability != "OutOfStock":
        raise NoPriceError(f"a price was expected{f' at {url}' if url else ''}; no amount on the page could be trusted")
    return found


def _seen(tree: LexborHTMLParser, url: str) -> Seen:
    walked = walk(tree)
    head = meta.tags(tree)
    offers = _offers(tree, walked, head, url)
    language = (tree.root.attributes.get("lang") or "") if tree.root else ""
    stated = next((offer.currency for offer in offers if offer.currency), "")
    local = stated or local_currency(url, language)
    readings = list(visible.readings(walked, local, stated))
    verdict = decide(offers, readings)
    if _in_doubt(verdict, readings):
        title = walked.title or head.get("og:title", "")
        offers += embedded.offers(tree, title, url, stated)
        verdict = decide(offers, readings)
    if verdict is None and walked.title:
        verdict = offstage.verdict(tree, local)
    if verdict is not None:  # of several variants the one whose price it is
        offers.sort(key=lambda offer: offer.amount != verdict.amount)
    return Seen(tree, walked, head, offers, local, verdict)


def _in_doubt(verdict: Verdict | None, readings: list[Reading]) -> bool:
    """Whether no two sources, the text among them, agree on the price."""
    if verdict is None:
        return True
    shown = any(r.candidate.amount == verdict.amount and not r.is_list for r in readings)
    return not shown or len({voter.source for voter in verdict.voters}) < 2


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
