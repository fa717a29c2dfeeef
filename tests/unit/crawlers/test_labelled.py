"""Seller, variant and promotions: read from words and markup, each with how sure and where."""

from __future__ import annotations

import pytest

from crawlers.extract import Extraction, extract
from crawlers.pages.observe import Answer, observe
from crawlers.pages.watchlist import Row

URL = "https://shop.example/p/1"


def read(body: str) -> Extraction:
    return extract(f"<html><title>Chair</title><h1>Chair</h1><p class=price>€10.00</p>{body}</html>".encode(), URL)


@pytest.mark.parametrize(
    ("body", "seller"),
    [
        ("<p>Sold by Breeze Ltd and shipped by Mercado</p>", "Breeze Ltd"),
        ("<p>Verkauf und Versand durch Breeze GmbH</p>", "Breeze GmbH"),
        ("<p>Vendu par <a>Breeze SARL</a></p>", "Breeze SARL"),
        ("<p>Seller: Breeze (98% positive)</p>", "Breeze"),
        ("<p>店铺：微风旗舰店</p>", "微风旗舰店"),
        ("<p>Become a seller today</p>", ""),
        ("<div class=related><p>Sold by Breeze</p></div>", ""),
    ],
)
def test_seller(body: str, seller: str) -> None:
    found = read(body)
    assert found.seller == seller
    assert ("seller" in found.confidences) is bool(seller)
    assert [one.source for one in found.evidence if one.field == "seller"] == ["text"] * bool(seller)


@pytest.mark.parametrize(
    ("body", "variant"),
    [
        ("<p>Colour: <b>Navy</b></p><p>Size: M</p>", "Navy, M"),
        ("<p>颜色：深蓝</p>", "深蓝"),
        ("<p>Size: select a size</p>", ""),
        ("<p>Size guide</p>", ""),
    ],
)
def test_variant(body: str, variant: str) -> None:
    found = read(body)
    assert found.variant == variant
    assert ("variant" in found.confidences) is bool(variant)


def test_every_kind_of_promotion_has_confidence_and_evidence() -> None:
    found = read(
        "<p><del>€20.00</del></p><p>满300减30</p><p>Buy 2, get 1 free</p><p>Member price €9</p>"
        "<p>Use voucher SAVE5</p><p>Flash sale ends in 02:00</p><p>Free gift with your order</p>"
    )
    kinds = ["was_now", "threshold", "bundle", "member_price", "coupon", "flash_sale", "gift"]
    assert [one.kind for one in found.promotions] == kinds
    assert [one.where for one in found.evidence if one.field == "promotions"] == kinds
    assert 0.5 < found.confidences["promotions"] < 1.0
    assert found.price_minor == 1000


def test_a_page_without_text_has_neither() -> None:
    found = extract(offer("Breeze"), URL)
    assert (found.seller, found.variant, found.price_minor) == ("Breeze", "", 1000)


def offer(seller: str) -> bytes:
    return (
        '<script type="application/ld+json">{"@type":"Product","name":"Chair","offers":{"@type":"Offer","price":"10",'
        f'"priceCurrency":"EUR","seller":{{"@type":"Organization","name":"{seller}"}}}}}}</script>'
    ).encode()


@pytest.mark.parametrize(("seller", "divides"), [("Breeze Ltd", "Breeze Ltd"), ("Shop", ""), ("shop.example", "")])
def test_a_third_party_is_a_series_of_its_own(seller: str, divides: str) -> None:
    assert observe(Row(competitor="a", url=URL), Answer(URL, offer(seller), 1)).observation.seller == divides


def test_a_seller_in_words_divides_no_series() -> None:
    page = b"<title>Chair</title><h1>Chair</h1><p class=price>10.00 EUR</p><p>Sold by Breeze</p>"
    assert observe(Row(competitor="a", url=URL), Answer(URL, page, 1)).observation.seller == ""
