"""Rows become observations of what is watched; variants are not mixed up, and a wrong mapping is given up at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import UnreadablePageError
from contracts.observations import Observation
from crawlers.discovered import Discovered
from crawlers.gleaning import HOPELESS, Evidence, Gleaning
from crawlers.items import FailedRow
from crawlers.memory import FILE, Memory
from crawlers.snapshots import Snapshots
from crawlers.sources import Source
from crawlers.targets import Targets
from crawlers.watchlist import Row

FEED = Source(competitor="a", kind="feed", url="https://shop.example/feed", currency="EUR")
PAGE = "https://shop.example/p/1"


@pytest.fixture
def outcomes() -> Counter[str]:
    return Counter()


@pytest.fixture
def gleaning(tmp_path: Path, outcomes: Counter[str]) -> Iterator[Gleaning]:
    memory, discovered = Memory(tmp_path / FILE), Discovered(tmp_path / FILE)
    targets = Targets(
        [Row(competitor="a", url=PAGE, sku="OWN-1"), Row(competitor="a", url="", product_id="7", sku="OWN-7")]
    )
    yield Gleaning(targets, discovered, Evidence(memory, Snapshots(tmp_path, 9, 10**6)), outcomes)
    memory.close()
    discovered.close()


def test_of_variants_that_share_a_watched_page_one_is_its_product(gleaning: Gleaning, outcomes: Counter[str]) -> None:
    rows = [
        {"id": "1-red", "link": PAGE, "price": "5"},
        {"id": "1-blue", "link": PAGE, "price": "6"},
        {"id": "7", "link": "https://shop.example/p/7", "price": "7"},
        {"id": "8", "price": "no"},
    ]
    found = list(gleaning.rows(enumerate(rows, 1), FEED, 1_000))
    seen = [(one.product_id, one.sku, one.price_minor) for one in found if isinstance(one, Observation)]
    assert seen == [("p/1", "OWN-1", 500), ("1-blue", "", 600), ("7", "OWN-7", 700)]
    assert [one.competitor for one in found if isinstance(one, FailedRow)] == ["a"]
    assert outcomes == {"rows": 3, "bad_rows": 1}


def test_a_wrong_mapping_is_given_up(gleaning: Gleaning, outcomes: Counter[str]) -> None:
    endless = ((number, {"id": str(number)}) for number in range(1, 10**9))
    with pytest.raises(UnreadablePageError, match=f"none of {HOPELESS} rows can be used"):
        list(gleaning.rows(endless, FEED, 1_000))
    assert outcomes["bad_rows"] == HOPELESS - 1
