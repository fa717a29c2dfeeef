"""schema.org products, whatever notation they came in, to offers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from contracts.observations import Availability, PriceType
from crawlers.extract.currencies import to_iso
from crawlers.extract.model import Offer, Source
from crawlers.extract.numbers import parse_price

PRODUCT_TYPES = {
    "product", "individualproduct", "productmodel", "productgroup", "someproducts", "book", "vehicle", "car",
    "event", "musicevent", "theaterevent", "softwareapplication", "videogame", "hotelroom", "course", "movie",
}  # fmt: skip
OFFER_TYPES = {"offer", "aggregateoffer", "demand"}
_IN_STOCK = {
    "instock",
    "limitedavailability",
    "onlineonly",
    "instoreonly",
    "presale",
    "preorder",
    "madetoorder",
    "backorder",
}
_OUT_OF_STOCK = {"outofstock", "soldout", "discontinued", "reserved", "oos"}
MOST_LISTED = 100
UNFRAMED = 0.7
_GTINS = ("gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn", "ean", "upc")
_VARIANT = ("color", "size", "material", "pattern")
_NO_PRICE = re.compile(r"^\s*-|^[\d.]+e[+-]?\d+$", re.IGNORECASE)  # negative, or a number in exponents
_PLAIN = re.compile(r"^\d+(?:\.\d+)?$")


def offers(items: Sequence[dict[str, Any]], source: Source) -> list[Offer]:
    """An offer for every product among the items, in page order, its best price first among its variants."""
    found: list[Offer] = []
    for index, item in enumerate(items):
        kinds = types(item)
        where = f"{'/'.join(sorted(kinds)) or 'item'}[{index}]"
        if kinds & PRODUCT_TYPES:
            found.extend(_of_product(item, source, where))
        elif kinds & OFFER_TYPES and (offer := _of_offer(item, Offer(source=source, where=where))) is not None:
            found.append(offer)
        elif "pricespecification" in kinds and _currency(item):  # an offer whose frame is missing
            spec = {"priceSpecification": item}
            if (offer := _of_offer(spec, Offer(source=source, where=where, weight=UNFRAMED))) is not None:
                found.append(offer)
        else:
            found.extend(_nested(item, source, where))
    return found or _only_one_listed(items, source)


def _nested(item: dict[str, Any], source: Source, where: str) -> Iterator[Offer]:
    for key in ("mainEntity", "mainEntityOfPage", "itemOffered"):
        for inner in _dicts(item.get(key)):
            if types(inner) & PRODUCT_TYPES:
                yield from _of_product(inner, source, f"{where}.{key}")
    for one in _dicts(item.get("makesOffer"))[:MOST_LISTED]:
        if (offer := _of_offer(one, Offer(source=source, where=f"{where}.makesOffer"))) is not None:
            yield offer


def _only_one_listed(items: Sequence[dict[str, Any]], source: Source) -> list[Offer]:
    """The offer of a list with one product that has any; of more, none is the page's own."""
    found: list[Offer] = []
    for item in items:
        for element in _dicts(item.get("itemListElement"))[:MOST_LISTED]:
            for one in (element, *_dicts(element.get("item"))):
                if types(one) & PRODUCT_TYPES and one.get("offers"):
                    found.extend(_of_product(one, source, "ItemList.itemListElement"))
    return found if len(found) == 1 else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]


def types(item: dict[str, Any]) -> set[str]:
    """Types of an item, in lower case, without their vocabulary."""
    return {str(kind).rstrip("/").rpartition("/")[2].rpartition(":")[2].lower() for kind in _list(item.get("@type"))}


def _of_product(item: dict[str, Any], source: Source, where: str) -> list[Offer]:
    item = {key[0].lower() + key[1:] if key else key: value for key, value in item.items()}
    base = Offer(
        source=source,
        where=where,
        name=_text(item.get("name")),
        sku=_text(item.get("sku")) or _text(item.get("productID")) or _text(item.get("productId")),
        gtin=next((gtin for key in _GTINS if (gtin := _gtin(item.get(key)))), ""),
        url=_text(item.get("url")) or _text(item.get("@id")),
        variant=", ".join(text for key in _VARIANT if (text := _text(item.get(key))[:60])),
    )
    raw, variants = _dicts(item.get("offers")), _dicts(item.get("hasVariant"))
    found = [
        offer
        for number, one in enumerate(_flat(raw))
        if (offer := _of_offer(one, replace(base, where=f"{where}.offers[{number}]")))
    ]
    for variant in variants[:200]:
        found.extend(
            _of_product(
                {**{k: v for k, v in item.items() if k in ("name", "url")}, **variant}, source, f"{where}.hasVariant"
            )
        )
    if not found and (amount := _amount(item.get("price"), _currency(item))):
        found.append(replace(base, where=f"{where}.price", amount=amount, currency=_currency(item)))
    return found or [base]


