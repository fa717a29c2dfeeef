"""Prices as they are written in each country, on pages that name nothing: no markup, no telling class names."""

from __future__ import annotations

import pytest

from contracts.errors import NoPriceError
from contracts.money import to_decimal
from crawlers.extract import extract

PRICES = [
    ("th", "<div>฿1,290</div>", "1290.00 THB"),
    ("vi", "<div>1.299.000₫</div>", "1299000 VND"),
    ("id", "<div>Rp1.299.000</div>", "1299000.00 IDR"),
    ("ko", "<div>1,299,000원</div>", "1299000 KRW"),
    ("pl", "<div>1 299,00 zł</div>", "1299.00 PLN"),
    ("hu", "<div>12 990 Ft</div>", "12990.00 HUF"),
    ("tr", "<div>1.299,90 TL</div>", "1299.90 TRY"),
    ("pt-BR", "<div>R$ 1.299,90 à vista</div><div>ou 10x de R$ 129,99 sem juros</div>", "1299.90 BRL"),
    ("pt-BR", "<div>10x de R$ 129,99</div><div>R$ 1.299,90</div>", "1299.90 BRL"),
    ("es", "<div>1.299,00 €</div><div>Envío gratis a partir de 50 €</div>", "1299.00 EUR"),
    ("cs", "<div>12 990 Kč</div><div>10 736 Kč bez DPH</div>", "12990.00 CZK"),
    ("da", "<div>1.299 kr.</div><div>Fragt 39 kr.</div>", "1299.00 DKK"),
    ("nb", "<div>kr 1 299,-</div>", "1299.00 NOK"),
    ("fi", "<div>1 299,00 €</div>", "1299.00 EUR"),
    ("is", "<div>12.990 kr.</div>", "12990 ISK"),
    ("ru", "<div>12 990 ₽</div><div>15 990 ₽</div><div>−19%</div>", "12990.00 RUB"),
    ("uk", "<div>1 299 грн</div>", "1299.00 UAH"),
    ("ar-AE", "<div>AED 1,299.00</div>", "1299.00 AED"),
    ("he-IL", "<div>₪1,299.90</div>", "1299.90 ILS"),
    ("en-IN", "<div>Rs. 1,299.00</div><div>MRP: Rs. 1,999.00</div>", "1299.00 INR"),
    ("fr-CH", "<div>CHF 129.95</div>", "129.95 CHF"),
    ("de-CH", "<div>129.95 Fr.</div>", "129.95 CHF"),
    ("nl", "<div>€ 12,99</div><div>Adviesprijs € 15,99</div>", "12.99 EUR"),
    ("de", "<div>12,99 €*</div><div>UVP 15,99 €</div><div>Sie sparen 3,00 €</div>", "12.99 EUR"),
    ("de", "<div>UVP 15,99 €</div><div>12,99 €*</div>", "12.99 EUR"),
    ("de", "<div>Grundpreis: 25,98 €/kg</div><div>12,99 €</div>", "12.99 EUR"),
    ("de", "<div>12,99 €</div><div>(25,98 €/1 kg)</div>", "12.99 EUR"),
    ("de", "<div>ab 9,99 €</div><div>12,99 €</div>", "12.99 EUR"),
    ("de", "<div>mtl. ab 9,99 €</div><div>299,00 €</div>", "299.00 EUR"),
    ("fr", "<div>129€99</div>", "129.99 EUR"),
    ("fr", "<div>129,99&nbsp;€ TTC</div><div>108,33 € HT</div>", "129.99 EUR"),
    ("fr", "<div>129,99 €</div><div>dont 0,50 € d'éco-participation</div>", "129.99 EUR"),
    ("it", "<div>€ 1.299,00</div><div>Risparmi € 200,00</div>", "1299.00 EUR"),
    ("en-GB", "<div>Was £99.99</div><div>Now £79.99</div><div>Save £20</div>", "79.99 GBP"),
    ("en-GB", "<div>£79.99</div><div>£0.53 per 100ml</div><div>Clubcard Price £59.99</div>", "79.99 GBP"),
    ("en-GB", "<div>£100.00 inc VAT</div><div>£83.33 ex VAT</div>", "100.00 GBP"),
    ("en-GB", "<div>£83.33 ex VAT</div><div>£100.00 inc VAT</div>", "100.00 GBP"),
    ("en-US", "<div>$1,299.00</div><div>or $54.13/mo with 24 payments</div>", "1299.00 USD"),
    ("en-US", "<div>4 interest-free payments of $12.50</div><div>$50.00</div>", "50.00 USD"),
    ("en-US", "<div>$50.00</div><div>Pay in 4 interest-free payments of $12.50</div>", "50.00 USD"),
    ("en-US", "<div>$50.00</div><div>Use code SAVE10 for $10.00 off</div>", "50.00 USD"),
    ("en-US", "<div>$50.00 - $80.00</div>", "50.00 USD"),
    ("en-US", "<div>Spend $35.00 more for free shipping</div><div>$50.00</div>", "50.00 USD"),
    ("en-US", "<div>Protection plan $9.99</div><div>$50.00</div>", "50.00 USD"),
    ("en-US", "<div>$50.00</div><div>2-year protection plan</div><div>$39.99</div>", "50.00 USD"),
    ("en-US", "<div>Earn $5.00 in rewards</div><div>$50.00</div>", "50.00 USD"),
    ("en-US", "<div>Deposit $10.00</div><div>$50.00</div>", "50.00 USD"),
    ("en-US", "<div>Gift wrap +$4.99</div><div>$50.00</div>", "50.00 USD"),
    ("zh-CN", "<div>¥1,299.00</div><div>到手价 ¥1,199.00</div><div>包邮</div>", "1199.00 CNY"),
    ("zh-CN", "<div>原价 ¥1,999</div><div>¥1,299</div><div>月销 5000+</div>", "1299.00 CNY"),
    ("zh-CN", "<div>价格：1299元</div><div>运费：10元</div>", "1299.00 CNY"),
    ("zh-CN", "<div>¥1.2万</div>", "12000.00 CNY"),
    ("zh-CN", "<div>券后价 ¥99</div><div>¥129</div>", "129.00 CNY"),
    ("ja", "<div>¥6,480 税込</div><div>送料 ¥550</div>", "6480 JPY"),
    ("ja", "<div>6,480円(税込)</div><div>本体価格 5,891円</div>", "6480 JPY"),
    ("zh-TW", "<div>NT$1,290</div>", "1290.00 TWD"),
    ("en-HK", "<div>HK$129.00</div>", "129.00 HKD"),
    ("en-SG", "<div>S$129.00</div>", "129.00 SGD"),
    ("ar-KW", "<div>12.500 KD</div>", "12.500 KWD"),
]


