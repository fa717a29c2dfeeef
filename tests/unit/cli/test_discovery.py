"""From what the crawl found in feeds and sitemaps to matches, and from matches to pages that are watched."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from cli.crawl import crawl
from cli.match import match
from contracts.errors import BadInputError
from contracts.facts import CatalogItem
from crawlers.matching.products import Offered, Product
from crawlers.sources.discovered import AGAIN_MS, KEPT_MS, Candidate, Discovered
from crawlers.storage.pages import FILE
from ledger.facts import record_items
from ledger.store import Ledger

GTIN = "4006381333931"
SHOPS = '[[source]]\ncompetitor = "shop"\nkind = "sitemap"\nurl = "https://shop.example/map.xml"\npages = "/p/*"\n'


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRICERADAR_DATA", str(tmp_path))
    return tmp_path


def discovered(data: Path) -> Discovered:
    return Discovered(data / FILE)


def offered(key: str, **fields: str) -> Offered:
    return Offered("shop", Product(key=key, **fields), f"https://shop.example/p/{key}")


def test_what_was_discovered_is_matched_and_what_is_matched_is_watched(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInputError, match="has found nothing"):
        match()
    found = discovered(data)
    found.note([offered("1", name="Chair", gtin=GTIN), offered("2", name="Something else entirely")], 1_000)
    found.note_pages("shop", [Candidate("p/9", "https://shop.example/p/9")], 1_000)
    found.close()
    ledger = Ledger.open(f"sqlite:///{data / 'ledger.sqlite'}")
    with ledger.writing() as connection:
        record_items(connection, [CatalogItem("OWN-1", 100, "EUR", 1, name="Chair", gtin=GTIN, category="chairs")])
    ledger.close()
    match()
    assert "2 products: 1 matched, 0 to review, 1 without a match" in capsys.readouterr().out
    with pytest.raises(typer.BadParameter, match="nothing to crawl"):
        crawl(dry_run=True)
    crawl(matched=True, dry_run=True)
    (data / "shops.toml").write_text(SHOPS)
    (data / "priceradar.toml").write_text('shops = "shops.toml"\n')
    crawl(dry_run=True)
    assert capsys.readouterr().out == "1 pages to watch\n0 pages and 1 sources to watch\n"
    (data / "shops.toml").write_text(SHOPS.replace("pages", "seiten"))
    with pytest.raises(BadInputError, match="unknown field `seiten`"):
        crawl(dry_run=True)


def test_what_is_known_of_a_product_stays_and_pages_are_looked_at_once_a_week(data: Path) -> None:
    found = discovered(data)
    found.note_pages("shop", [Candidate(f"p/{n}", f"https://shop.example/p/{n}") for n in (1, 2, 3)], 1_000)
    assert [one.product_id for one in found.to_look_at("shop", 2, 2_000)] == ["p/1", "p/2"]
    assert [one.product_id for one in found.to_look_at("shop", 2, 3_000)] == ["p/3"]
    found.note([Offered("shop", Product(key="p/1", name="Chair", gtin=GTIN), "https://shop.example/p/1")], 4_000)
    found.note([Offered("shop", Product(key="p/1", brand="Oak"), "")], 5_000)
    assert list(found.products()) == [
        Offered("shop", Product(key="p/1", name="Chair", gtin=GTIN, brand="Oak"), "https://shop.example/p/1")
    ]
    found.note_pages("shop", [Candidate("1", "https://shop.example/p/1")], 6_000)  # the same page by another id
    assert len(found) == 3
    assert [one.product_id for one in found.to_look_at("shop", 9, 3_000 + AGAIN_MS)] == ["p/2", "p/3"]
    found.prune(5_500 + KEPT_MS)
    assert len(found) == 1
    found.close()
    small = Discovered(data / FILE, most=1)
    small.note([offered("8", name="a")], 7_000)
    small.prune(7_000)
    assert [one.product.key for one in small.products()] == ["8"]
    small.close()
