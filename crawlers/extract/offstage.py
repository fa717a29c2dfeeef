"""Prices that no text and no markup shows: on the buy button, and in attributes such as `data-price`.

Read only where nothing else gave a price, and believed a little: one amount, of the page's own product,
that cannot be cents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from contracts.errors import PriceRadarError
from contracts.money import exponent
from crawlers.extract import labels
from crawlers.extract.currencies import to_iso
from crawlers.extract.flags import Flag, of_names
from crawlers.extract.model import Candidate
from crawlers.extract.numbers import find_prices
from crawlers.extract.vote import Verdict

SURE = 0.35  # less than it takes to presume that the product is in stock
MOST_NODES, MOST_LEVELS, MOST_TEXT = 20_000, 40, 120
_APART = frozenset({"nav", "footer", "aside", "header"})
_AWAY = Flag.OTHER | Flag.BODY | Flag.HIDDEN | Flag.SHIPPING | Flag.COUPON | Flag.MEMBER | Flag.INSTALMENT | Flag.UNIT
_PRICE = re.compile(r"data-(?:(?:product|item|sale|current|final|our|sku|variant)-?)?price(?:-?(?:amount|value))?")
_CURRENCY = ("data-currency", "data-currency-code", "data-price-currency", "data-product-currency")
_NOT_NOW = re.compile(r"old|base|was|min|max|list|regular|msrp|compare|unit|tier|ship|from", re.IGNORECASE)
_PLAIN = re.compile(r"\d{1,7}[.,]\d{2}|\d{1,7}\.\d{1,4}")
_WHOLE = re.compile(r"\d{2,9}")
_BUY = re.compile(
    r"add to (?:shopping |my )?(?:cart|bag|basket|trolley)|\bbuy\b|\border now\b|\bpurchase\b|"
    r"in den (?:waren|einkaufs)|\bkaufen\b|\bbestellen\b|ajouter au panier|\bacheter\b|"
    r"al carrito|\bcomprar\b|ao carrinho|al carrello|\bacquista\b|"
    r"winkelwagen|winkelmand|\bkopen\b|varukorg|\bköp\b|handlekurv|\bkjøp\b|i kurv|\bkøb\b|ostoskoriin|\bosta\b|"
    r"do koszyka|\bkup\b|do košík|\bkoupit\b|в корзину|купить|sepete ekle|satın al|"
    r"加入购物车|立即购买|购买|カート|購入|장바구니|구매",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"protect|insur|warrant|garanti|versicher|assicur|seguro|gift ?wrap|geschenkverpack|install|service|sample|muster|"
    r"credit|gift card",
    re.IGNORECASE,
)


def verdict(tree: LexborHTMLParser, local: str) -> Verdict | None:
    """The one amount on buy buttons, else in attributes; None where there is none, or more than one."""
    root = tree.body or tree.root
    if root is None:
        return None
    buttons: list[Candidate] = []
    attributes: list[Candidate] = []
    for left, node in enumerate(root.traverse(include_text=False)):
        if left > MOST_NODES:
            break
        buttons += _on_button(node, local)
        attributes += _in_attributes(node, local)
    return _agreed(buttons) if buttons else _agreed(attributes)


def _agreed(found: list[Candidate]) -> Verdict | None:
    if len({one.amount for one in found}) != 1:
        return None
    currency = next((one.currency for one in found if one.currency), "")
    return Verdict(found[0].amount, "regular", SURE, currency, tuple(found[:3]))


def _on_button(node: LexborNode, local: str) -> Iterator[Candidate]:
    attributes = node.attributes
    is_input = node.tag == "input" and attributes.get("type") in ("submit", "button")
    if node.tag not in ("button", "a") and not is_input:
        return
    spoken = (node.text(separator=" ", strip=True) if not is_input else attributes.get("value")) or ""
    for text in (spoken, attributes.get("aria-label") or "", attributes.get("title") or ""):
        if not text or len(text) > MOST_TEXT or not _BUY.search(text) or _BESIDE.search(text):
            continue
        found = list(find_prices(text, local))
        if len(found) == 1 and found[0].amount > 0 and not _doubted(text) and not _apart(node):
            where = f"{node.tag} {' '.join(text.split())[:60]}"
            yield Candidate(found[0].amount, "text", SURE, where, found[0].currency)
            return


def _doubted(text: str) -> bool:
    """Whether the words say that the amount is another: an instalment, a threshold, a saving, a unit's."""
    doubts = (labels.INSTALMENT, labels.SHIPPING, labels.SAVING, labels.UNIT, labels.MEMBER, labels.WAS)
    return any(words.search(text) for words in doubts)


def _in_attributes(node: LexborNode, local: str) -> Iterator[Candidate]:
    attributes = node.attributes
    for name, value in attributes.items():
        if not name.startswith("data-") or not value or not _PRICE.fullmatch(name):
            continue
        kind = f"{attributes.get('data-price-type') or ''} {attributes.get('class') or ''} {attributes.get('id') or ''}"
        amount, currency = _amount(value.strip()[:40], attributes, local)
        if amount and not _NOT_NOW.search(kind) and not _apart(node):
            yield Candidate(amount, "embedded", SURE, f"{node.tag}@{name}", currency)


def _amount(value: str, attributes: dict[str, str | None], local: str) -> tuple[Decimal | None, str]:
    """An amount and its currency; a whole number may be cents, unless its currency has none."""
    currency = next((code for key in _CURRENCY if (code := to_iso((attributes.get(key) or "")[:12]))), "")
    if _PLAIN.fullmatch(value):
        return Decimal(value.replace(",", ".")), currency
    if _WHOLE.fullmatch(value):
        return (Decimal(value), currency) if _without_cents(currency or local) else (None, currency)
    found = list(find_prices(value, local))
    if len(found) == 1 and (found[0].amount > 0):
        return found[0].amount, found[0].currency or currency
    return None, currency


def _without_cents(currency: str) -> bool:
    try:
        return bool(currency) and exponent(currency) == 0
    except PriceRadarError:
        return False


def _apart(node: LexborNode) -> bool:
    """Whether a node stands where other products, offers or the shop's own business are."""
    place: LexborNode | None = node
    for _ in range(MOST_LEVELS):
        if place is None or place.tag in ("body", "html", None):
            return False
        if place.tag in _APART:
            return True
        attributes = place.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".strip()
        if names and of_names(names[:300]) & _AWAY:
            return True
        place = place.parent
    return True
