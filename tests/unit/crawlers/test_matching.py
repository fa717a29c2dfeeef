"""Matching: a GTIN decides, names only with care, and what people said stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import matching as benchmark
from contracts.facts import CatalogItem, Match
from contracts.times import DAY_MS
from crawlers.matching import assortment
from crawlers.matching.catalogue import Catalogue
from crawlers.matching.names import sizes
from crawlers.matching.products import AUTO, Found, Product, band, valid_gtin
from ledger import matching, pages
from ledger.store import Ledger

OURS = [
    Product(key="S1", name="Acme Shampoo Honey & Oat, 250 ml", brand="Acme", gtin="4006381333931", mpn="AC-100"),
    Product(key="S2", name="Acme Shampoo Honey & Oat, 500 ml", brand="Acme", mpn="AC-101"),
    Product(key="S3", name="Bolt Drill 18V Compact", brand="Bolt", mpn="D 18/2"),
]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("4006381333931", True),
        ("4006381333930", False),
        ("036000291452", True),
        ("123", False),
        ("0" * 13, False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False),
    ],
)
def test_a_gtin_needs_its_check_digit(text: str, good: bool) -> None:
    assert bool(valid_gtin(text)) == good


def test_a_gtin_wins_over_a_name_and_contradicts_one() -> None:
    catalogue = Catalogue(OURS)
    (same,) = catalogue.match([Product(key="x", name="Something else", gtin="04006381333931")])
    assert same is not None
    assert (same.key, same.basis, band(same.confidence)) == ("S1", "gtin", "auto")
    (other,) = catalogue.match([Product(key="x", name=OURS[0].name, gtin="4012345678901")])
    assert other == Found("S1", 0.0, "name")


def test_brand_and_number_match_whatever_the_punctuation() -> None:
    (found,) = Catalogue(OURS).match([Product(key="x", name="Cordless", brand="BOLT", mpn="d18-2")])
    assert found is not None
    assert (found.key, found.basis) == ("S3", "mpn")


def test_another_size_is_not_the_same_product() -> None:
    assert sizes("Cola 1,5 l") == sizes("Cola 150 cl") != sizes("Cola 1 l")
    ours = [OURS[0]]
    (found,) = Catalogue(ours).match([Product(key="x", name="Acme Shampoo Honey & Oat, 500 ml")])
    assert found is None or found.confidence < AUTO


def test_a_brand_that_is_found_on_both_sides_makes_its_names_surer() -> None:
    ours = [Product(key=f"S{n}", name=f"Acme {word} cream") for n, word in enumerate(("Rose", "Lily", "Iris", "Aloe"))]
    same = [Product(key=product.key, name=product.name) for product in ours]
    renamed = [same[0], *(Product(key=f"x{n}", name=f"Acme soap {n} gentle") for n in range(3))]
    catalogue = Catalogue(ours)
    found, alone = catalogue.by_name(same)[0], catalogue.by_name(renamed)[0]
    assert found is not None
    assert alone is not None
    assert (found[1].theirs_found, found[1].ours_found) == (1.0, 1.0)
    assert (alone[1].theirs_found, alone[1].ours_found) == (0.25, 0.25)


def test_nothing_alike_gives_nothing() -> None:
    assert Catalogue(OURS).match([Product(key="x", name="Zebra")]) == [None]
    assert Catalogue([]).match([Product(key="x", name="Acme")]) == [None]


@pytest.mark.evaluation
def test_by_names_alone_the_automatic_band_is_right(evaluation_data: Path) -> None:
    found = benchmark.run()
    assert found["auto_precision"] >= 0.99
    assert found["auto_recall"] >= 0.165


def test_rows_of_a_competitor_become_matches_with_a_band() -> None:
    items = [CatalogItem(o.key, 100, "EUR", 1, name=o.name, brand=o.brand, gtin=o.gtin, mpn=o.mpn) for o in OURS]
    row = {"competitor": "shop", "product_id": "7", "gtin": "4006381333931", "url": "https://shop.example/7"}
    theirs, errors = assortment.offered([(2, row), (3, {"competitor": "shop"})])
    assert [error.line for error in errors] == [3]
    (match,) = assortment.matches(assortment.catalogue(items), theirs, 5)
    assert match == Match("shop", "7", "S1", 5, 0.999, "auto", "https://shop.example/7")


def test_a_verdict_stays_and_an_old_match_is_reviewed_again(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    first = [
        Match("shop", "1", "A", 10, 0.7, "review"),
        Match("shop", "2", "B", 10, 0.995),
        Match("shop", "3", "C", 10, 0.1, "rejected"),
    ]
    with ledger.writing() as connection:
        assert matching.record_found(connection, first, 10) == first[:2]
        assert [match.product_id for match in pages.matches(connection, "review", 10)] == ["1"]
        matching.judge(connection, "shop", "1", "rejected", "ann", 20)
        again = [Match("shop", "1", "A", 30, 0.99), Match("shop", "2", "B", 30, 0.996)]
        assert matching.record_found(connection, again, 30) == again[1:]
        assert matching.record_found(connection, [Match("shop", "1", "Z", 40, 0.8, "review")], 40)
        assert matching.expire(connection, 30 + 90 * DAY_MS) == []
        (old,) = matching.expire(connection, 31 + 90 * DAY_MS)
        assert (old.product_id, old.status) == ("2", "review")
    ledger.close()
