"""A price only on the buy button or in an attribute is read with little confidence; what may be another is not."""

from __future__ import annotations

import pytest

from contracts.errors import NoPriceError
from crawlers.extract import extract

PAGE = "<html lang=en><head><title>Chair oak - Shop</title></head><body><h1>Chair oak</h1>{}</body></html>"
CARDS = "<div class=card data-price='12.00'>Lamp</div>"


@pytest.mark.parametrize(
    ("part", "price", "currency", "where"),
    [
        ("<button class='btn'>Add to cart – €129.00</button>", 12900, "EUR", "button Add to cart"),
        ("<button>立即购买 ¥129.00</button>", 12900, "CNY", "button 立即购买"),
        ("<button aria-label='Buy Chair for €129.00'>Buy</button>", 12900, "EUR", "button Buy Chair"),
        ("<form><input type=submit value='Buy now $12.50'></form>", 1250, "USD", "input Buy now"),
        ("<a class='btn' href='#'>Kaufen für 129,00 €</a>", 12900, "EUR", "a Kaufen"),
        ("<button data-price='129.00' data-currency='EUR'>Add to cart</button>", 12900, "EUR", "button@data-price"),
        ("<div class=product data-product-price='129,00' data-currency=eur>", 12900, "EUR", "div@data-product-price"),
        ("<div data-price='12900' data-currency=JPY></div>", 12900, "JPY", "div@data-price"),
        (
            "<i data-price-amount=129.5 data-price-type=final></i><i data-price-amount=150.0 data-price-type=oldPrice>",
            12950,
            "XXX",
            "i@data-price-amount",
        ),
        # A button says it to people; an attribute may be a base or a variant.
        ("<button>Buy for €129.00</button><i data-price='99.00'></i>", 12900, "EUR", "button Buy"),
    ],
)
def test_an_amount_that_no_text_shows(part: str, price: int, currency: str, where: str) -> None:
    found = extract(PAGE.format(part).encode(), "https://shop.example/p/chair")
    assert (found.price_minor, found.currency, found.confidence) == (price, currency, 0.35)
    assert next(one.where for one in found.evidence if one.field == "price").startswith(where)


@pytest.mark.parametrize(
    "part",
    [
        CARDS + CARDS.replace("12", "13"),
        f"<section class=recommended>{CARDS}</section>",
        f"<header>{CARDS}</header>",
        "<button data-price='12900' data-currency='EUR'>Add to cart</button>",  # may be cents
        "<div class='unit-price' data-price='12.00'></div>",
        "<a class='mini-cart' data-price='0.00'>Cart</a>",
        "<button>Buy with free shipping from €50.00</button>",
        "<button>Buy now for €12.00 a month</button>",
        "<button>Buy and save €12.00</button>",
        "<button>Add to cart with protection plan €29.00</button>",
        "<button>Buy gift wrapping €2.00</button>",
        "<button>Buy for €10.00 - €20.00</button>",
        "<button>Add to cart – €10.00</button><button>Add to cart – €20.00</button>",
    ],
)
def test_what_may_be_another_amount_is_no_price(part: str) -> None:
    with pytest.raises(NoPriceError):
        extract(PAGE.format(part).encode(), "https://shop.example/p/chair")


def test_a_page_without_a_product_has_no_price_in_its_attributes() -> None:
    with pytest.raises(NoPriceError):
        extract(b"<html><body><div data-price='12.00'></div></body></html>", "https://shop.example/")


def test_a_sold_out_product_keeps_its_state() -> None:
    found = extract(
        PAGE.format("<p>Sold out</p><div data-price='129.00'></div>").encode(), "https://shop.example/p/chair"
    )
    assert found.availability == "OutOfStock"
