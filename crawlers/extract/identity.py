"""Which product a page is about: the right one of several items, its SKU and GTIN."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from crawlers.extract.flags import Flag
from crawlers.extract.model import Evidence, Offer
from crawlers.extract.schema import checked
from crawlers.extract.walk import Walked
from crawlers.extract.words import Words

_END = r")\s*\.?\s*(?:[:：#°º.]|\bis\b)*\s*"
_SKU_LABEL = Words(
    r"(?:\bsku\b|item (?:no|number|#|code|id)|article (?:no|number|code)|artikel-?(?:nr|nummer)|"
    r"art\.?[ -]?nr|"
    r"bestell-?(?:nr|nummer)|produkt-?(?:nr|nummer)|codice(?: articolo| prodotto)?\b|código|kód(?: produktu|"
    r" tovaru| zboží)?\b|"
    r"kod produktu|šifra(?: izdelka| proizvoda)?|product (?:code|id|number|no)|catalogue (?:no|number)|"
    r"código de producto|"
    r"артикул|код(?: товара)?\b|商品编号|货号|商品コード|品番|型番|varenr|varenummer|tuote(?:numero|koodi)|"
    r"(?:katalogové|objednací) číslo|cikkszám|termékkód|ürün kodu|stok kodu|κωδικός(?: προϊόντος)?|"
    r"cod(?:igo|\.)? (?:produs|art)|best(?:ell|\.)-?\s?nr|part (?:no|number|#)|catalog(?:ue)? (?:no|number|#)|"
    r"style (?:no|number|#)|prekės kodas|preces kods|tootekood|šifra artikla|상품코드|상품번호|mã sản phẩm|"
    r"номер товара|код товару|kod (?:producenta|towaru)|nr katalogowy|indeks" + _END,
)
_WEAK_LABEL = Words(
    r"(?:\bréf(?:érence)?\b|\bart\b|\bstyle\b|\bcód\b|\bref(?:erencia|erência|erence)?\b|\bcod\b|"
    r"\bmodel(?: no| number)?\b|\bmpn\b|型号" + _END,
)
_SKU_VALUE = re.compile(r"(?=[A-Za-z0-9./_-]*\d)[A-Za-z0-9][A-Za-z0-9./_-]{2,30}")
_GROUPED = re.compile(r"(?<![\w./-])[A-Za-z]?\d{2,}(?:[./-]\d{2,}){1,3}(?![\w/-])")
NEAR = 60  # runs after the title in which a product's own codes stand
SHORTEST_ALONE = 4  # a shorter number in a URL is as likely a category or a page
_EAN = re.compile(
    r"(?<![a-z])(?:ean|gtin|upc|isbn|barcode|条形码)(?:[- ]?1[0-4])?(?: code)?\s*[:：]?\s*", re.IGNORECASE
)
_DIGITS = re.compile(r"[\d-]{8,17}\b")
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


VARIANTS = 50
OF_MANY = 0.8  # what the lowest of several prices of one product keeps, and the others
OTHERS = 0.7


def _lowest_first(offers: list[Offer]) -> list[Offer]:
    """The product's offers, the lowest in stock first; where they ask different prices, the page's text decides."""
    stocked = [offer for offer in offers if offer.amount is not None and offer.availability != "OutOfStock"]
    priced = stocked or [offer for offer in offers if offer.amount is not None]
    if not priced:
        return offers[:1]
    new = [offer for offer in priced if offer.price_type == "regular"] or priced
    best = {offer.amount: offer for offer in reversed(new[:VARIANTS])}
    ordered = sorted(best.values(), key=lambda offer: offer.amount or 0)
    if len(ordered) == 1:
        return ordered
    return [replace(one, weight=one.weight * (OTHERS if number else OF_MANY)) for number, one in enumerate(ordered)]


def _same_url(offer: Offer, url: str, title: str) -> bool:  # noqa: ARG001
    if not offer.url:
        return False
    one, two = urlsplit(offer.url), urlsplit(url)
    return one.path.rstrip("/") == two.path.rstrip("/") and len(one.path) > 1 and one.query in ("", two.query)


def _same_title(offer: Offer, url: str, title: str) -> bool:  # noqa: ARG001
    return bool(title) and bool(offer.name) and " ".join(offer.name.split()).lower() == " ".join(title.split()).lower()


Found = tuple[str, float, Evidence] | None  # a value, how sure (0..1), and where it was read


def sku(offers: Sequence[Offer], walked: Walked, tree: LexborHTMLParser, url: str) -> Found:
    """The shop's id of the product: labelled on the page, stated in markup, or in the URL and on the page."""
    stated = next((offer for offer in offers if offer.sku), None)
    title = walked.title_at or 0
    shown = _labelled(walked, _SKU_LABEL, title) or _shown_and_in_url(walked, url, title)
    if shown and (stated is None or stated.sku not in shown):
        return shown[0], 0.85, Evidence("sku", "text", "label", shown[0])
    if stated is not None:
        sure = 0.97 if shown or stated.sku.lower() in url.lower() else 0.9
        return stated.sku[:80], sure, Evidence("sku", stated.source, stated.where, stated.sku[:80])
    in_url = _in_url(url)
    if in_url and len(in_url) >= 7:
        return in_url, 0.6, Evidence("sku", "url", url[:120], in_url)
    weak = _labelled(walked, _WEAK_LABEL, title)
    if found := weak[0] if weak else _attribute(tree):
        return found, 0.5, Evidence("sku", "text", "label" if weak else "attribute", found)
    return (in_url, 0.3, Evidence("sku", "url", url[:120], in_url)) if len(in_url) >= SHORTEST_ALONE else None


