"""From a response to an observation: pure, one a page."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from contracts.errors import BadPageError, BlockedPageError
from contracts.money import UNSTATED
from contracts.observations import Observation
from crawlers.extract import Extraction, extract
from crawlers.extract.overrides import NONE, Shops
from crawlers.pages.identity import identity_of, other, same_product, way
from crawlers.pages.watchlist import Row
from crawlers.storage.pages import UNKNOWN, Identity
from crawlers.storage.snapshots import evidence_of

SOURCE = "crawl"
STATED = 0.9  # so sure of a field that markup states it


class Answer(NamedTuple):
    """A response: its URL after redirects, when it arrived (epoch ms UTC), its headers as text."""

    url: str
    body: bytes
    observed_at: int
    status: int = 200
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""


class Seen(NamedTuple):
    """An observation, and what the page said which product it is of."""

    observation: Observation
    identity: Identity


def observe(
    row: Row,
    answer: Answer,
    currency: str = UNSTATED,
    shops: Shops = NONE,
    known: Identity = UNKNOWN,
) -> Seen:
    """What the answer says about the row's product; BadPageError.

    `currency` where the page states none; `shops`: page objects that override what is read in general;
    `known`: what the page was of on earlier visits.
    """
    found = _extract(row, answer, shops)
    identity = identity_of(found)
    same_product(row, answer.url, identity, known)
    return Seen(_observation(row, found, answer, currency), identity)


def _extract(row: Row, answer: Answer, shops: Shops) -> Extraction:
    """What is on the page; where it is nothing and the answer came from elsewhere, that is why."""
    url = answer.url
    road = way(row.url, url)
    if road == "front":
        raise other(row, f"was redirected to {url[:200]}")
    try:
        return extract(answer.body, url, answer.content_type, answer.status, shops)
    except BlockedPageError:
        raise
    except BadPageError as error:
        if road == "lost":
            raise other(row, f"was redirected to {url[:200]}") from error
        raise


def _observation(row: Row, found: Extraction, answer: Answer, currency: str) -> Observation:
    return Observation(
        competitor=row.competitor,
        product_id=row.product,
        observed_at=answer.observed_at,
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
        evidence=evidence_of(answer.body),
        source=SOURCE,
        promotions=found.promotions,
        seller=_third_party(found, row.competitor, answer.url),
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
