"""Which product a page is about: the right one of several items, its SKU and GTIN."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawlers.extract.flags import Flag
from crawlers.extract.model import Evidence, Offer
from crawlers.extract.schema import checked
from crawlers.extract.walk import Walked

_END = r")\s*\.?\s*(?:[:：#°º.]|\bis\b)*\s*"
_SKU_LABEL = re.compile(
    r"(?:\bsku\b|\basin\b|item (?:no|number|#|code|id)|article (?:no|number|code)|artikel-?(?:nr|nummer)|"
    r"art\.?[ -]?nr|"
    r"bestell-?(?:nr|nummer)|produkt-?(?:nr|nummer)|codice(?: articolo| prodotto)?\b|código|kód(?: produktu|"
    r" tovaru)?\b|"
    r"kod produktu|šifra(?: izdelka| proizvoda)?|product (?:code|id|number|no)|catalogue (?:no|number)|"
    r"código de producto|"
    r"артикул|код(?: товара)?\b|商品编号|货号|商品コード|品番|varenr|varenummer|tuotenumero" + _END,
    re.IGNORECASE,
)
_WEAK_LABEL = re.compile(
    r"(?:\bréf(?:érence)?\b|\bref(?:erencia|erência|erence)?\b|\bcod\b|\bmodel(?: no| number)?\b|\bmpn\b|型号" + _END,
    re.IGNORECASE,
)
_SKU_VALUE = re.compile(r"(?=[A-Za-z0-9./_-]*\d)[A-Za-z0-9][A-Za-z0-9./_-]{2,30}")
_EAN = re.compile(r"(?:ean|gtin|upc|isbn|barcode|条形码)(?:[- ]?1[0-4])?\s*[:：]?\s*([\d-]{8,17})\b", re.IGNORECASE)
_URL_ID = re.compile(
    r"(?:^|[/_.=-])([A-Z]?\d[A-Z0-9]{4,}|[A-Z]{1,2}\d[A-Z0-9]{5,}|p?\d{3,})(?=$|[/_.&?-])", re.IGNORECASE
)


def of_this_page(offers: Sequence[Offer], url: str, title: str) -> list[Offer]:
    """The offers of the page's own product among all on it: by URL, by title, else the first."""
    if len(offers) <= 1:
        return list(offers)
    for same in (_same_url, _same_title):
        chosen = [offer for offer in offers if same(offer, url, title)]
        if chosen:
            return _lowest_first(chosen)
    first = offers[0].name
    return _lowest_first([offer for offer in offers if offer.name == first])


def _lowest_first(offers: list[Offer]) -> list[Offer]:
    stocked = [offer for offer in offers if offer.amount is not None and offer.availability != "OutOfStock"]
    priced = stocked or [offer for offer in offers if offer.amount is not None]
    if not priced:
        return offers[:1]
    new = [offer for offer in priced if offer.price_type == "regular"] or priced
    return [min(new, key=lambda offer: offer.amount or 0)]


def _same_url(offer: Offer, url: str, title: str) -> bool:  # noqa: ARG001
    if not offer.url:
        return False
    one, two = urlsplit(offer.url), urlsplit(url)
    return one.path.rstrip("/") == two.path.rstrip("/") and len(one.path) > 1 and one.query in ("", two.query)


def _same_title(offer: Offer, url: str, title: str) -> bool:  # noqa: ARG001
    return bool(title) and bool(offer.name) and " ".join(offer.name.split()).lower() == " ".join(title.split()).lower()


def sku(offers: Sequence[Offer], walked: Walked, tree: LexborHTMLParser, url: str) -> tuple[str, Evidence | None]:
    """The shop's id of the product: labelled on the page, stated in markup, or in the URL and on the page."""
    stated = next((offer for offer in offers if offer.sku), None)
    shown = _labelled(walked, _SKU_LABEL, walked.title_at or 0)
    if shown and (stated is None or stated.sku not in shown):
        return shown[0], Evidence("sku", "text", "label", shown[0])
    if stated is not None:
        return stated.sku[:80], Evidence("sku", stated.source, stated.where, stated.sku[:80])
    in_url = _in_url(url)
    if in_url and len(in_url) >= 7:
        return in_url, Evidence("sku", "url", url[:120], in_url)
    weak = _labelled(walked, _WEAK_LABEL, walked.title_at or 0)
    if found := weak[0] if weak else _attribute(tree):
        return found, Evidence("sku", "text", "label", found)
    return (in_url, Evidence("sku", "url", url[:120], in_url)) if in_url else ("", None)


def _labelled(walked: Walked, label: re.Pattern[str], title: int) -> list[str]:
    """Ids beside a label or in an element named for them: those after the title first."""
    found: list[tuple[bool, str]] = []
    pending = False
    for run in walked.runs:
        if run.flags & Flag.OTHER or len(run.text) > 200 or len(found) > 20:
            pending = False
            continue
        value = _SKU_VALUE.match(run.text) if pending else None
        named = label.search(run.text)
        pending = named is not None and named.end() == len(run.text)
        if named and not pending:
            value = value or _SKU_VALUE.match(run.text, named.end())
        elif run.flags & Flag.REFERENCE and value is None:
            value = _SKU_VALUE.fullmatch(run.text)
        if value:
            found.append((run.order < title - 10, value.group().rstrip(".")))
    return [text for _, text in sorted(found, key=lambda one: one[0])]


def _attribute(tree: LexborHTMLParser) -> str:
    for selector, name in (
        ("[data-sku]", "data-sku"),
        ("[data-product-id]", "data-product-id"),
        ("[data-productid]", "data-productid"),
    ):
        node = tree.css_first(selector)
        value = (node.attributes.get(name) or "").strip() if node else ""
        if value and len(value) <= 40:
            return value
    return ""


def _in_url(url: str) -> str:
    parts = urlsplit(url)
    found = [match.group(1) for match in _URL_ID.finditer(parts.path)]
    return max(found, key=len) if found else ""


def gtin(walked: Walked, tree: LexborHTMLParser) -> str:  # noqa: ARG001
    """A GTIN labelled in the page's text, with its check digit right; "" where there is none."""
    for run in walked.runs:
        if run.flags & Flag.OTHER or len(run.text) > 200:
            continue
        if found := _EAN.search(run.text):
            digits = found.group(1).replace("-", "")
            if len(digits) in (8, 12, 13, 14) and checked(digits):
                return digits
    return ""
