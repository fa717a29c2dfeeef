"""From a response to an observation: pure, one a page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from contracts.errors import OtherProductError
from contracts.ids import content_hash
from contracts.money import UNSTATED
from contracts.observations import Observation
from crawlers.extract import Extraction, extract
from crawlers.extract.overrides import NONE, Shops
from crawlers.watchlist import Row

SOURCE = "crawl"
STATED = 0.9  # so sure of a field that markup states it
_ID = re.compile(r"[a-z]*\d[\da-z]{2,}", re.IGNORECASE)


def observe(
    row: Row,
    body: bytes,
    url: str,
    observed_at: int,
    content_type: str = "",
    status: int = 200,
    currency: str = UNSTATED,
    shops: Shops = NONE,
) -> Observation:
    """What the page at `url` (after redirects) says about the row's product; BadPageError.

    `observed_at`: when the response arrived, epoch ms UTC. `currency` where the page states none;
    `shops`: page objects that override what is read in general.
    """
    same_product(row.url, url)
    found = extract(body, url, content_type, status, shops)
    return Observation(
        competitor=row.competitor,
        product_id=row.product,
        observed_at=observed_at,
        price_minor=found.price_minor,
        currency=currency if found.currency == UNSTATED else found.currency,
        availability=found.availability,
        price_type=found.price_type,
        list_price_minor=found.list_price_minor,
        sku=row.sku,
        match_confidence=row.match_confidence,
        category=row.category,
        name=found.name or row.name,
        url=row.url,
        evidence=content_hash(body),
        source=SOURCE,
        promotions=found.promotions,
        seller=_third_party(found, row.competitor, url),
    )


def _third_party(found: Extraction, competitor: str, url: str) -> str:
    """The seller where markup or a page object names another than the shop itself; it divides the series.

    A name only read from words is not sure enough to divide one.
    """
    seller = _letters(found.seller)
    own = seller in _letters(urlsplit(url).hostname or "") or seller in _letters(competitor)
    return found.seller if seller and not own and found.confidences.get("seller", 0.0) >= STATED else ""


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def same_product(asked: str, answered: str) -> None:
    """OtherProductError where a redirect led to the front page or lost every id the asked path had."""
    one, two = urlsplit(asked), urlsplit(answered)
    if one.path.rstrip("/") == two.path.rstrip("/"):
        return
    ids = set(_ID.findall(one.path + "?" + one.query))
    kept = ids & set(_ID.findall(two.path + "?" + two.query))
    if not two.path.strip("/") or (ids and not kept):
        raise OtherProductError(f"the page of {asked} was expected; was redirected to {answered[:200]}")
