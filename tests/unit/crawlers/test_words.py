"""Words for sold out and for a product's number, as shops of many countries write them."""

from __future__ import annotations

import re

import pytest

from crawlers.extract import Extraction, extract, identity, labels, promotions, stock
from crawlers.extract.words import _IRREGULAR, Words, _lowered

STOCK = [
    ("de", "<p class=price>10,00 €</p><p>Derzeit nicht verfügbar</p>", "OutOfStock"),
    (
        "en",
        "<p class=price>€10.00</p><button>Add to basket</button><footer>What if an item is out of stock?</footer>",
        "InStock",
    ),
    (
        "en",
        "<p class=price>€10.00</p><ul><li>S</li><li>M - sold out</li></ul><button>Add to basket</button>",
        "InStock",
    ),
    (
        "en",
        "<p class=price>€10.00</p><button>Add to basket</button><div class=related><p>Out of stock</p></div>",
        "InStock",
    ),
    ("en", "<p class=price>€10.00</p><button>Notify me</button>", "OutOfStock"),
    ("fr", "<p class=price>10,00 €</p><button disabled>Rupture de stock</button>", "OutOfStock"),
    ("es", "<p class=price>10,00 €</p><span>Agotado</span>", "OutOfStock"),
    ("pl", "<p class=price>10,00 zł</p><span>Produkt niedostępny</span>", "OutOfStock"),
    ("cs", "<p class=price>10,00 Kč</p><span>Momentálně nedostupné</span>", "OutOfStock"),
    ("hu", "<p class=price>10 000 Ft</p><span>Nincs raktáron</span>", "OutOfStock"),
    ("ro", "<p class=price>10,00 lei</p><span>Stoc epuizat</span>", "OutOfStock"),
    ("ro", "<p class=price>10,00 lei</p><span>Indisponibil</span>", "OutOfStock"),
    ("fi", "<p class=price>10,00 €</p><span>Loppu varastosta</span>", "OutOfStock"),
    ("fi", "<p class=price>10,00 €</p><span>Ei varastossa</span>", "OutOfStock"),
    ("el", "<p class=price>10,00 €</p><span>Εξαντλημένο</span>", "OutOfStock"),
    ("el", "<p class=price>10,00 €</p><span>Μη διαθέσιμο</span>", "OutOfStock"),
    ("bg", "<p class=price>10,00 лв.</p><span>Няма в наличност</span>", "OutOfStock"),
    ("da", "<p class=price>10,00 kr.</p><span>Ikke på lager</span>", "OutOfStock"),
    ("sv", "<p class=price>10 kr</p><span>Tillfälligt slut</span>", "OutOfStock"),
    ("sv", "<p class=price>10 kr</p><span>Slut i lager</span>", "OutOfStock"),
    ("tr", "<p class=price>10,00 TL</p><span>Stokta yok</span>", "OutOfStock"),
    ("tr", "<p class=price>10,00 TL</p><span>Tükendi</span>", "OutOfStock"),
    ("it", "<p class=price>10,00 €</p><span>Non disponibile</span>", "OutOfStock"),
    ("it", "<p class=price>10,00 €</p><span>Prodotto terminato</span>", "OutOfStock"),
    ("pt-BR", "<p class=price>R$ 10,00</p><span>Produto indisponível</span>", "OutOfStock"),
    ("pt-BR", "<p class=price>R$ 10,00</p><span>Avise-me quando chegar</span>", "OutOfStock"),
    ("nl", "<p class=price>€ 10,00</p><span>Uitverkocht</span>", "OutOfStock"),
    ("ja", "<p class=price>1,000円</p><span>在庫なし</span>", "OutOfStock"),
    ("ja", "<p class=price>1,000円</p><span>SOLD OUT</span>", "OutOfStock"),
    ("ko", "<p class=price>1,000원</p><span>일시품절</span>", "OutOfStock"),
    ("zh-CN", "<p class=price>¥10.00</p><span>暂时缺货</span>", "OutOfStock"),
    ("zh-CN", "<p class=price>¥10.00</p><span>商品已下架</span>", "OutOfStock"),
    ("zh-TW", "<p class=price>NT$10</p><span>已售完</span>", "OutOfStock"),
    ("th", "<p class=price>฿10</p><span>สินค้าหมด</span>", "OutOfStock"),
    ("vi", "<p class=price>10.000₫</p><span>Hết hàng</span>", "OutOfStock"),
    ("ar", "<p class=price>AED 10.00</p><span>غير متوفر</span>", "OutOfStock"),
    ("he", "<p class=price>₪10.00</p><span>אזל מהמלאי</span>", "OutOfStock"),
    ("hr", "<p class=price>10,00 €</p><span>Nije na zalihi</span>", "OutOfStock"),
    ("sk", "<p class=price>10,00 €</p><span>Nie je na sklade</span>", "OutOfStock"),
    ("sl", "<p class=price>10,00 €</p><span>Ni na voljo</span>", "OutOfStock"),
    ("lt", "<p class=price>10,00 €</p><span>Išparduota</span>", "OutOfStock"),
    ("et", "<p class=price>10,00 €</p><span>Otsas</span>", "OutOfStock"),
    ("ru", "<p class=price>1 000 ₽</p><span>Товар закончился</span>", "OutOfStock"),
    ("ru", "<p class=price>1 000 ₽</p><span>Под заказ</span><button>В корзину</button>", "InStock"),
]
NUMBERS = [
    ("en", "<p>Model: AB-1234</p>", "AB-1234"),
    ("en", "<table><tr><th>Item number</th><td>554-22</td></tr></table>", "554-22"),
    ("en", "<p>SKU</p><p>ZX9912</p>", "ZX9912"),
    ("fr", "<p>Réf. : 88-A12</p>", "88-A12"),
    ("it", "<p>Cod. Art.: KK123</p>", "KK123"),
    ("es", "<p>Referencia: 77123</p>", "77123"),
    ("pl", "<p>Kod produktu: TT-55</p>", "TT-55"),
    ("cs", "<p>Kód zboží: 991188</p>", "991188"),
    ("sv", "<p>Artikelnummer 4431</p>", "4431"),
    ("fi", "<p>Tuotekoodi: 1188-2</p>", "1188-2"),
    ("nl", "<p>Artikelnr: 66123</p>", "66123"),
    ("hu", "<p>Cikkszám: CC-91</p>", "CC-91"),
    ("tr", "<p>Ürün Kodu: UK-33</p>", "UK-33"),
    ("el", "<p>Κωδικός: 5512</p>", "5512"),
    ("ro", "<p>Cod produs: R-5512</p>", "R-5512"),
    ("ja", "<p>型番：JP-5512</p>", "JP-5512"),
    ("en", "<p>Product ID 5512-9</p>", "5512-9"),
    ("en", "<p>Part #: GH-20</p>", "GH-20"),
    ("en", "<p>Style: 44120</p>", "44120"),
    ("en", "<p>Catalog #: 44120</p>", "44120"),
    ("pt", "<p>(Cód. 44120)</p>", "44120"),
    ("de", "<p>Best.-Nr.: 44120</p>", "44120"),
    ("de", "<p>Art. 44120</p>", "44120"),
    ("da", "<p>Varenummer: 44120</p>", "44120"),
    ("ru", "<p>Артикул: 44120</p>", "44120"),
    ("uk", "<p>Код: 44120</p>", "44120"),
]