def _flat(raw: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in raw[:200]:
        inner = _dicts(one.get("offers"))
        stated = one.get("lowPrice") or one.get("price")
        if inner and (not stated or any(_condition(each) == "used" for each in inner)):
            yield from inner[:200]
        else:
            yield one


def _of_offer(item: dict[str, Any], base: Offer) -> Offer | None:
    item = {key[0].lower() + key[1:] if key else key: value for key, value in item.items()}
    currency = _currency(item)
    amount = _amount(item.get("price"), currency) or _amount(item.get("lowPrice"), currency)
    high = _amount(item.get("highPrice"), currency)
    list_amount, price_type = None, _condition(item)
    for spec in _dicts(item.get("priceSpecification")):
        currency = currency or _currency(spec)
        value = _amount(spec.get("price"), currency) or _amount(spec.get("minPrice"), currency)
        kind = f"{_text(spec.get('priceType'))} {_text(spec.get('name'))}".lower()
        if re.search(r"list|msrp|srp|strike|regular", kind):
            list_amount = value or list_amount
        elif spec.get("validForMemberTier") or "unitprice" in types(spec) or _is_unit(spec):
            continue
        else:
            amount = amount or value
    stock = availability(item.get("availability"))
    if amount is None and stock == "Unknown":
        return None
    return replace(
        base,
        name=base.name or _text(item.get("name")),
        sku=base.sku or _text(item.get("sku")),
        gtin=base.gtin or next((gtin for key in _GTINS if (gtin := _gtin(item.get(key)))), ""),
        url=_text(item.get("url")) or base.url,
        currency=currency,
        seller=_text(item.get("seller")) or _text(item.get("offeredBy")),
        amount=amount,
        high=high if high and amount and high > amount else None,
        list_amount=list_amount,
        availability=stock,
        price_type=price_type,
    )


def _is_unit(spec: dict[str, Any]) -> bool:
    """Whether a specification is the price of a kilogram or the like, not of the product.

    With a `valueReference` the quantity is how much of it the product is: then the price is the product's own.
    """
    if any(one.get("valueReference") for one in _dicts(spec.get("referenceQuantity"))):
        return False
    return bool(spec.get("referenceQuantity") or spec.get("unitText")) and not spec.get("priceType")


def _condition(item: dict[str, Any]) -> PriceType:
    condition = _text(item.get("itemCondition")).lower()
    return "used" if re.search(r"used|refurb|damaged", condition) else "regular"


def availability(value: Any) -> Availability:
    """What an `availability` says; anything not named by schema.org is Unknown."""
    for one in _list(value):
        text = _text(one).strip().rstrip("/").rpartition("/")[2].rpartition("#")[2].rpartition(":")[2]
        key = re.sub(r"[\s_-]", "", text).lower()
        if key in _IN_STOCK:
            return "InStock"
        if key in _OUT_OF_STOCK:
            return "OutOfStock"
    return "Unknown"


def _currency(item: dict[str, Any]) -> str:
    stated = _text(item.get("priceCurrency")) or _text(item.get("pricecurrency")) or _text(item.get("currency"))
    return to_iso(stated[:12]) if stated else ""


def _amount(value: Any, currency: str) -> Decimal | None:
    """schema.org prices are plain numbers with a dot; what shops write instead is read as text."""
    text = _text(value).strip()[:60]
    if _NO_PRICE.match(text):
        return None
    if _PLAIN.match(text):
        amount = Decimal(text)
    else:
        price = parse_price(text, currency)
        amount = price.amount if price else Decimal(0)
    return amount if amount > 0 else None


def _gtin(value: Any) -> str:
    digits = re.sub(r"[\s-]", "", _text(value)).rpartition(":")[2]
    return digits if digits.isdigit() and len(digits) in (8, 12, 13, 14) and checked(digits) else ""


def checked(digits: str) -> bool:
    """Whether the last digit of a GTIN is its right check digit."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits[:-1])))
    return (10 - total % 10) % 10 == int(digits[-1])


def _text(value: Any) -> str:
    for one in _list(value):
        if isinstance(one, dict):
            return _text(one.get("@value") or one.get("name") or one.get("@id"))
        if isinstance(one, (str, int)) and not isinstance(one, bool):
            return str(one).strip()
    return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
