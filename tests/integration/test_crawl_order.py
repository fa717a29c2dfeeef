"""What was asked for is fetched first, and what a crawl has learned is there after a restart."""

from __future__ import annotations

from pathlib import Path

from crawlers.scheduling import learned
from tests.integration.local_shop import Reply, crawl_once, local_shop, product

UNDER_WAY = 8  # pages of one shop at once


def test_what_was_asked_for_comes_first_and_what_was_learned_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "schedules" / "list.npz"
    with local_shop() as shop:
        rows = [{"competitor": "a", "url": f"{shop.url}/p/{number}"} for number in range(100)]
        shop.pages |= {f"/p/{number}": lambda _: Reply(product("129.50")) for number in range(100)}
        given = {"every": 20.0, "until": 12, "schedule": str(kept)}
        seen = {row["url"] for row in crawl_once(tmp_path, rows, wanted=[97, 98], **given).seen}
        first, state = shop.paths(), learned.read(kept)
        crawl_once(tmp_path, rows, wanted=[97], **given)
        again = shop.paths()[len(first) :]
    assert {"/p/97", "/p/98"} <= set(first[:UNDER_WAY])
    assert state is not None
    assert len(state["keys"]) >= len(seen) >= 12
    assert "/p/97" in again[:UNDER_WAY]
    known = {url.removeprefix(shop.url) for url in seen} - {"/p/97"}
    assert not known & set(again)  # pages never seen come before those known from before the restart


def test_a_broken_file_of_what_was_learned_is_said_and_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "list.npz"
    kept.write_bytes(b"PK\x03\x04 torn")
    with local_shop() as shop:
        shop.pages["/p/1"] = lambda _: Reply(product("129.50"))
        rows = [{"competitor": "a", "url": f"{shop.url}/p/1"}]
        crawled = crawl_once(tmp_path, rows, every=1.0, until=1, schedule=str(kept))
    said = [line for line in crawled.errors.splitlines() if str(kept) in line]
    assert len(said) == 1
    assert "anew" in said[0]
    assert learned.read(kept) is not None
