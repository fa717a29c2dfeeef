"""OpenGraph and other meta tags, and what the document's head says about itself."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from crawlers.extract.currencies import to_iso
from crawlers.extract.model import Offer
from crawlers.extract.numbers import parse_number
from crawlers.extract.schema import availability

_PRICE = (
    "product:sale_price:amount",
    "product:price:amount",
    "og:price:amount",
    "twitter:data1",
    "product:price",
    "price",
)
_CURRENCY = (
    "product:sale_price:currency",
    "product:price:currency",
    "og:price:currency",
    "product:price.currency",
    "pricecurrency",
)
_STOCK = ("product:availability", "og:availability", "availability")
_LIST = ("product:original_price:amount", "og:price:standard_amount", "product:price:original_amount")


def tags(tree: LexborHTMLParser) -> dict[str, str]:
    """First content of every meta tag by property or name, in lower case; at most 300."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]")[:300]:
        attributes = node.attributes
        key = attributes.get("property") or attributes.get("name")
        content = attributes.get("content")
        if key and content and not attributes.get("itemprop"):
            found.setdefault(key.lower().strip(), content.strip()[:500])
    return found


def canonical(tree: LexborHTMLParser, url: str) -> str:
    """The address a page gives as its own; "" where it gives none."""
    node = tree.css_first('link[rel~="canonical" i][href]')
    stated = ((node.attributes.get("href") or "") if node is not None else "").strip()
    try:
        return urljoin(url, stated)[:500] if stated else ""
    except ValueError:
        return ""


def offer(found: dict[str, str]) -> Offer | None:
    """The offer meta tags state; None where they state neither price nor stock."""
    amount = _amount(found, _PRICE)
    listed = _amount(found, _LIST)
    regular = _amount(found, ("product:price:amount",))
    stock = availability(next((found[key] for key in _STOCK if key in found), None))
    if amount is None and stock == "Unknown":
        return None
    if regular is not None and amount is not None and regular > amount:
        listed = listed or regular
    currency = next((found[key] for key in _CURRENCY if key in found), "")
    return Offer(
        source="opengraph",
        where="meta",
        name=found.get("og:title", ""),
        sku=found.get("product:retailer_item_id", "") or found.get("product:sku", ""),
        url=found.get("og:url", ""),
        currency=to_iso(currency[:12]),
        amount=amount,
        list_amount=listed,
        availability=stock,
        weight=0.8,
    )


def _amount(found: dict[str, str], keys: tuple[str, ...]) -> Decimal | None:
    for key in keys:
        text = found.get(key, "")
        if re.fullmatch(r"[\d.,'\s]{1,20}", text) and (amount := parse_number(text)) and amount > 0:
            return amount
    return None
