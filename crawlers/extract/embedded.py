"""Offers in the state a page carries for its scripts: `__NEXT_DATA__`, `dataLayer`, `__INITIAL_STATE__` and the like.

Such state holds many products, so only an object that names the page's own one (by title,
by an id in the URL, by its URL) counts. It is read where the other sources leave doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from contracts.money import exponent
from contracts.observations import Availability
from crawlers.extract.currencies import to_iso
from crawlers.extract.document import whole
from crawlers.extract.literals import assigned, loads
from crawlers.extract.model import Offer
from crawlers.extract.numbers import parse_price
from crawlers.extract.schema import availability

MAX_SCRIPT, MAX_TOTAL, MAX_NODES = 3_000_000, 6_000_000, 40_000
SURE, UNSURE = 1.0, 0.5  # an integer may be cents or whole units: alone it is not believed

_NAMES = ("name", "title", "productname", "product_name", "item_name", "displayname", "producttitle")
_NOW = (
    "saleprice", "sale_price", "specialprice", "special_price", "promoprice", "promotionprice", "discountedprice",
    "discount_price", "finalprice", "final_price", "currentprice", "current_price", "sellingprice", "selling_price",
    "offerprice", "price", "productprice", "product_price", "prices", "pricing", "priceinfo",
    "regularprice", "regular_price", "listprice",
)  # fmt: skip
_INNER = (
    "sale", "special", "promo", "discounted", "final", "finalprice", "current", "currentprice", "now", "selling",
    "sellingprice", "saleprice", "value", "amount", "price", "centamount", "min", "minprice", "low", "gross", "raw",
    "regular", "original",
)  # fmt: skip
_WAS = (
    "originalprice", "original_price", "regularprice", "regular_price", "listprice", "list_price", "msrp", "rrp",
    "compareatprice", "compare_at_price", "wasprice", "was_price", "oldprice", "old_price", "strikeprice", "baseprice",
    "original", "regular", "was", "list", "old", "before", "compareat",
)  # fmt: skip
_IDS = ("sku", "skuid", "productid", "product_id", "item_id", "id", "productcode", "code", "articlenumber", "itemid")
_GTINS = ("gtin", "gtin13", "ean", "ean13", "barcode", "upc")
_CURRENCIES = ("currency", "currencycode", "pricecurrency", "currency_code", "currencyiso", "currencyisocode")
_STOCK = ("availability", "stockstatus", "availabilitystatus", "stock_status", "availability_status")
_YES = ("instock", "isinstock", "in_stock", "available", "isavailable", "is_in_stock", "purchasable")
_NO = ("soldout", "issoldout", "outofstock", "isoutofstock", "sold_out", "out_of_stock")
_WORD = re.compile(r"\w+")


def offers(tree: LexborHTMLParser, title: str, url: str, currency: str) -> list[Offer]:
    """Offers of the page's own product in its scripts, in page order, at most 20. `currency`: what the page states."""
    page = _Page(title, url)
    found: list[Offer] = []
    left = MAX_NODES
    for name, state in _states(tree):
        for where, one, around in _objects(state, name, left):
            left -= 1
            if page.names(one) and (offer := _offer(one, where, around or currency)) is not None:
                found.append(offer)
        if left <= 0 or len(found) >= 20:
            break
    if len({offer.amount for offer in found}) > 1:  # variants, or leftovers of other products: good to confirm only
        return [replace(offer, weight=offer.weight / 2) for offer in found[:20]]
    return found[:20]


def _states(tree: LexborHTMLParser) -> Iterator[tuple[str, Any]]:
    total = 0
    for script in tree.css("script:not([src])")[:200]:
        text = script.text() or ""
        total += len(text)
        if len(text) > MAX_SCRIPT or total > MAX_TOTAL or "rice" not in text:
            continue
        kind = script.attributes.get("type") or ""
        if "ld+json" in kind:
            continue
        if "json" in kind:
            yield script.attributes.get("id") or "json", loads(whole(text))
        else:
            yield from assigned(whole(text))