def read(lang: str, body: str) -> Extraction:
    page = f"<html lang={lang}><title>X</title><h1>X Chair</h1>{body}<div><h3>Other Lamp</h3><p>x</p></div></html>"
    return extract(page.encode(), "https://shop.example/p/chair")


@pytest.mark.parametrize(("lang", "body", "state"), STOCK)
def test_stock(lang: str, body: str, state: str) -> None:
    found = read(lang, body)
    assert found.availability == state
    assert found.confidences["availability"] >= 0.5


@pytest.mark.parametrize(("lang", "body", "sku"), NUMBERS)
def test_number(lang: str, body: str, sku: str) -> None:
    found = read(lang, f"<p class=price>10,00 €</p>{body}")
    assert (found.sku, [one.source for one in found.evidence if one.field == "sku"]) == (sku, ["text"])


def test_what_the_markup_says_of_stock_stays_said() -> None:
    markup = (
        '<script type="application/ld+json">{"@type":"Product","name":"X Chair","offers":{"@type":"Offer",'
        '"price":"10.00","priceCurrency":"EUR","availability":"https://schema.org/OutOfStock"}}</script>'
    )
    found = read("en", f"{markup}<p class=price>€10.00</p><button>Add to cart</button>")
    assert found.availability == "OutOfStock"
    assert found.confidences["availability"] < 0.9


def spoken() -> list[Words]:
    """Every list of words that extraction knows."""
    found = [one for room in (identity, labels, stock) for one in vars(room).values() if isinstance(one, Words)]
    return [*found, *(words for _, words in promotions._KINDS)]


def test_lower_case_finds_every_character_that_ignorecase_finds() -> None:
    regular = [one for one in map(chr, [*range(0xD800), *range(0xE000, 0x110000)]) if not _IRREGULAR.search(one)]
    lower = [one.lower() for one in regular]
    assert all(len(one) == 1 for one in lower)
    letters = sorted({one for words in spoken() for one in words.expression if one.isalpha()})
    assert len(letters) > 200
    for letter in letters:
        exact = [found.start() for found in re.finditer(letter, "\n".join(regular), re.IGNORECASE)]
        assert [found.start() for found in re.finditer(_lowered(letter), "\n".join(lower))] == exact, letter


@pytest.mark.parametrize(
    "text", ["SATIN AL", "satın al", "SATIN ALINIZ", "Εξαντλημένο", "ΜΗ ΔΙΑΘΈΣΙΜΟ", "ſold out", "R$ 10 x de"]
)
def test_words_read_any_case_as_ignorecase_does(text: str) -> None:
    assert len(spoken()) > 15
    for words in spoken():
        exact = re.compile(words.expression, re.IGNORECASE).search(text)
        found = words.search(text)
        assert (found and found.span()) == (exact and exact.span())
