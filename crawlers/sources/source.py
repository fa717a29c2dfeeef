"""Where a shop lists many products at once: feeds, JSON interfaces, listings, sitemaps. Said beside the page objects.

[[source]]
competitor = "shop-a"
kind = "feed"                        # feed, listing or sitemap
url = "https://shop.example/feed.xml.gz"
currency = "EUR"                     # where a row states none
fields = { product_id = "artnr" }    # where our names are not theirs; "=value" holds for all rows
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from contracts.errors import BadInputError
from contracts.money import is_currency

FIELDS = (
    "product_id", "name", "url", "price", "sale_price", "sale_dates", "list_price", "currency", "availability",
    "in_stock", "out_of_stock", "gtin", "mpn", "brand", "seller", "condition",
)  # fmt: skip


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place that lists products.

    Args:
        kind: `feed`: a row a product (XML, CSV, TSV, JSON); `listing`: pages with tiles or links;
            `sitemap`: addresses only.
        format: of a feed; told by its first bytes where it is not said.
        items: XML: name of a product's element; JSON: path of the list; listing: selector of a tile.
        fields: for our names (FIELDS) theirs: column, element, path or selector, or "=value" for all.
        decimal: "," or "." where their way of writing numbers is not plain from them.
        minor: prices are integers of minor units.
        next: listing: selector of the link to the next page; JSON: path of its address, or of what
            the parameter `page` must be.
        page: query parameter that counts pages from `first_page`.
        most_pages: no more of a listing or interface are read in one round.
        pages: listing, sitemap: which paths are product pages; `*` stands for anything.
        most_new: so many product pages nobody has looked at are fetched in one round.
        every_minutes: how often it is read; as often as pages are where nothing is said.
    """

    competitor: str
    kind: Literal["feed", "listing", "sitemap"]
    url: str
    format: Literal["", "xml", "csv", "tsv", "json", "jsonl"] = ""
    items: str = ""
    fields: dict[str, str] = {}
    currency: str = ""
    decimal: str = ""
    minor: bool = False
    encoding: str = ""
    next: str = ""
    page: str = ""
    first_page: int = 1
    most_pages: int = 100
    pages: str = ""
    most_new: int = 50
    every_minutes: float | None = None

    def is_product(self, url: str) -> bool:
        """Whether an address is that of a product page of this shop."""
        parts = urlsplit(url)
        return bool(self.pages) and same_site(url, self.url) and fnmatchcase(parts.path, self.pages)


class _File(msgspec.Struct):
    source: tuple[Source, ...] = ()


def loads(text: str, where: str = "shops") -> tuple[Source, ...]:
    """Sources from a TOML text; BadInputError says what is wrong."""
    try:
        found = msgspec.convert(tomllib.loads(text), _File).source
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInputError(f"{where} must have [[source]] tables with competitor, kind and url; {error}") from error
    for source in found:
        _check(source, where)
    return found


def same_site(one: str, two: str) -> bool:
    """Whether two addresses are of one shop: the same host, or a part of the other's (www, de)."""
    first, second = ((urlsplit(url).hostname or "").lower().removeprefix("www.") for url in (one, two))
    return bool(first) and (first == second or first.endswith(f".{second}") or second.endswith(f".{first}"))


def _check(source: Source, where: str) -> None:
    def refuse(what: str, was: Any) -> None:
        raise BadInputError(f"{where}: {what} of the source {source.url[:80]} of {source.competitor}, was {was!r}")

    parts = urlsplit(source.url)
    if not source.competitor or parts.scheme not in ("http", "https") or not parts.hostname:
        refuse("competitor must not be empty and url must begin with http:// or https://", source.url)
    if unknown := sorted(source.fields.keys() - set(FIELDS)):
        refuse(f"fields must be of {', '.join(FIELDS)}", unknown[0])
    if source.currency and not is_currency(source.currency):
        refuse("currency must be an ISO 4217 code", source.currency)
    if source.decimal not in ("", ",", "."):
        refuse("decimal must be ',' or '.'", source.decimal)
    if source.kind == "listing" and not (source.items or source.pages):
        refuse("items (a selector of tiles) or pages (paths of product pages) must be said", "")
    if source.kind == "sitemap" and not source.pages:
        refuse("pages (paths of product pages, as /p/*) must be said", "")
    for name in ("most_pages", "most_new"):
        if getattr(source, name) < 0:
            refuse(f"{name} must not be negative", getattr(source, name))
