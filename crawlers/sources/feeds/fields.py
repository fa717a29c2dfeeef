"""From a row of a feed to an observation: Google Merchant's names unless the source says others. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from contracts.errors import BadRowError, PriceRadarError
from contracts.money import UNSTATED, to_minor
from contracts.observations import Availability, Observation, PriceType, Promotion
from crawlers.extract import schema
from crawlers.extract.currencies import to_iso
from crawlers.extract.numbers import parse_price
from crawlers.matching.products import Product, valid_gtin
from crawlers.pages.watchlist import Row
from crawlers.sources.source import Source

Raw = Mapping[str, str]

SOURCE = "feed"
LONGEST_ID, LONGEST_NAME, LONGEST_URL = 200, 300, 2_000
_THEIRS = {
    "product_id": ("id", "product_id", "sku", "offer_id", "item_id", "article_number", "@id"),
    "name": ("title", "name", "product_name"),
    "url": ("link", "url", "product_url", "deep_link", "deeplink"),
    "price": ("price", "current_price"),
    "sale_price": ("sale_price", "special_price"),
    "sale_dates": ("sale_price_effective_date",),
    "list_price": ("list_price", "was_price", "old_price", "original_price"),
    "currency": ("currency", "currency_code", "price_currency", "price.currency"),
    "availability": ("availability", "stock_status", "in_stock", "stock"),
    "gtin": ("gtin", "ean", "gtin13", "upc", "barcode"),
    "mpn": ("mpn",),
    "brand": ("brand", "manufacturer", "brand.name"),
    "seller": ("seller", "seller_name"),
    "condition": ("condition",),
}
_PLAIN = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
_NO_AMOUNT = re.compile(r"^\s*-|\d\s*[-–—~]\s*\d")  # negative, or a range
_YES = frozenset({"yes", "true", "y", "available", "available for order", "on stock"})
_NO = frozenset({"no", "false", "n", "unavailable", "not available", "none"})


class Listed(NamedTuple):
    """A row: the offer, and the product as matching reads it."""

    observation: Observation
    product: Product


def listed_of(raw: Raw, number: int, source: Source, observed_at: int, currency: str = UNSTATED) -> Listed:
    """What a row says; BadRowError where it names no product or no price that can be used.

    `number`: of the row, for the error; `currency` where neither row nor source state one.
    """
    try:
        return _Row(raw, source, observed_at, source.currency or currency).listed()
    except BadRowError:
        raise
    except PriceRadarError as error:
        raise BadRowError(f"row {number} of {source.url[:200]}: {error}", number) from error
    except _UnusableError as error:
        raise BadRowError(f"row {number} of {source.url[:200]}: {error}", number) from error


class _UnusableError(Exception):
    pass


class _Row:
    def __init__(self, raw: Raw, source: Source, now_ms: int, currency: str) -> None:
        self._raw, self._source, self._now_ms, self._currency = raw, source, now_ms, currency

    def listed(self) -> Listed:
        key = self._text("product_id", LONGEST_ID)
        url = self._url()
        if not key and not url:
            raise _UnusableError("product_id or url must not be empty")
        key = key or Row(competitor=self._source.competitor, url=url).product
        stock = self._stock()
        code, price = self._amount("price")
        now, was, ends_at = self._sale(code, price)
        if now is None and stock != "OutOfStock":
            raise _UnusableError(f"price must be an amount above 0, was {self._text('price', 60)!r}")
        seen = Observation(
            competitor=self._source.competitor,
            product_id=key,
            observed_at=self._now_ms,
            price_minor=now,
            currency=code,
            availability=stock,
            price_type=self._type(),
            seller=self._text("seller", 120),
            list_price_minor=was,
            name=self._text("name", LONGEST_NAME),
            url=url,
            source=SOURCE,
            promotions=() if was is None else (Promotion("was_now", was_minor=was, ends_at=ends_at),),
        )
        brand, mpn = self._text("brand", 120), self._text("mpn", 80)
        gtin = self._text("gtin", 20)
        return Listed(seen, Product(key=key, name=seen.name, brand=brand, gtin=gtin * bool(valid_gtin(gtin)), mpn=mpn))

    def _text(self, field: str, most: int = 200) -> str:
        said = self._source.fields.get(field, "")
        if said.startswith("="):
            return said[1:]
        names = (said.strip().lower(),) if said else _THEIRS.get(field, ())
        found = next((self._raw[name] for name in names if self._raw.get(name)), "")
        return " ".join(found.split())[:most]

    def _url(self) -> str:
        try:
            url = urljoin(self._source.url, self._text("url", LONGEST_URL + 1))
            good = urlsplit(url).scheme in ("http", "https") and len(url) <= LONGEST_URL
        except ValueError:
            return ""
        return url if good and self._text("url") else ""

    def _amount(self, field: str) -> tuple[str, int | None]:
        """Currency and minor units; None where there is no amount above 0."""
        text, stated = self._text(field, 60), to_iso(self._text("currency", 12))
        if self._source.minor:
            code = stated or self._currency
            return code, int(text) if re.fullmatch(r"[1-9]\d{0,14}", text) else None
        if _PLAIN.fullmatch(text):
            code, amount = stated or self._currency, Decimal(text)
        else:
            price = None if _NO_AMOUNT.search(text) else parse_price(text, decimal_separator=self._source.decimal)
            if price is None:
                return stated or self._currency, None
            code, amount = stated or price.currency or self._currency, price.amount
        return code, to_minor(amount, code) or None

    def _sale(self, code: str, price: int | None) -> tuple[int | None, int | None, int | None]:
        """The price asked now, the former one, and when the sale ends (epoch ms UTC)."""
        sale_code, sale = self._amount("sale_price")
        begins, ends = self._dates()
        if sale and price and sale < price and sale_code == code and begins <= self._now_ms < ends:
            return sale, price, None if ends == _NEVER else ends
        list_code, listed = self._amount("list_price")
        return price, listed if listed and price and listed > price and list_code == code else None, None

    def _dates(self) -> tuple[int, int]:
        text = self._text("sale_dates", 80)
        if not text:
            return 0, _NEVER
        first, _, last = text.replace(" / ", "/").partition("/")
        try:
            return _ms(first), _ms(last) if last else _NEVER
        except ValueError as error:
            raise _UnusableError(f"sale_price_effective_date must be two ISO 8601 times, was {text!r}") from error

    def _stock(self) -> Availability:
        if self._text("out_of_stock") not in ("", "0", "false", "no"):
            return "OutOfStock"
        if self._text("in_stock") not in ("", "0", "false", "no"):
            return "InStock"
        return stock_of(self._text("availability", 60))

    def _type(self) -> PriceType:
        return "used" if re.search(r"used|refurb", self._text("condition", 40).lower()) else "regular"


_NEVER = 2**62


def stock_of(text: str) -> Availability:
    """What a feed says of stock: the words of schema.org and Google, yes and no, or a number of units."""
    found = schema.availability(text)
    plain = text.strip().lower().replace("_", " ")
    if found != "Unknown" or not plain:
        return found
    if _PLAIN.fullmatch(plain):
        return "InStock" if Decimal(plain) > 0 else "OutOfStock"
    return "InStock" if plain in _YES else "OutOfStock" if plain in _NO else "Unknown"


def _ms(text: str) -> int:
    time = datetime.fromisoformat(text.strip())
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