@pytest.mark.parametrize(("lang", "body", "expected"), PRICES, ids=[f"{p[0]}-{i}" for i, p in enumerate(PRICES)])
def test_price(lang: str, body: str, expected: str) -> None:
    page = f"<html lang={lang}><title>Chair</title><h1>Chair</h1>{body}<button>OK</button><p>Lamp</p></html>"
    found = extract(page.encode(), "https://shop.example/p/zork")
    assert found.price_minor is not None
    assert f"{to_decimal(found.price_minor, found.currency)} {found.currency}" == expected
    assert found.price_type == "regular"


def test_a_discount_is_proven_by_arithmetic() -> None:
    page = "<html lang=de><h1>Hemd</h1><b>18,00 €</b><p>17,10 €</p><p>-5%</p><p>22,90 €</p></html>"
    found = extract(page.encode(), "https://shop.example/p/hemd")
    assert (found.price_minor, found.list_price_minor) == (1710, 1800)


def test_a_price_whose_frame_the_shop_forgot() -> None:
    loose = "<i itemprop=price content=129.00></i><meta itemprop=priceCurrency content=EUR>"
    found = extract(f"<h1>Chair</h1>{loose}".encode(), "https://shop.example/p/chair")
    assert (found.price_minor, found.currency) == (12900, "EUR")
    with pytest.raises(NoPriceError):  # of several none is known to be the page's own
        extract(f"<h1>Chair</h1>{loose}<i itemprop=price content=99.00></i>".encode(), "https://shop.example/p/chair")
