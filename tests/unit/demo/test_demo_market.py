"""The demo's shops: real pages over HTTP, prices that move on schedule."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from contracts.times import DAY_MS
from crawlers.extract import extract
from crawlers.shops import read_sources
from crawlers.sources.feeds import listed_of, rows
from crawlers.sources.listings import read
from crawlers.sources.sitemaps import addresses
from demo.market import Market
from demo.samples import AMPLE, PRODUCTS, catalogue, matches, sales, stock, watchlist, write_sources, write_watchlist
from demo.schedule import SCRIPT, SHOPS, Schedule

NOW = 1_763_990_000_000


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        return str(response.read().decode())


def test_every_watched_page_answers_with_its_own_product() -> None:
    with Market() as market:
        for row in watchlist(market.addresses):
            page = get(row.url)
            assert row.name in page
            assert row.product_id in page


def test_within_fifteen_seconds_regular_prices_fall_where_stock_is_ample() -> None:
    schedule = Schedule()
    cuts = {
        (step.shop, step.product)
        for step in SCRIPT
        if step.at <= 15 and step.product < AMPLE and step.bp < 9_500 and step.kind == "price"
    }
    assert len(cuts) >= 5
    for shop, product in cuts:
        before, after = schedule.offer(shop, product, 0), schedule.offer(shop, product, 15)
        assert after.price_minor * 100 < before.price_minor * 95
        assert after.was_minor is None


def test_equal_seeds_give_equal_markets() -> None:
    for seconds in (0, 30, 300):
        one = [Schedule(3).offer(shop, product, seconds) for shop in range(3) for product in range(20)]
        two = [Schedule(3).offer(shop, product, seconds) for shop in range(3) for product in range(20)]
        assert one == two
    bases = [[Schedule(seed).offer(0, product, 0) for product in range(20)] for seed in (3, 4)]
    assert bases[0] != bases[1]


@pytest.mark.parametrize(("kind", "mark"), [("glitch", "00.00"), ("block", "captcha")])
def test_a_glitch_and_a_block_strike_one_request_only(kind: str, mark: str) -> None:
    step = next(step for step in SCRIPT if step.kind == kind)
    with Market() as market:
        market._started = time.monotonic() - step.at  # later its price would move as well
        url = f"{market.addresses[SHOPS[step.shop]]}/p/{1000 + step.product}"
        first, second = get(url), get(url)
    assert mark in first
    assert first != second
    assert PRODUCTS[step.product].name in second


def test_samples_are_consistent() -> None:
    items, levels, history = catalogue(NOW), stock(NOW), sales(NOW)
    assert {item.sku for item in items} == {level.sku for level in levels} == {row.sku for row in history}
    assert all(item.cost_minor is not None and item.cost_minor < item.price_minor for item in items)
    assert max(row.interval_end for row in history) <= NOW
    assert len({row.interval_start for row in history}) == 26 * 7
    daily = {
        sku: sum(row.units for row in history if row.sku == sku) / (26 * 7) for sku in {row.sku for row in history}
    }
    cover = [level.on_hand / daily[level.sku] for level in levels]
    assert min(cover[:AMPLE]) > 40
    assert max(cover[AMPLE:]) < 10
    assert history[0].interval_end - history[0].interval_start == DAY_MS


def test_watchlist_file_names_every_page(tmp_path: Path) -> None:
    with Market() as market:
        path = write_watchlist(tmp_path / "watchlist.csv", market.addresses)
        assert len(matches(market.addresses, NOW)) == 60
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert set(rows[0]) >= {"competitor", "url", "sku"}


def test_runs_as_a_process_and_ends_when_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo", "--watchlist", str(tmp_path / "w.csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shops = json.loads(process.stdout.readline())["shops"]
        assert "Disallow" in get(f"{shops[SHOPS[0]]}/robots.txt")
        process.terminate()
        assert process.wait(10) == 0


def test_a_feed_a_sitemap_and_a_listing_name_every_product(tmp_path: Path) -> None:
    with Market(speed=0.0) as market:
        feed, sitemap, listing = read_sources(write_sources(tmp_path / "shops.toml", market.addresses))
        (tmp_path / "feed").write_text(get(feed.url), encoding="utf-8")
        listed = [listed_of(raw, number, feed, NOW) for number, raw in rows(tmp_path / "feed", feed)]  # type: ignore[arg-type]
        page = get(listed[0].observation.url)
        (tmp_path / "map").write_text(get(sitemap.url), encoding="utf-8")
        named = [one.url for one in addresses(tmp_path / "map") if sitemap.is_product(one.url)]
        links = read(get(listing.url).encode(), listing.url, listing).links
    assert [one.product.gtin for one in listed] == [item.gtin for item in catalogue(NOW)]
    assert all(one.observation.currency == "CNY" and one.observation.availability == "InStock" for one in listed)
    assert extract(page.encode(), feed.url).price_minor == listed[0].observation.price_minor
    assert len(named) == len(links) == len(PRODUCTS)
