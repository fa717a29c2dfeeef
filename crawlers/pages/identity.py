"""Whether an answer is of the product that was asked for: by GTIN, SKU, canonical address, URL and name. Pure."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from rapidfuzz import fuzz

from contracts.errors import OtherProductError
from crawlers.extract import Extraction
from crawlers.pages.watchlist import Row
from crawlers.storage.pages import Identity

Way = Literal["same", "moved", "lost", "front"]
LABELLED = 0.85  # so sure of a SKU that the page labels it: a weaker reading contradicts nobody
ALIKE = 60.0  # of 100; below it two names are of different products
_ID = re.compile(r"[a-z]*\d[\da-z]{2,}", re.IGNORECASE)


def identity_of(found: Extraction) -> Identity:
    """The identity of the product on a page that was read."""
    sku = found.sku if found.confidences.get("sku", 0.0) >= LABELLED else ""
    return Identity(sku, found.gtin, found.canonical, found.name)


def way(asked: str, answered: str) -> Way:
    """What the URLs alone say: the same page, moved, moved and every id of its path lost, or the front page."""
    one, two = urlsplit(asked), urlsplit(answered)
    if one.path.rstrip("/") == two.path.rstrip("/"):
        return "same"
    if not two.path.strip("/"):
        return "front"
    ids = set(_ID.findall(one.path + "?" + one.query))
    kept = ids & set(_ID.findall(two.path + "?" + two.query))
    return "lost" if ids and not kept else "moved"


def same_product(row: Row, answered: str, found: Identity, known: Identity) -> None:
    """OtherProductError where `found` at `answered` is not the product of the row; `known`: of earlier visits."""
    road = way(row.url, answered)
    if _agree(row, found, known, road):
        return
    if road in ("front", "lost"):
        raise other(row, f"was redirected to {answered[:200]}")
    moved, unlike = road == "moved", _unlike(found, known, row)
    if known.gtin and found.gtin and (moved or unlike is not False):
        raise other(row, f"its GTIN was {known.gtin}, now {found.gtin}")
    if known.sku and found.sku and (moved or unlike):
        raise other(row, f"its SKU was {known.sku[:80]!r}, now {found.sku[:80]!r}")
    if moved and unlike:
        raise other(row, f"it is named {found.name[:80]!r} after a redirect to {answered[:200]}")
    if unlike and known.canonical and found.canonical and way(known.canonical, found.canonical) != "same":
        raise other(row, f"it says that its address is {found.canonical[:200]}")


def other(row: Row, why: str) -> OtherProductError:
    """The error that says so."""
    return OtherProductError(f"the page of {row.url} was expected; {why}")


def _agree(row: Row, found: Identity, known: Identity, road: Way) -> bool:
    """Whether a code of the page is one that the product is known by, or a page elsewhere names the one asked for."""
    if found.gtin and found.gtin == known.gtin:
        return True
    contradicted = bool(found.gtin and known.gtin)
    codes = {_plain(known.sku), "" if contradicted else _plain(row.product_id)} - {""}
    named = road != "same" and bool(found.canonical) and _place(found.canonical) == _place(row.url)
    return _plain(found.sku) in codes or named


def _unlike(found: Identity, known: Identity, row: Row) -> bool | None:
    """Whether the names are of different products; None where one is missing."""
    name = known.name or row.name
    if not name or not found.name:
        return None
    return fuzz.token_set_ratio(name.casefold(), found.name.casefold()) < ALIKE


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query


def _plain(code: str) -> str:
    return "".join(sign for sign in code.casefold() if sign.isalnum())
