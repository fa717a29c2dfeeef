"""Page objects of single shops: where a shop's pages hold a field, said in a file, over what is read in general.

    [[shop]]
    host = "shop.example"                # and every host below it
    path = "/p/*"                        # optional: only these pages
    ignore = ["#recommended"]            # taken out of the page before anything is read
    price = "#buy .amount"               # a CSS selector: its first element's text
    sku = "#product@data-id"             # selector@attribute
    currency = "=EUR"                    # = a value that holds for all pages
    out_of_stock = ".sold-out-badge"     # so much as an element that matches means sold out

A field that is not said stays with the general rules, and so does one whose selector finds
nothing; then its confidence falls to FALLEN_BACK and the evidence says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from contracts.errors import BadInputError, PriceRadarError
from contracts.money import UNSTATED, to_minor
from contracts.observations import Availability
from crawlers.extract.currencies import to_iso
from crawlers.extract.model import Evidence, Extraction
from crawlers.extract.numbers import parse_price
from crawlers.extract.schema import availability, checked
from crawlers.extract.stock import of_words

SURE = 0.98
FALLEN_BACK = 0.5
MOST = 300  # characters of a value
_TEXTS = ("sku", "gtin", "name", "seller", "variant")
_AMOUNTS = ("price", "list_price")
_MARKS = ("in_stock", "out_of_stock")
_WAITS = ("wait_for",)


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the pages of a host hold their fields: `selector`, `selector@attribute` or `=value`; "" says nothing."""

    host: str
    path: str = "*"
    ignore: tuple[str, ...] = ()
    price: str = ""
    list_price: str = ""
    currency: str = ""
    decimal: str = ""  # "," or "." where the shop's way of writing numbers is not plain from them
    availability: str = ""
    in_stock: str = ""
    out_of_stock: str = ""
    sku: str = ""
    gtin: str = ""
    name: str = ""
    seller: str = ""
    variant: str = ""
    javascript: bool = False  # its pages are made by scripts: read through a browser
    wait_for: str = ""  # a selector that is there once the page is made

    def without_ignored(self, tree: LexborHTMLParser) -> None:
        """Take what is to be ignored out of the page."""
        for selector in self.ignore:
            for node in tree.css(selector):
                node.decompose()

    def apply(self, found: Extraction, tree: LexborHTMLParser) -> Extraction:
        """What was found, with the fields of this page object in its place."""
        page = _Read(self, tree, found)
        page.currency()
        for field in _AMOUNTS:
            page.amount(field)
        page.stock()
        for field in _TEXTS:
            page.text(field)
        return page.result()


class Shops(msgspec.Struct, frozen=True):
    """Page objects by host; none by default."""

    shops: tuple[Shop, ...] = ()

    def of(self, url: str) -> Shop | None:
        """The page object for a URL: of the nearest host, then of the longest path; None where there is none."""
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path or "/"
        fitting = [
            shop
            for shop in self.shops
            if (host == shop.host or host.endswith(f".{shop.host}")) and fnmatchcase(path, shop.path)
        ]
        return max(fitting, key=lambda shop: (len(shop.host), len(shop.path)), default=None)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    shop: tuple[Shop, ...] = ()
    source: tuple[object, ...] = ()  # where a shop lists many products: read by crawlers.sources.source


def loads(text: str, where: str = "shops") -> Shops:
    """Page objects from a TOML text; BadInputError for a wrong key or a selector that is none."""
    try:
        read = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInputError(f"{where} must be [[shop]] tables with host and selectors; {error}") from error
    for shop in read.shop:
        _check(shop, where)
    return Shops(tuple(msgspec.structs.replace(shop, host=shop.host.lower()) for shop in read.shop))


def _check(shop: Shop, where: str) -> None:
    if shop.decimal not in ("", ",", "."):
        raise BadInputError(f"{where}: decimal of {shop.host} must be ',' or '.', was {shop.decimal!r}")
    page = LexborHTMLParser("<p>")
    for field, selector in _selectors(shop):
        try:
            page.css_first(selector)
        except (SelectolaxError, ValueError) as error:
            message = f"{where}: {field} of {shop.host} must be a CSS selector, was {selector!r}"
            raise BadInputError(message) from error


