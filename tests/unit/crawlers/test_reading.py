"""Rows become observations of what is watched; variants are not mixed up, and a wrong mapping is given up at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import UnreadablePageError
from contracts.observations import Observation
from crawlers.items import FailedRow
from crawlers.pages.watchlist import Row
from crawlers.sources.discovered import Discovered
from crawlers.sources.known import KnownProducts
from crawlers.sources.reading import HOPELESS, Evidence, RowReader
from crawlers.sources.source import Source
from crawlers.storage.pages import FILE, PageStore
from crawlers.storage.snapshots import Snapshots

FEED = Source(competitor="a", kind="feed", url="https://shop.example/feed", currency="EUR")
PAGE = "https://shop.example/p/1"


@pytest.fixture
def outcomes() -> Counter[str]:
    return Counter()


@pytest.fixture
def reader(tmp_path: Path, outcomes: Counter[str]) -> Iterator[RowReader]:
    store, discovered = PageStore(tmp_path / FILE), Discovered(tmp_path / FILE)
    targets = KnownProducts(
        [Row(competitor="a", url=PAGE, sku="OWN-1"), Row(competitor="a", url="", product_id="7", sku="OWN-7")]
    )
    yield RowReader(targets, discovered, Evidence(store, Snapshots(tmp_path, 9, 10**6)), outcomes)
    store.close()
    discovered.close()


def test_of_variants_that_share_a_watched_page_one_is_its_product(reader: RowReader, outcomes: Counter[str]) -> None:
    rows = [
        {"id": "1-red", "link": PAGE, "price": "5"},
        {"id": "1-blue", "link": PAGE, "price": "6"},
        {"id": "7", "link": "https://shop.example/p/7", "price": "7"},
        {"id": "8", "price": "no"},
    ]
    found = list(reader.rows(enumerate(rows, 1), FEED, 1_000))
    seen = [(one.product_id, one.sku, one.price_minor) for one in found if isinstance(one, Observation)]
    assert seen == [("p/1", "OWN-1", 500), ("1-blue", "", 600), ("7", "OWN-7", 700)]
    assert [one.competitor for one in found if isinstance(one, FailedRow)] == ["a"]
    assert outcomes == {"rows": 3, "bad_rows": 1}


def test_a_wrong_mapping_is_given_up(reader: RowReader, outcomes: Counter[str]) -> None:
    endless = ((number, {"id": str(number)}) for number in range(1, 10**9))
    with pytest.raises(UnreadablePageError, match=f"none of {HOPELESS} rows can be used"):
        list(reader.rows(endless, FEED, 1_000))
    assert outcomes["bad_rows"] == HOPELESS - 1