def _shown_and_in_url(walked: Walked, url: str, title: int) -> list[str]:
    """Codes written in groups ("1234/567", "123.456.78") near the title that end an id in the URL's path."""
    ids = {match.group(1).lower() for match in _URL_ID.finditer(urlsplit(url).path)}
    if not ids:
        return []
    found = []
    for run in walked.runs[max(0, title - 5) : title + NEAR]:
        if run.flags & (Flag.OTHER | Flag.HIDDEN) or len(run.text) > 120:
            continue
        for code in _GROUPED.findall(run.text):
            plain = re.sub(r"[./-]", "", code).lower()
            if len(plain) >= 6 and any(one.endswith(plain) for one in ids):
                found.append(code)
    return found


def _labelled(walked: Walked, label: Words, title: int) -> list[str]:
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


def gtin(offers: Sequence[Offer], walked: Walked) -> Found:
    """A GTIN stated in markup or labelled in the text, with its check digit right; None where there is none."""
    for offer in offers:
        if offer.gtin:
            return offer.gtin, 0.97, Evidence("gtin", offer.source, offer.where, offer.gtin)
    pending = False  # the label stands in a cell of its own
    for run in walked.runs:
        if run.flags & Flag.OTHER or len(run.text) > 200:
            pending = False
            continue
        labels = [label.end() for label in _EAN.finditer(run.text)]
        for at in [0] * pending + labels:
            found = _DIGITS.match(run.text, at)
            digits = found.group().replace("-", "") if found else ""
            if len(digits) in (8, 12, 13, 14) and checked(digits):
                return digits, 0.9, Evidence("gtin", "text", f"text[{run.order}]", digits)
        pending = len(run.text) in labels
    return None


def name(offers: Sequence[Offer], walked: Walked, head: dict[str, str]) -> Found:
    """The product's name: its heading, else what markup or the head of the page call it."""
    stated = next((offer for offer in offers if offer.name), None)
    if walked.title:
        same = stated is not None and " ".join(stated.name.split()).lower() == walked.title.lower()
        return walked.title[:300], 0.98 if same else 0.85, Evidence("name", "text", "heading", walked.title[:120])
    if stated is not None:
        return stated.name[:300], 0.9, Evidence("name", stated.source, stated.where, stated.name[:120])
    title = head.get("og:title", "")[:300]
    return (title, 0.6, Evidence("name", "opengraph", "og:title", title[:120])) if title else None
