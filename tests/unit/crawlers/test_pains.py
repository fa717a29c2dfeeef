"""What price watchers complain about most: each complaint is a page here, and the right answer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.errors import BadPageError, BlockedPageError, NoPriceError, UnreadablePageError
from contracts.money import to_decimal
from crawlers.extract import Extraction, extract

URL = "https://shop.example/p/4711"


def read(body: str, head: str = "", lang: str = "en-US") -> Extraction:
    page = f"<!doctype html><html lang='{lang}'><head><title>Chair</title>{head}</head><body>{body}</body></html>"
    return extract(page.encode(), URL)


def price(body: str, head: str = "", lang: str = "en-US") -> Decimal | None:
    found = read(body, head, lang)
    return None if found.price_minor is None else to_decimal(found.price_minor, found.currency)


ONE = "<h1>Chair</h1>"
BUY = "<button>Add to cart</button>"
PAINS = [
    ("rating and reviews are no price", f"{ONE}<p>15 reviews</p><p class=price>$249.00</p>{BUY}", "249.00"),
    ("instalment", f"{ONE}<p class=price>$1,299.00</p><p class=price>$54.13/month for 24 months</p>{BUY}", "1299.00"),
    ("instalment first", f"{ONE}<p>From $54.13/mo</p><p class=price>$1,299.00</p>{BUY}", "1299.00"),
    ("instalment in Chinese", f"{ONE}<p>分期 ¥108.25 × 12 期</p><p>售价：<b>¥1,299.00</b></p>{BUY}", "1299.00"),
    ("shipping threshold", f"<p>Free shipping over $50</p>{ONE}<p class=price>$35.00</p>{BUY}", "35.00"),
    (
        "shipping threshold after",
        f"{ONE}<p class=price>$35.00</p><p>Free delivery on orders over $50</p>{BUY}",
        "35.00",
    ),
    (
        "other product",
        f"{ONE}<p class=price>$5.89</p>{BUY}<div class=recommended><p class=price>$35.00</p></div>",
        "5.89",
    ),
    (
        "same price in two notations",
        f"{ONE}<p class=price>$2,879.20</p><meta itemprop=x content=2879.2>{BUY}",
        "2879.20",
    ),
    ("coupon value", f"{ONE}<p>Save $20 with coupon</p><p class=price>$79.00</p>{BUY}", "79.00"),
    ("coupon value in Chinese", f"{ONE}<p>优惠券 立减¥20</p><p class=price>¥79.00</p>{BUY}", "79.00"),
    ("member price", f"{ONE}<p class=price>$100.00</p><p class='member-price'>Member price $89.00</p>{BUY}", "100.00"),
    ("used offer", f"{ONE}<p class=price>$100.00</p><p>Used from <span class=price>$61.00</span></p>{BUY}", "100.00"),
    ("was and now", f"{ONE}<p>was $99.99 now $79.99</p>{BUY}", "79.99"),
    ("was and now struck", f"{ONE}<p class=price><del>$99.99</del> $79.99</p>{BUY}", "79.99"),
    ("pairs", f"{ONE}<p class=price>2 pairs from $349</p>{BUY}", "349.00"),
    ("unit price", f"{ONE}<p class=price>$8.33 ($36.22 / kg)</p>{BUY}", "8.33"),
    ("unit price first", f"{ONE}<p>$36.22 / kg</p><p class=price>$8.33</p>{BUY}", "8.33"),
    ("split cents", f"{ONE}<p class=price>$<span>12</span><sup>99</sup></p>{BUY}", "12.99"),
    ("surcharge of an option", f"{ONE}<p class=price>$100.00</p><label>Gold (+$40.00)</label>{BUY}", "100.00"),
]


@pytest.mark.parametrize(("pain", "body", "expected"), PAINS, ids=[pain for pain, _, _ in PAINS])
def test_never_fooled(pain: str, body: str, expected: str) -> None:
    assert price(body) == Decimal(expected)


def test_the_struck_price_is_the_list_price_and_a_promotion() -> None:
    found = read(f"{ONE}<p class=price><del>$99.99</del> $79.99</p>{BUY}")
    assert (found.price_minor, found.list_price_minor, found.currency) == (7999, 9999, "USD")
    assert [p.kind for p in found.promotions] == ["was_now"]


def test_the_variant_of_the_url_counts() -> None:
    offers = ",".join(
        f'{{"@type":"Product","name":"TV {size}","sku":"{size}","url":"https://shop.example/p/{page}",'
        f'"offers":{{"@type":"Offer","price":"{amount}","priceCurrency":"EUR","availability":"InStock"}}}}'
        for size, page, amount in (("43", "4700", "399"), ("55", "4711", "649"))
    )
    found = read("<h1>TV 55</h1>", f'<script type="application/ld+json">[{offers}]</script>')
    assert (found.price_minor, found.sku) == (64900, "55")


def test_the_currency_is_the_shops() -> None:
    assert read(f"{ONE}<p class=price>6 499 Kč</p>{BUY}").currency == "CZK"
    assert read(f"{ONE}<p class=price>¥6,499</p>{BUY}", lang="ja").currency == "JPY"
    assert read(f"{ONE}<p class=price>¥6,499</p>{BUY}", lang="zh-CN").currency == "CNY"


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_refusal_is_never_out_of_stock(status: int) -> None:
    with pytest.raises(BlockedPageError):
        extract(b"<html><title>Chair</title><h1>Chair</h1>Sold out</html>", URL, status=status)


def test_a_bot_wall_is_no_product() -> None:
    with pytest.raises(BlockedPageError):
        extract(b"<html><title>Robot Check</title><body>Enter the characters you see</body></html>", URL)


def test_sold_out_needs_no_price_and_silence_is_an_error() -> None:
    found = read(f"{ONE}<p class=stock>Sold out</p>")
    assert (found.price_minor, found.availability) == (None, "OutOfStock")
    with pytest.raises(NoPriceError):
        read(ONE)


@pytest.mark.parametrize("value", ["0", "-5", "abc", "null", "NaN", "1e400"])
def test_a_price_that_is_none_is_not_believed(value: str) -> None:
    with pytest.raises(BadPageError):
        read(ONE, f'<script type="application/ld+json">{{"@type":"Product","offers":{{"price":"{value}"}}}}</script>')


@pytest.mark.parametrize("body", [b"", b"   \n", b"\x89PNG\r\n\0\0\0", b"\x1f\x8b\x08broken"])
def test_what_is_no_page_is_a_typed_error(body: bytes) -> None:
    with pytest.raises(UnreadablePageError):
        extract(body, URL)
