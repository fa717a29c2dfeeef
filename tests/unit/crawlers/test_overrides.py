"""Page objects: which one holds for a URL, what it reads, what happens where its selectors find nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import BadInputError
from crawlers.extract import Extraction, extract
from crawlers.extract.overrides import FALLEN_BACK, SURE, Shops, loads
from crawlers.pages.observe import Answer, observe
from crawlers.pages.watchlist import Row
from crawlers.shops import read

PAGE = (
    b"<html lang=de><title>Regal</title><h1>Regal</h1><p class=price>19,99 EUR</p>"
    b"<p id=all data-sum=129.5>komplett 129,50</p><p class=note>bald wieder</p><i class=no></i>"
)
URL = "https://www.shop.example/p/77"


def with_object(fields: str, url: str = URL) -> Extraction:
    return extract(PAGE, url, shops=loads(f'[[shop]]\nhost = "shop.example"\n{fields}'))


@pytest.mark.parametrize(
    ("fields", "minor"),
    [
        ('price = "#all"', 12950),
        ('price = "#all@data-sum"', 12950),
        ('price = "=42.00"', 4200),
        ('price = "#all@data-sum"\ndecimal = "."', 12950),
        ('ignore = [".price"]\nprice = "#all"\ncurrency = "=EUR"', 12950),
        ('sku = "#all@data-sum"', 1999),
    ],
)
def test_the_amount_a_page_object_points_at(fields: str, minor: int) -> None:
    found = with_object(fields)
    assert (found.price_minor, found.currency) == (minor, "EUR")


def test_what_it_reads_is_sure_and_says_where() -> None:
    found = with_object('price = "#all"\nname = "=Regal Linea"\ncurrency = "=CHF"\nlist_price = "=150"')
    assert (found.confidence, found.confidences["name"], found.name) == (SURE, SURE, "Regal Linea")
    assert (found.currency, found.list_price_minor) == ("CHF", 15000)
    assert [(one.source, one.where) for one in found.evidence if one.field == "price"] == [("override", "#all")]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ('out_of_stock = ".no"', "OutOfStock"),
        ('out_of_stock = ".gone"', "OutOfStock"),
        ('availability = ".note"', "OutOfStock"),
        ('availability = "=https://schema.org/InStock"\nout_of_stock = ".no"', "InStock"),
        ('in_stock = ".no"', "InStock"),
    ],
)
def test_availability(fields: str, state: str) -> None:
    assert with_object(f'ignore = []\nprice = "#all"\n{fields}').availability == state


def test_a_selector_that_finds_nothing_falls_back_and_says_so() -> None:
    found = with_object('price = ".moved"')
    assert (found.price_minor, found.confidence) == (1999, FALLEN_BACK)
    assert [one.value for one in found.evidence if one.source == "override"] == [
        "found 'nothing'; the general rules were used"
    ]


@pytest.mark.parametrize("fields", ['price = "=no number"', 'gtin = "=4006381333932"', 'availability = "=perhaps"'])
def test_a_value_that_is_none_is_not_taken(fields: str) -> None:
    found = with_object(fields)
    assert (found.price_minor, found.gtin, found.availability) == (1999, "", "OutOfStock")
    assert any(one.source == "override" and "general rules" in one.value for one in found.evidence)


def test_the_nearest_host_and_the_longest_path_count() -> None:
    shops = loads(
        '[[shop]]\nhost = "example.com"\n[[shop]]\nhost = "de.example.com"\n'
        '[[shop]]\nhost = "de.example.com"\npath = "/p/*"\nsku = "=x"'
    )
    assert [shop and (shop.host, shop.path) for shop in map(shops.of, URLS)] == [
        ("example.com", "*"), ("de.example.com", "/p/*"), ("de.example.com", "*"), None, None,
    ]  # fmt: skip


URLS = (
    "https://www.example.com/p/1",
    "https://de.example.com/p/1",
    "https://de.example.com/q/1",
    "https://notexample.com/p/1",
    "not a url",
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[shop]]\nhost = 'x.example'\nprise = 'a'", "prise"),
        ("[[shop]]\nprice = 'a'", "host"),
        ("[[shop]]\nhost = 'x.example'\nprice = 'a[['", "price of x.example"),
        ("[[shop]]\nhost = 'x.example'\ndecimal = ';'", "decimal of x.example"),
        ("[[shop", "[[shop]] tables"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said.replace("[", r"\[")):
        loads(text)


def test_the_crawl_reads_through_the_file_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "shops.toml"
    path.write_text('[[shop]]\nhost = "shop.example"\nprice = "#all"\n')
    seen = observe(Row(competitor="a", url=URL), Answer(URL, PAGE, 1), shops=read(path)).observation
    assert seen.price_minor == 12950
    assert read(None) == Shops()
    with pytest.raises(BadInputError, match="cannot be read"):
        read(tmp_path / "none.toml")
