"""What is remembered of pages and kept of them: within bounds, over versions, and never believed too long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import BadPageError, BlockedPageError, OtherProductError
from contracts.times import DAY_MS
from crawlers.pages.identity import Identity, same_product
from crawlers.pages.observe import Answer
from crawlers.pages.visits import Visits
from crawlers.pages.watchlist import Row
from crawlers.storage.conditional import WHOLE_EVERY_MS
from crawlers.storage.pages import KEPT_MS, Page, PageStore
from crawlers.storage.snapshots import Snapshots, evidence_of
from tests.integration.local_shop import product

URL = "https://shop.example/p/4711"
ROW = Row(competitor="a", url=URL)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PageStore]:
    found = PageStore(tmp_path / "crawl.sqlite")
    yield found
    found.close()


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots", 90, 10_000)


def answer(at: int, body: bytes = product("10.00"), **fields: object) -> Answer:
    return Answer(URL, body, at, etag='"1"')._replace(**fields)  # type: ignore[arg-type]


def test_a_page_is_asked_for_whole_once_a_day_and_after_other_rules(store: PageStore, snapshots: Snapshots) -> None:
    visits = Visits(store, snapshots)
    assert visits.headers(ROW, 0) == {}
    visits.read(ROW, answer(1_000))
    assert visits.headers(ROW, 2_000) == {"If-None-Match": '"1"'}
    assert visits.read(ROW, answer(3_000, b"", status=304)).observed_at == 3_000
    assert visits.headers(ROW, 1_001 + WHOLE_EVERY_MS) == {}
    assert Visits(store, snapshots, currency="EUR").headers(ROW, 2_000) == {}
    assert Visits(store, snapshots, rules=2).headers(ROW, 2_000) == {}


@pytest.mark.parametrize("url", [URL, "https://shop.example/elsewhere"])
def test_an_unchanged_page_that_nobody_knows_is_a_failure(store: PageStore, snapshots: Snapshots, url: str) -> None:
    visits = Visits(store, snapshots)
    if url != URL:
        visits.read(ROW, answer(1_000))
    with pytest.raises(BadPageError, match="was HTTP status 304"):
        visits.read(ROW, answer(2_000, b"", status=304, url=url))
    assert visits.headers(ROW, 3_000) == {}


def test_pages_are_kept_while_they_say_something_new_and_a_failure_once(store: PageStore, snapshots: Snapshots) -> None:
    visits = Visits(store, snapshots)
    same = [product("10.00") + b"<!-- %d -->" % number for number in range(4)]
    walls = [b"<title>Robot check</title> %d" % number for number in range(2)]
    for number, body in enumerate(same[:3]):
        visits.read(ROW, answer(number, body))
    for number, body in enumerate(walls):
        with pytest.raises(BlockedPageError):
            visits.read(ROW, answer(10 + number, body))
    visits.read(ROW, answer(20, same[0]))
    visits.read(ROW, answer(21, same[1]))
    visits.read(ROW, answer(22, same[3], status=200), wanted=True)
    kept = [snapshots.path(evidence_of(body)).exists() for body in (*same, *walls)]
    assert kept == [True, True, False, True, True, False]


def test_a_header_that_would_end_the_line_is_not_sent_back(store: PageStore, snapshots: Snapshots) -> None:
    visits = Visits(store, snapshots)
    visits.read(ROW, answer(1_000, etag='"1"\r\nHost: x', last_modified="x" * 501))
    assert visits.headers(ROW, 2_000) == {}


def test_what_a_page_was_of_is_forgotten_when_it_gave_nothing_for_long(store: PageStore, snapshots: Snapshots) -> None:
    visits, cup = Visits(store, snapshots), product("2.00", "Cup", "C-1")
    visits.read(ROW, answer(1_000))
    with pytest.raises(OtherProductError):
        visits.read(ROW, answer(2_000, cup))
    assert visits.read(ROW, answer(1_001 + KEPT_MS, cup)).price_minor == 200


def test_memory_is_bounded_and_a_damaged_one_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    path.write_bytes(b"not a database" * 100)
    store = PageStore(path, most_pages=3)
    for number in range(6):
        store.learn("a", str(number), Page(etag=str(number)), number)
    store.prune(10)
    assert [store.page("a", str(number)) is not None for number in range(6)] == [False] * 3 + [True] * 3
    store.prune(KEPT_MS + 5)
    assert store.page("a", "4") is None
    store.close()
    again = PageStore(path)
    assert again.page("a", "5") == Page(etag="5")
    again.close()


def test_snapshots_are_bounded_by_age_and_size_the_longest_unneeded_first(snapshots: Snapshots) -> None:
    pages = [os.urandom(3_000) for _ in range(5)]
    for number, body in enumerate(pages):
        path = snapshots.path(snapshots.keep(body))
        os.utime(path, (number, number))
    os.utime(snapshots.path(evidence_of(pages[0])), (9, 9))  # needed again
    assert snapshots.prune(10_000) == 2
    assert [snapshots.path(evidence_of(body)).exists() for body in pages] == [True, False, False, True, True]
    assert snapshots.prune(90 * DAY_MS + 5_000) == 2
    assert not list(snapshots.path("ab").parent.parent.rglob("*.part"))


CHAIR = Identity("A-1", "4006381333931", URL, "Chair oak")


@pytest.mark.parametrize(
    ("answered", "found", "same"),
    [
        ("https://shop.example/de/stuhl", Identity(sku="a1"), True),  # written otherwise
        ("https://shop.example/de/stuhl", Identity(gtin=CHAIR.gtin), True),
        ("https://shop.example/p/998877", Identity(canonical=URL), True),  # a mobile page that names the one asked for
        ("https://shop.example/p/998877", Identity(name="Chair oak"), False),
        ("https://shop.example/p/4711-red", Identity("A-2", name="Chair oak"), False),  # redirected to another variant
        ("https://shop.example/p/stool-4711", Identity(name="Stool"), False),
        ("https://shop.example/p/chair-oak-4711", Identity(name="Chair of oak"), True),
        (URL, Identity("A-2", name="Chair oak, red"), True),  # a page that shows another of its variants first
        (URL, Identity("A-2", name="Ladder"), False),
        (URL, Identity(gtin="4012345678901", name="Ladder"), False),
        (URL, Identity(canonical="https://shop.example/p/ladder", name="Ladder"), False),
        (URL, Identity(canonical="https://shop.example/p/oak-chair", name="Oak chair"), True),
        (URL, Identity(), True),
    ],
)
def test_codes_come_before_urls_and_names(answered: str, found: Identity, same: bool) -> None:
    if same:
        same_product(ROW, answered, found, CHAIR)
    else:
        with pytest.raises(OtherProductError, match="was expected"):
            same_product(ROW, answered, found, CHAIR)


def test_the_id_of_the_watchlist_proves_the_product_unless_its_gtin_is_another() -> None:
    row = Row(competitor="a", url="https://shop.example/p/old", product_id="77-1")
    same_product(row, "https://shop.example/new", Identity("771"), Identity())
    with pytest.raises(OtherProductError, match="GTIN"):
        same_product(row, "https://shop.example/new", Identity("771", "4012345678901"), Identity(gtin=CHAIR.gtin))
