"""A page of a listing: its tiles as rows, the product pages it links to, the page after it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from contracts.errors import BlockedPageError
from crawlers.extract import blocked
from crawlers.extract.document import to_text, without_abyss
from crawlers.extract.overrides import has_attribute
from crawlers.sources.source import Source, same_site

MOST_TILES, MOST_LINKS = 2_000, 5_000
LONGEST = 2_000
_MARKS = ("in_stock", "out_of_stock")


class Listing(NamedTuple):
    """What one page of a listing holds; `next_url` "" where it is the last."""

    tiles: list[dict[str, str]]
    links: list[str]
    next_url: str


def read(body: bytes, url: str, source: Source, number: int = 1, content_type: str = "", status: int = 200) -> Listing:
    """A listing at `url`, the `number`-th page of its source; UnreadablePageError or BlockedPageError."""
    text = without_abyss(to_text(body, content_type))
    if why := blocked.reason(text, status):
        raise BlockedPageError(f"a listing was expected at {url}; was a block page: {why}")
    tree = LexborHTMLParser(text)
    tiles = [_tile(node, source) for node in tree.css(source.items)[:MOST_TILES]] if source.items else []
    links = list(dict.fromkeys(link for link in _links(tree, url) if source.is_product(link)))
    return Listing(tiles, links, _next(tree, url, source, number, bool(tiles or links)))


def with_parameter(url: str, name: str, value: str) -> str:
    """The address with one query parameter set."""
    parts = urlsplit(url)
    query = [(key, held) for key, held in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)]), fragment=""))


def _tile(node: LexborNode, source: Source) -> dict[str, str]:
    found = {}
    for field, said in source.fields.items():
        if said.startswith("="):
            continue
        if (value := _value(node, said, field in _MARKS)) is not None:
            found[said.strip().lower()] = value
    return found


def _value(node: LexborNode, said: str, mark: bool) -> str | None:
    """The text or attribute that a selector leads to, the tile itself where only "@attribute" is said."""
    selector, _, name = said.rpartition("@") if said.startswith("@") or has_attribute(said) else (said, "", "")
    place = node.css_first(selector) if selector else node
    if place is None:
        return None
    if mark:
        return "1"
    text = place.attributes.get(name) if name else place.text(separator=" ", strip=True)
    return (text or "").strip()[:LONGEST]


def _links(tree: LexborHTMLParser, url: str) -> Iterator[str]:
    for node in tree.css("a[href]")[:MOST_LINKS]:
        if link := _absolute(url, node.attributes.get("href") or ""):
            yield link


def _absolute(url: str, link: str) -> str:
    try:
        parts = urlsplit(urljoin(url, link.strip()))
    except ValueError:
        return ""
    good = parts.scheme in ("http", "https") and len(link) <= LONGEST
    return urlunsplit(parts._replace(fragment="")) if good else ""


def _next(tree: LexborHTMLParser, url: str, source: Source, number: int, has_any: bool) -> str:
    """The page after this one: where the source says, where the page says rel=next, or by counting."""
    if source.next:
        said = source.next if has_attribute(source.next) else f"{source.next}@href"
        found = tree.root and _value(tree.root, said, False)
        return _same(url, found or "", source)
    for node in tree.css('a[rel~="next" i][href], link[rel~="next" i][href]')[:1]:
        return _same(url, node.attributes.get("href") or "", source)
    if source.page and has_any:
        return with_parameter(source.url, source.page, str(source.first_page + number))
    return ""


def _same(url: str, link: str, source: Source) -> str:
    """The address a link leads to, as long as it stays with the shop."""
    found = _absolute(url, link) if link else ""
    return found if found and same_site(found, source.url) else ""
