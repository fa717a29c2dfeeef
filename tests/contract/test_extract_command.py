"""`priceradar extract`: the fields, the notations, the exit status; accuracy on real pages where the data is there."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import measure, without_markup
from crawlers.extract import extract

FIELDS = {
    "price", "currency", "list_price", "price_type", "availability", "sku", "gtin", "name",
    "promotions", "confidence", "evidence",
}  # fmt: skip
PAGE = (
    b"<html><title>Chair</title><h1>Chair</h1><p>SKU: AB-12</p><p class=price>$1,299.00</p><button>Add to cart</button>"
)


def priceradar(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("priceradar")), "extract", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_page_gives_all_fields(tmp_path: Path) -> None:
    page = tmp_path / "page.html.gz"
    page.write_bytes(gzip.compress(PAGE))
    result = priceradar(str(page), "--url", "https://shop.example/p/12")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert set(found) >= FIELDS
    assert (found["price"], found["currency"], found["availability"], found["sku"]) == (
        "1299.00",
        "USD",
        "InStock",
        "AB-12",
    )
    assert found["evidence"]


def test_a_list_goes_on_after_a_bad_page(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_bytes(PAGE)
    (tmp_path / "wall.html").write_bytes(b"<html><title>Access denied</title></html>")
    pages = tmp_path / "pages.csv"
    with pages.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["page", "url"], *[[n, f"https://x.example/{n}"] for n in ("wall.html", "none.html", "good.html")]]
        )
    result = priceradar("--list", str(pages))
    assert result.returncode == 0, result.stderr
    wall, none, good = map(json.loads, result.stdout.splitlines())
    assert wall["error"] == "blocked_page"
    assert none["error"] == "bad_page"
    assert good["price"] == "1299.00"


def test_page_objects_of_a_file_or_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, objects = tmp_path / "page.html", tmp_path / "shops.toml"
    page.write_bytes(PAGE + b"<b id=all>$1,500.00</b>")
    objects.write_text('[[shop]]\nhost = "shop.example"\nprice = "#all"\n')
    arguments = str(page), "--url", "https://shop.example/p/12"
    assert json.loads(priceradar(*arguments, "--shops", str(objects)).stdout)["price"] == "1500.00"
    monkeypatch.setenv("PRICERADAR_SHOPS", str(objects))
    assert json.loads(priceradar(*arguments).stdout)["price"] == "1500.00"


@pytest.mark.parametrize("arguments", [["none.html", "--url", "x"], [], ["--list", "none.csv"]])
def test_bad_input_is_one_line_and_status_2(arguments: list[str]) -> None:
    result = priceradar(*arguments)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


JSON_LD = '<script type="application/ld+json">{"@context":"https://schema.org","@type":"Product","name":"Chair","sku":"C1","offers":{"@type":"Offer","price":"19.90","priceCurrency":"EUR","availability":"https://schema.org/OutOfStock"}}</script>'
MICRODATA = '<div itemscope itemtype="https://schema.org/Product"><b itemprop=name>Chair</b><i itemprop=sku>C1</i><p itemprop=offers itemscope itemtype="https://schema.org/Offer"><b itemprop=price content="19.90">19,90</b><meta itemprop=priceCurrency content=EUR><link itemprop=availability href="https://schema.org/OutOfStock"></div>'  # noqa: E501
RDFA = '<div vocab="https://schema.org/" typeof="Product"><b property=name>Chair</b><i property=sku>C1</i><p property=offers typeof=Offer><b property=price content="19.90">19,90</b><meta property=priceCurrency content=EUR><link property=availability href="https://schema.org/OutOfStock"></div>'  # noqa: E501


@pytest.mark.parametrize("markup", [JSON_LD, MICRODATA, RDFA], ids=["json-ld", "microdata", "rdfa"])
def test_three_notations_say_the_same(markup: str) -> None:
    found = extract(f"<html><body>{markup}</body></html>".encode(), "https://shop.example/chair")
    assert (found.price_minor, found.currency, found.availability, found.sku) == (1990, "EUR", "OutOfStock", "C1")


@pytest.mark.evaluation
def test_accuracy_on_real_product_pages(evaluation_data: Path) -> None:
    scores = measure(evaluation_data / "product_pages")
    assert scores["price"].f1 >= 0.95
    assert scores["availability"].f1 >= 0.96
    assert scores["out_of_stock"].f1 >= 0.75
    assert scores["sku"].f1 >= 0.80
    assert measure(evaluation_data / "product_pages", corrected=True)["price"].precision >= 0.97


@pytest.mark.evaluation
def test_visible_text_alone_is_nearly_as_good(evaluation_data: Path) -> None:
    scores = measure(evaluation_data / "product_pages", without_markup, corrected=True)
    assert scores["price"].f1 >= 0.95
    assert scores["price"].precision >= 0.97
    assert scores["availability"].f1 >= 0.95


@pytest.mark.evaluation
def test_restock_cases_of_a_peer(evaluation_data: Path) -> None:
    cases = json.loads(
        (evaluation_data / "peer_cases" / "changedetection_restock_cases.json").read_text(encoding="utf-8")
    )
    for case in cases:
        found = extract(f"<html><body>{case['html']}</body></html>".encode(), "https://shop.example/some/url").as_json()
        assert float(found["price"]) == case["price"]
        assert (found["availability"] == "InStock") is case["in_stock"]
