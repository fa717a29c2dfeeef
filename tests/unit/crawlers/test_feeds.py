"""Feeds in every notation give the same observations; hostile and broken ones end in time, memory and with a reason."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from contracts.errors import BadInputError, BadRowError, UnreadablePageError
from crawlers.sources.feeds import Listed, listed_of, next_page, opening, rows
from crawlers.sources.feeds.fields import stock_of
from crawlers.sources.sitemaps import addresses
from crawlers.sources.source import Source, loads

NOW = 1_764_000_000_000  # 2025-11-24T16:00Z
FEED = Source(competitor="a", kind="feed", url="https://shop.example/feed")
GTIN = "4006381333931"

RSS = f"""<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>4711</g:id><title><![CDATA[Chair & stool]]></title><link>https://shop.example/p/4711</link>
<g:price>129.50 EUR</g:price><g:sale_price>99.00 EUR</g:sale_price><g:availability>in_stock</g:availability>
<g:gtin>{GTIN}</g:gtin><g:mpn>C-1</g:mpn><g:brand>Oak</g:brand>
<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping></item>
<item><g:id>4712</g:id><title>Lamp&nbsp;one</title><link>/p/4712</link><g:price>40.00 EUR</g:price>
<g:availability>out of stock</g:availability><g:condition>refurbished</g:condition></item></channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><g:id>4711</g:id><title>Chair &amp; stool</title><link href="https://shop.example/p/4711"/>
<g:price>129.50 EUR</g:price><g:sale_price>99.00 EUR</g:sale_price><g:availability>in stock</g:availability>
<g:gtin>{GTIN}</g:gtin><g:mpn>C-1</g:mpn><g:brand>Oak</g:brand></entry>
<entry><g:id>4712</g:id><title>Lamp one</title><link href="/p/4712"/><g:price>40.00 EUR</g:price>
<g:availability>out_of_stock</g:availability><g:condition>used</g:condition></entry></feed>"""
TSV = (
    "id\ttitle\tlink\tprice\tsale price\tavailability\tgtin\tmpn\tbrand\tcondition\n"
    f"4711\tChair & stool\thttps://shop.example/p/4711\t129.50 EUR\t99.00 EUR\tin stock\t{GTIN}\tC-1\tOak\tnew\n"
    "4712\tLamp one\t/p/4712\t40.00 EUR\t\tout of stock\t\t\t\tused\n"
)
CSV = (
    '\ufeffid;title;link;price;sale_price;currency;availability;ean;mpn;brand;condition\r\n4711;"Chair & stool";'
    f"https://shop.example/p/4711;129,50;99,00;EUR;5;{GTIN};C-1;Oak;new\r\n"
    "4712;Lamp one;/p/4712;40;;EUR;0;;;;used\r\n"
)
OBJECTS = [
    {
        "id": 4711,
        "name": "Chair & stool",
        "url": "https://shop.example/p/4711",
        "price": {"amount": 129.5, "currency": "EUR"},
        "sale_price": 99,
        "in_stock": True,
        "gtin": GTIN,
        "mpn": "C-1",
        "brand": {"name": "Oak"},
    },
    {
        "id": 4712,
        "name": "Lamp one",
        "url": "/p/4712",
        "price": {"amount": 40, "currency": "EUR"},
        "in_stock": False,
        "condition": "used",
    },
]
JSON_FIELDS = {"price": "price.amount", "availability": "in_stock"}
NOTATIONS = {
    "rss": (RSS, {}),
    "atom": (ATOM, {}),
    "tsv": (TSV, {}),
    "csv": (CSV, {}),
    "json": (json.dumps({"data": {"products": OBJECTS}}), {"items": "data.products", "fields": JSON_FIELDS}),
    "list": (json.dumps(OBJECTS), {"fields": JSON_FIELDS}),
    "jsonl": ("\n".join(map(json.dumps, OBJECTS)), {"fields": JSON_FIELDS}),
}


def read(path: Path, source: Source = FEED) -> list[Listed | BadRowError]:
    found: list[Listed | BadRowError] = []
    for number, raw in rows(path, source):
        try:
            found.append(raw if isinstance(raw, BadRowError) else listed_of(raw, number, source, NOW))
        except BadRowError as error:
            found.append(error)
    return found


def source_of(**fields: object) -> Source:
    return Source(**{"competitor": "a", "kind": "feed", "url": "https://shop.example/feed", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [0, 1, 2])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation_says_the_same(tmp_path: Path, notation: str, packed: int) -> None:
    text, fields = NOTATIONS[notation]
    data = text.encode()
    for _ in range(packed):
        data = gzip.compress(data)
    path = tmp_path / "feed"
    path.write_bytes(data)
    chair, lamp = read(path, source_of(**fields))
    assert isinstance(chair, Listed)
    assert isinstance(lamp, Listed)
    seen = chair.observation
    assert (seen.product_id, seen.price_minor, seen.list_price_minor, seen.currency) == ("4711", 9900, 12950, "EUR")
    assert (seen.availability, seen.name, seen.url) == ("InStock", "Chair & stool", "https://shop.example/p/4711")
    assert [one.kind for one in seen.promotions] == ["was_now"]
    assert (seen.observed_at, seen.source, seen.price_type) == (NOW, "feed", "regular")
    product = chair.product
    assert (product.key, product.gtin, product.mpn, product.brand) == ("4711", GTIN, "C-1", "Oak")
    other = lamp.observation
    assert (other.price_minor, other.availability, other.price_type) == (4000, "OutOfStock", "used")
    assert (other.name, other.url) == ("Lamp one", "https://shop.example/p/4712")


@pytest.mark.parametrize(
    ("raw", "fields", "price", "was"),
    [
        ({"price": "10.00 USD"}, {}, 1000, None),
        ({"price": "$1,299.00"}, {}, 129900, None),
        ({"price": "1.299,00 €"}, {}, 129900, None),
        ({"price": "10.00 USD", "sale_price": "8.00 EUR"}, {}, 1000, None),
        ({"price": "10.00 USD", "sale_price": "12.00 USD"}, {}, 1000, None),
        ({"price": "8", "old_price": "10", "currency": "USD"}, {}, 800, 1000),
        ({"price": "1999"}, {"minor": True, "currency": "USD"}, 1999, None),
        ({"price": "1.500"}, {"decimal": ",", "fields": {"price": "price"}, "currency": "USD"}, 150, None),
        ({"preis": "5"}, {"fields": {"price": "PREIS", "currency": "=USD"}}, 500, None),
    ],
)
def test_amounts(raw: dict[str, str], fields: dict[str, object], price: int, was: int | None) -> None:
    seen = listed_of({"id": "1", **raw}, 1, source_of(**fields), NOW).observation
    assert (seen.price_minor, seen.list_price_minor) == (price, was)
    assert seen.availability == "Unknown"  # silence is no stock


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("2025-11-01T00:00-0800/2025-12-01T00:00-0800", 800),
        ("2025-11-01T00:00Z / 2025-11-20T00:00Z", 1000),
        ("2025-11-25T00:00+0100/2025-12-01T00:00+0100", 1000),
        ("2025-11-24T16:00Z/", 800),
    ],
)
def test_a_sale_counts_while_it_lasts(dates: str, price: int) -> None:
    raw = {"id": "1", "price": "10 EUR", "sale_price": "8 EUR", "sale_price_effective_date": dates}
    seen = listed_of(raw, 1, FEED, NOW).observation
    assert seen.price_minor == price
    if price == 800 and not dates.endswith("/"):
        assert seen.promotions[0].ends_at == 1_764_576_000_000


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"price": "5 EUR"}, "product_id or url must not be empty"),
        ({"id": "1", "price": ""}, "price must be an amount above 0, was ''"),
        ({"id": "1", "price": "0.00 EUR"}, "price must be an amount above 0"),
        ({"id": "1", "price": "-5.00 EUR"}, "price must be an amount above 0"),
        ({"id": "1", "price": "10 - 20 EUR"}, "price must be an amount above 0"),
        ({"id": "1", "price": "99999999999999999 EUR"}, "below"),
        ({"id": "1", "price": "5 EUR", "sale_price_effective_date": "soon"}, "two ISO 8601 times, was 'soon'"),
    ],
)
def test_a_row_without_a_product_or_price_says_why(raw: dict[str, str], why: str) -> None:
    with pytest.raises(BadRowError, match=r"row 7 of https://shop\.example/feed: ") as error:
        listed_of(raw, 7, FEED, NOW)
    assert why in str(error.value)
    assert error.value.line == 7


def test_sold_out_needs_no_price() -> None:
    assert listed_of({"id": "1", "availability": "out_of_stock"}, 1, FEED, NOW).observation.price_minor is None


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("in_stock", "InStock"),
        ("In Stock", "InStock"),
        ("https://schema.org/OutOfStock", "OutOfStock"),
        ("backorder", "InStock"),
        ("available for order", "InStock"),
        ("12", "InStock"),
        ("0", "OutOfStock"),
        ("false", "OutOfStock"),
        ("call us", "Unknown"),
        ("", "Unknown"),
    ],
)
def test_words_of_stock(text: str, stock: str) -> None:
    assert stock_of(text) == stock


def test_a_broken_file_gives_what_came_before_and_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    for text, fields in (NOTATIONS["rss"], NOTATIONS["json"]):
        path.write_text(text[: text.rindex("4712")])
        found = read(path, source_of(**fields))
        assert [type(one) for one in found] == [Listed, BadRowError], text
        assert "what follows was not read" in str(found[-1])
    path.write_text("<rss>" + ITEM.format("A & B") * 1_000 + "<item><id>2</id><price>12")
    assert [type(one) for one in read(path)][-2:] == [Listed, BadRowError]
    path.write_text("id,price\n1,5 EUR\n2\n3,6 EUR\n")
    found = read(path)
    assert [type(one) for one in found] == [Listed, BadRowError, Listed]
    assert "line 3: 2 values were expected, was 1" in str(found[1])
    path.write_text('{"id": 1, "price": "5 EUR"}\nno json\n[1]\n{"id": 2, "price": "5 EUR"}')
    assert [type(one) for one in read(path, source_of(format="jsonl"))] == [Listed, BadRowError, BadRowError, Listed]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"", {}),
        (b"\x1f\x8b\x08\x00broken", {}),
        (gzip.compress(RSS.encode())[:-200], {"format": "csv"}),
        (b"<html><body>Just a moment", {"format": "json"}),
        (b"<rss><channel><item", {}),
        (b"one column\nvalue\n", {}),
        (b"\x00\x01\x02", {}),
    ],
)
def test_what_is_no_feed_is_an_error(tmp_path: Path, data: bytes, fields: dict[str, object]) -> None:
    path = tmp_path / "feed"
    path.write_bytes(data)
    with pytest.raises(UnreadablePageError):
        read(path, source_of(**fields))


ITEM = "<item><id>1</id><price>5 EUR</price><title>{}</title></item>"
BOMB = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "text",
    [
        f"{BOMB}<rss>{ITEM.format('&j;')}</rss>",
        f'{BOMB}<rss><item id="&j;"><id>1</id><price>5 EUR</price></item></rss>',
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>{ITEM.format("&x;")}</rss>',
        f'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><rss>{ITEM.format("t")}</rss>',
        "<rss>" + "<a>" * 100_000 + "</rss>",
        "<rss><item><id>" + "1" * 5_000_000,
        "<rss>" + "<junk/>" * 1_000_000 + "</rss>",
    ],
    ids=["billion laughs", "in an attribute", "a file", "a DTD", "deep", "one endless value", "nothing but junk"],
)
def test_hostile_xml_is_bounded_and_reads_nothing_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "feed"
    path.write_text(text)
    started = time.process_time()
    tracemalloc.start()
    try:
        found = read(path)
    except UnreadablePageError:
        found = []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - started < 3.0
    assert peak < 40_000_000
    names = [one.observation.name for one in found if isinstance(one, Listed)]
    assert all(len(name) < 100 and "root:" not in name for name in names)


def test_a_gzip_bomb_without_a_row_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(gzip.compress(b"id,price\n" + b" " * 50_000_000))
    with pytest.raises(UnreadablePageError, match=f"a row may have {opening.MOST_OF_A_ROW} bytes"):
        read(path)


@pytest.mark.parametrize("size", [1, 7, 32_768])
def test_xml_as_shops_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("crawlers.sources.feeds.cleaning.PIECE", size)
    path = tmp_path / "feed"
    title = "A & B &C &amp; 5 < 6 &euro;&#8364;&#0; &unknown; \x01<![CDATA[<b> & &amp; x]] >]]>"
    path.write_bytes(f"<rss>{ITEM.format(title)}".encode() + ITEM.format("caf\xe9").encode("latin-1") + b"</rss>")
    one, two = (found.observation.name for found in read(path) if isinstance(found, Listed))
    assert one == "A & B &C & 5 < 6 €€ &unknown; <b> & &amp; x]] >"
    assert two == "caf\ufffd"
    for encoding in ("latin-1", "utf-16"):
        declared = f'<?xml version="1.0" encoding="{encoding}"?><rss>{ITEM.format("café")}</rss>'
        path.write_bytes(declared.encode(encoding))
        assert [found.observation.name for found in read(path) if isinstance(found, Listed)] == ["café"]


def _rss(count: int) -> Iterable[str]:
    yield "<rss><channel>"
    for number in range(count):
        yield f"<item><id>{number}</id><title>Chair {number}</title><price>5.00 EUR</price></item>"
    yield "</channel></rss>"


def _csv(count: int) -> Iterable[str]:
    yield "id,title,price\n"
    yield from (f"{number},Chair {number},5.00 EUR\n" for number in range(count))


def _json(count: int) -> Iterable[str]:
    yield '{"products": ['
    for number in range(count):
        yield f'{"," * (number > 0)}{{"id": {number}, "title": "Chair {number}", "price": "5.00 EUR"}}'
    yield "]}"


def _sitemap(count: int) -> Iterable[str]:
    yield '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    yield from (f"<url><loc>https://shop.example/p/{number}</loc></url>" for number in range(count))
    yield "</urlset>"


@pytest.mark.parametrize(("lines", "fields"), [(_rss, {}), (_csv, {}), (_json, {"items": "products"}), (_sitemap, {})])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, lines: Callable[[int], Iterable[str]], fields: dict[str, object]
) -> None:
    import psutil

    path, peaks, process = tmp_path / "feed", [], psutil.Process()
    for count in (2_000, 20_000):
        with gzip.open(path, "wt") as file:
            file.writelines(lines(count))
        before, highest = process.memory_info().rss, 0
        tracemalloc.start()
        number = 0
        for number, _ in enumerate(addresses(path) if lines is _sitemap else rows(path, source_of(**fields)), 1):
            if number % 1_000 == 0:
                highest = max(highest, process.memory_info().rss - before)
        peaks.append((tracemalloc.get_traced_memory()[1], highest))
        tracemalloc.stop()
        assert number == count
    (small, _), (large, resident) = peaks
    assert large < small * 1.3 + 50_000
    assert resident < 12_000_000  # outside of Python's own memory too: lxml, ijson


def test_sitemaps_indexes_and_plain_lists(tmp_path: Path) -> None:
    path = tmp_path / "map"
    path.write_text(
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc> '
        "https://shop.example/1.xml.gz </loc></sitemap></sitemapindex>"
    )
    assert list(addresses(path)) == [("https://shop.example/1.xml.gz", True)]
    path.write_text(
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/'
        'sitemap-image/1.1"><url><loc>https://shop.example/p/1?a=1&amp;b=2</loc><image:image><image:loc>https://shop.'
        "example/i.jpg</image:loc></image:image></url></urlset>"
    )
    assert list(addresses(path)) == [("https://shop.example/p/1?a=1&b=2", False)]
    path.write_text("https://shop.example/p/1\n\nhttps://shop.example/p/2\n")
    assert [one.url[-3:] for one in addresses(path)] == ["p/1", "p/2"]
    path.write_text("<html>no map</html>")
    assert list(addresses(path)) == []
    path.write_text("no map")
    with pytest.raises(UnreadablePageError):
        list(addresses(path))


def test_the_next_page_of_a_document(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_text('{"links": {"next": "/api?cursor=x"}, "cursor": 7, "none": null}')
    assert next_page(path, source_of(next="links.next")) == "/api?cursor=x"
    assert next_page(path, source_of(next="cursor")) == "7"
    assert next_page(path, source_of(next="none")) == ""
    assert next_page(path, source_of(next="missing")) == ""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('kind = "feed"\nurl = "ftp://shop.example"', "url must begin with http"),
        ('kind = "feet"\nurl = "https://shop.example"', "Invalid enum value 'feet'"),
        ('kind = "feed"\nurl = "https://shop.example"\nfields = { preis = "x" }', "was 'preis'"),
        ('kind = "feed"\nurl = "https://shop.example"\ncurrency = "EURO"', "ISO 4217"),
        ('kind = "sitemap"\nurl = "https://shop.example"', "pages"),
        ('kind = "listing"\nurl = "https://shop.example"', "items"),
        ('kind = "feed"\nurl = "https://shop.example"\ncolour = 1', "unknown field `colour`"),
    ],
)
def test_a_wrong_source_is_refused_with_one_line(line: str, why: str) -> None:
    with pytest.raises(BadInputError) as error:
        loads(f'[[source]]\ncompetitor = "a"\n{line}\n', "shops.toml")
    assert why in str(error.value)
    assert "\n" not in str(error.value)