def _objects(state: Any, name: str, left: int) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Objects with a price among their keys, breadth before depth: the path to each, and the currency around it."""
    level: list[tuple[str, Any, str]] = [(name, state, "")]
    while level and left > 0:
        deeper: list[tuple[str, Any, str]] = []
        for path, one, currency in level:
            left -= 1
            if isinstance(one, dict):
                lower = {str(key).lower(): value for key, value in one.items()}
                if not lower.keys().isdisjoint(_NOW):
                    yield path, lower, currency
                around = _currency(lower) or currency
                deeper.extend((f"{path}.{key}", v, around) for key, v in one.items() if isinstance(v, (dict, list)))
            elif isinstance(one, list):
                inside = [(f"{path}[{i}]", v, currency) for i, v in enumerate(one[:500])]
                deeper.extend(found for found in inside if isinstance(found[1], (dict, list)))
        level = deeper[: max(left, 0)]


class _Page:
    """What tells the page's own product from the others: its title, its URL, the ids in it."""

    def __init__(self, title: str, url: str) -> None:
        parts = urlsplit(url)
        self.title = _plain(title)
        self.path = parts.path.rstrip("/").lower()
        self.ids = {word for word in re.split(r"[^a-z0-9]+", f"{parts.path} {parts.query}".lower()) if len(word) >= 5}

    def names(self, one: dict[str, Any]) -> bool:
        """Whether the object is about this page's product: the same name, and no other id where the URL has one."""
        name = next((_plain(str(one[key])) for key in _NAMES if isinstance(one.get(key), str)), "")
        same_name = bool(name) and len(self.title) > 3 and (name == self.title or _close(name, self.title))
        url = one.get("url") or one.get("producturl") or one.get("canonicalurl")
        if isinstance(url, str) and len(url) > 5:
            return same_name or self.path.endswith(urlsplit(url).path.rstrip("/").lower() or "/")
        ids = {str(one[key]).lower() for key in _IDS if isinstance(one.get(key), (str, int))}
        return same_name or any(len(i) >= 5 and any(c.isdigit() for c in i) and i in self.ids for i in ids)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()[:300]))


def _close(name: str, title: str) -> bool:
    """The title with a brand before it or a subtitle behind it, not just a word in common."""
    return (len(name) >= 12 and name in title) or (len(title) >= 12 and title in name)


def _offer(one: dict[str, Any], where: str, page_currency: str) -> Offer | None:
    currency = _currency(one) or page_currency
    amount, sure, key = None, False, ""
    for key in _NOW:
        amount, sure = _amount(one.get(key), key, currency)
        if amount is not None:
            currency = _inner_currency(one[key]) or currency
            break
    stock = _stock(one)
    if amount is None and stock == "Unknown":
        return None
    listed = _listed(one, currency)
    return Offer(
        source="embedded",
        where=f"{where}.{key}"[-160:],
        name=_text(one, _NAMES)[:300],
        sku=_text(one, _IDS[:4])[:80],
        gtin=next((gtin for gtin in [_text(one, _GTINS)] if gtin.isdigit()), ""),
        currency=currency,
        amount=amount,
        list_amount=listed if listed is not None and amount is not None and listed > amount else None,
        availability=stock,
        weight=SURE if sure else UNSURE,
    )


def _amount(value: Any, key: str, currency: str) -> tuple[Decimal | None, bool]:
    """An amount and whether its unit is beyond doubt."""
    if isinstance(value, dict):
        lower = {str(k).lower(): v for k, v in value.items()}
        inner = _inner_currency(value) or currency
        for name in _INNER:
            found, sure = _amount(lower.get(name), name, inner)
            if found is not None:
                return found, sure
        return None, False
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None, False
    text = str(value).strip()[:40]
    if re.fullmatch(r"\d{1,9}", text):
        whole = Decimal(text)
        if "cent" in key and currency:
            return (whole.scaleb(-exponent(currency)), True) if whole else (None, False)
        return (whole, bool(currency) and exponent(currency) == 0) if whole else (None, False)
    price = Decimal(text) if re.fullmatch(r"\d{1,9}\.\d{1,6}", text) else None
    if price is None and (read := parse_price(text)) is not None:
        price = read.amount
    return (price, True) if price else (None, False)


def _listed(one: dict[str, Any], currency: str) -> Decimal | None:
    for holder in (one, *(v for key in ("price", "prices", "pricing") if isinstance(v := one.get(key), dict))):
        lower = {str(key).lower(): value for key, value in holder.items()}
        for key in _WAS:
            found, _ = _amount(lower.get(key), key, currency)
            if found is not None:
                return found
    return None


def _currency(one: dict[str, Any]) -> str:
    text = _text(one, _CURRENCIES)
    return to_iso(text[:12]) if text else ""


def _inner_currency(price: Any, depth: int = 3) -> str:
    """The currency stated in an object of amounts, or in the first one inside it that states one."""
    if not isinstance(price, dict) or not depth:
        return ""
    own = _currency({str(key).lower(): value for key, value in price.items()})
    return own or next((found for value in price.values() if (found := _inner_currency(value, depth - 1))), "")


def _stock(one: dict[str, Any]) -> Availability:
    for key in _STOCK:
        value = one.get(key)
        if isinstance(value, str) and (stated := availability(value)) != "Unknown":
            return stated
    for keys, if_true, if_false in ((_YES, "InStock", "OutOfStock"), (_NO, "OutOfStock", "InStock")):
        for key in keys:
            if isinstance(value := one.get(key), bool):
                return if_true if value else if_false  # type: ignore[return-value]
    return "Unknown"


def _text(one: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((str(v).strip() for key in keys if isinstance(v := one.get(key), (str, int)) and v != ""), "")