def _selectors(shop: Shop) -> Iterator[tuple[str, str]]:
    yield from (("ignore", selector) for selector in shop.ignore)
    for field in (*_AMOUNTS, *_TEXTS, *_MARKS, *_WAITS, "currency", "availability"):
        said: str = getattr(shop, field)
        if said and not said.startswith("="):
            yield field, said.partition("@")[0] if has_attribute(said) else said


def has_attribute(said: str) -> bool:
    """Whether what is said is `selector@attribute` and not a selector alone."""
    head, at, name = said.rpartition("@")
    return bool(head and at) and name.replace("-", "").isalnum()


class _Value(NamedTuple):
    text: str
    where: str


class _Read:
    """Fields of one page, as its shop's page object reads them."""

    def __init__(self, shop: Shop, tree: LexborHTMLParser, found: Extraction) -> None:
        self.shop, self.tree, self.found = shop, tree, found
        self.fields: dict[str, object] = {}
        self.confidences = dict(found.confidences)
        self.evidence = list(found.evidence)

    def result(self) -> Extraction:
        confidence = self.confidences.get("price", 0.0)
        changed = {**self.fields, "confidences": self.confidences, "evidence": tuple(self.evidence)}
        return msgspec.structs.replace(self.found, confidence=confidence, **changed)

    def currency(self) -> None:
        value = self._value("currency")
        if value is not None and (code := to_iso(value.text[:12])):
            self._take("currency", "currency", code, value)

    def amount(self, field: str) -> None:
        value = self._value(field)
        if value is None:
            return
        price = parse_price(value.text, decimal_separator=self.shop.decimal)
        if price is None or price.amount <= 0:
            self._fell_back(field, value.where, value.text)
            return
        code = str(self.fields.get("currency") or price.currency or self.found.currency)
        try:
            self._take(f"{field}_minor", field, to_minor(price.amount, code), value)
        except PriceRadarError:
            self._fell_back(field, value.where, value.text)
            return
        if code != UNSTATED and field == "price":
            self.fields["currency"] = code

    def stock(self) -> None:
        for mark, state in zip(_MARKS, ("InStock", "OutOfStock"), strict=True):
            selector: str = getattr(self.shop, mark)
            if selector and self.tree.css_first(selector) is not None:
                self._take("availability", "availability", state, _Value(state, selector))
        if (value := self._value("availability")) is None:
            return
        said: Availability = availability(value.text)
        said = of_words(value.text) if said == "Unknown" else said
        if said == "Unknown":
            self._fell_back("availability", value.where, value.text)
        else:
            self._take("availability", "availability", said, value)

    def text(self, field: str) -> None:
        value = self._value(field)
        if value is None:
            return
        if field == "gtin" and not (value.text.isdigit() and checked(value.text)):
            self._fell_back(field, value.where, value.text)
        else:
            self._take(field, field, value.text, value)

    def _value(self, field: str) -> _Value | None:
        said: str = getattr(self.shop, field)
        if not said:
            return None
        if said.startswith("="):
            return _Value(said[1:].strip(), f"{self.shop.host}: fixed")
        selector, attribute = said.rsplit("@", 1) if has_attribute(said) else (said, "")
        node = self.tree.css_first(selector)
        text = "" if node is None else (node.attributes.get(attribute) if attribute else node.text(separator=" ")) or ""
        text = " ".join(text.split())[:MOST]
        if not text:
            self._fell_back(field, said, "nothing")
        return _Value(text, said) if text else None

    def _take(self, attribute: str, field: str, value: object, read: _Value) -> None:
        self.fields[attribute] = value
        self.confidences[field] = SURE
        self._note(field, Evidence(field, "override", read.where, read.text[:120]))

    def _fell_back(self, field: str, where: str, text: str) -> None:
        if field in self.confidences:
            self.confidences[field] = min(self.confidences[field], FALLEN_BACK)
        self.evidence.append(Evidence(field, "override", where, f"found {text[:60]!r}; the general rules were used"))

    def _note(self, field: str, evidence: Evidence) -> None:
        self.evidence = [evidence, *(one for one in self.evidence if one.field != field)]


NONE = Shops()
