"""Fields besides the price: what was asked before, the currency of scripts, codes, stock, and prices of some buyers."""

from __future__ import annotations

import msgspec
import pytest

from contracts.money import to_decimal
from crawlers.extract import Extraction, extract

HEADING = "<h1>Widget Pro 500</h1>"
URL = "https://shop.{}/p/widget-pro-500"


def read(body: str, tld: str = "example", head: str = "") -> Extraction:
    page = f"<!doctype html><html><head><title>Widget Pro 500</title>{head}</head><body>{HEADING}{body}</body></html>"
    return extract(page.encode(), URL.format(tld))


def amounts(found: Extraction) -> tuple[str, str, str]:
    def of(minor: int | None) -> str:
        return "" if minor is None else str(to_decimal(minor, found.currency))

    return of(found.price_minor), of(found.list_price_minor), found.currency


@pytest.mark.parametrize(
    ("tld", "body", "expected"),
    [
        ("br", "<p>de R$ 1.999,00 por</p><p class=preco>R$ 1.499,90</p>", ("1499.90", "1999.00", "BRL")),
        ("se", "<b class=pris>1 495:-</b><p>Ord. pris 1 995:-</p>", ("1495.00", "1995.00", "SEK")),
        ("dk", "<b class=pris>1.299,-</b><p>Før 1.599,-</p>", ("1299.00", "1599.00", "DKK")),
        ("nl", "<b class=current>€ 24,-</b><p>Adviesprijs € 29,95</p>", ("24.00", "29.95", "EUR")),
        ("com", "<p>Member price $15.00</p><p>Regular price $20.00</p>", ("20.00", "", "USD")),
        ("com", "<p>One-time purchase: $30.00</p><p>Subscribe & save 15%: $25.50</p>", ("30.00", "", "USD")),
        ("com", "<p>Was $100.00 Now $80.00 You save $20.00 (20%)</p>", ("80.00", "100.00", "USD")),
        ("uk", "<p class=price>99p</p>", ("0.99", "", "GBP")),
        ("uk", "<p class=price>£4.50</p><p>45p per 100g</p>", ("4.50", "", "GBP")),
        ("com", "<p class=price>99¢</p>", ("0.99", "", "USD")),
        ("ca", "<p class=price>99¢</p>", ("0.99", "", "CAD")),
    ],
)
def test_the_price_of_everybody_and_what_was_asked_before(tld: str, body: str, expected: tuple[str, str, str]) -> None:
    assert amounts(read(body, tld)) == expected


def test_the_currency_of_a_script_is_the_one_nearest_to_the_price() -> None:
    state = {
        "props": {
            "product": {
                "name": "Widget Pro 500",
                "sku": "W-500",
                "price": {"current": {"value": 59.9, "currency": "EUR"}, "was": {"value": 79.9}},
            }
        }
    }
    script = f'<script id="__NEXT_DATA__" type="application/json">{msgspec.json.encode(state).decode()}</script>'
    assert amounts(read(script)) == ("59.90", "79.90", "EUR")

    layer = '{"ecommerce": {"currency": "AUD", "items": [{"item_name": "Widget Pro 500", "price": "34.50"}]}}'
    assert amounts(read(f"<script>dataLayer = [{layer}]</script>")) == ("34.50", "", "AUD")


def test_of_an_aggregate_the_used_offer_is_not_the_product_s() -> None:
    offers = {
        "@type": "AggregateOffer",
        "lowPrice": 10,
        "priceCurrency": "EUR",
        "offers": [
            {"@type": "Offer", "price": 20, "priceCurrency": "EUR"},
            {
                "@type": "Offer",
                "price": 10,
                "priceCurrency": "EUR",
                "itemCondition": "https://schema.org/UsedCondition",
            },
        ],
    }
    product = {"@context": "https://schema.org", "@type": "Product", "name": "Widget Pro 500", "offers": offers}
    head = f'<script type="application/ld+json">{msgspec.json.encode(product).decode()}</script>'

    assert amounts(read("", head=head)) == ("20.00", "", "EUR")


def test_a_gtin_may_stand_in_the_cell_after_its_label() -> None:
    cells = "<table><tr><th>SKU</th><td>WP-500-X</td></tr><tr><th>EAN</th><td>4006381333931</td></tr></table>"
    found = read(f"<p class=price>$10.00</p>{cells}")
    assert (found.sku, found.gtin) == ("WP-500-X", "4006381333931")

    assert read("<p class=price>$10.00</p><p>EAN</p><p>Weight</p><p>4006381333931</p>").gtin == ""
    assert read("<p class=price>$10.00</p><p>Ocean 4006381333931</p>").gtin == ""


def test_a_product_that_is_discontinued_is_not_in_stock() -> None:
    assert read("<p class=price>$10.00</p><p>This product has been discontinued</p>").availability == "OutOfStock"
    meta = '<meta property="product:price:amount" content="5.00"><meta property="product:availability" content="oos">'
    assert read("", head=meta).availability == "OutOfStock"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3 for 2", "bundle"),
        ("Buy one get one free", "bundle"),
        ("Any 3, save 20%", "bundle"),
        ("2 achetés = 1 offert", "bundle"),
        ("-50% sur le 2ème", "bundle"),
        ("2ª unidad al 50%", "bundle"),
        ("Zweiter Artikel gratis", "bundle"),
        ("第二件半价", "bundle"),
        ("2点で10%OFF", "bundle"),
        ("满300减40", "threshold"),
        ("满2件打8折", "threshold"),
        ("Spend $50 save $10", "threshold"),
        ("Extra 10% off with code SAVE10", "coupon"),
        ("Mit Code SOMMER 10% Rabatt", "coupon"),
        ("领券立减20元", "coupon"),
        ("Today only", "flash_sale"),
        ("限时秒杀", "flash_sale"),
        ("Gratis-Zugabe", "gift"),
        ("满299赠保温杯", "gift"),
        ("Prix membre 8,00 €", "member_price"),
    ],
)
def test_promotions_in_words_have_their_kind(text: str, kind: str) -> None:
    found = read(f"<p class=price>$10.00</p><p>{text}</p>")
    assert kind in [one.kind for one in found.promotions]
    assert amounts(found)[0] == "10.00"


@pytest.mark.parametrize(
    "text",
    [
        "Free shipping over $35",
        "Sign up for our newsletter and get 10% off your first order",
        "Pack of 6 x 1 l, 3x2 kg",
        "2nd generation, 100% cotton",
        "Delivered in 2 for you",
    ],
)
def test_what_is_no_promotion_of_the_product(text: str) -> None:
    assert read(f"<p class=price>$10.00</p><p>{text}</p>").promotions == ()
