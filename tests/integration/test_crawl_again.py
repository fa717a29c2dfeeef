"""Pages visited again: unchanged ones are not sent, new ones are evidence, another product is not believed."""

from __future__ import annotations

import gzip
from pathlib import Path

from contracts.ids import content_hash
from tests.integration.local_shop import Asked, Page, Reply, crawl_once, local_shop, product


def tagged(body: bytes) -> Page:
    def page(asked: Asked) -> Reply:
        tag = f'"{content_hash(body)[:8]}"'
        unchanged = asked.headers.get("if-none-match") == tag
        return Reply(body, 304 if unchanged else 200, {"ETag": tag, "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"})

    return page


def kept(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in (folder / "snapshots").glob("*/*.html.gz")}


def test_an_unchanged_page_is_confirmed_over_a_restart_and_a_new_price_is_kept_as_evidence(tmp_path: Path) -> None:
    dear, cheap = product("129.50"), product("99.00")
    with local_shop() as shop:
        rows = [{"competitor": "a", "url": f"{shop.url}/p/4711", "sku": "OWN-1"}]
        shop.pages["/p/4711"] = tagged(dear)
        first = crawl_once(tmp_path, rows)
        again = crawl_once(tmp_path, [{**rows[0], "sku": "OWN-2"}])
        shop.pages["/p/4711"] = tagged(cheap)
        third = crawl_once(tmp_path, rows)
        asked = [one.headers for one in shop.asked if one.path == "/p/4711"]
    assert [one.outcomes for one in (first, again, third)] == [{"ok": 1}] * 3
    (before,), (confirmed,), (after,) = first.seen, again.seen, third.seen
    assert (before["price_minor"], confirmed["price_minor"], after["price_minor"]) == (12950, 12950, 9900)
    assert confirmed["observed_at"] > before["observed_at"]
    assert confirmed["sku"] == "OWN-2"  # what we say of it is ours, not the page's
    assert before["evidence"] == confirmed["evidence"] == content_hash(dear)
    assert "if-none-match" not in asked[0]
    assert [one.get("if-none-match") for one in asked[1:]] == [f'"{content_hash(dear)[:8]}"'] * 2
    assert asked[1]["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"
    assert kept(tmp_path) == {content_hash(dear), content_hash(cheap)}
    packed = tmp_path / "snapshots" / after["evidence"][:2] / f"{after['evidence']}.html.gz"
    assert gzip.decompress(packed.read_bytes()) == cheap


def test_a_page_that_became_another_product_is_unknown(tmp_path: Path) -> None:
    with local_shop() as shop:
        rows = [{"competitor": "a", "url": f"{shop.url}/p/{name}"} for name in ("chair", "table", "lamp")]
        shop.pages |= {
            "/p/chair": lambda _: Reply(product("129.50", gtin="4006381333931")),
            "/p/table": lambda _: Reply(product("300.00", "Table oak", "T-9")),
            "/p/lamp": lambda _: Reply(product("40.00", "Lamp one", "L-1")),
            "/p/sofa": lambda _: Reply(product("900.00", "Sofa", "S-1")),
            "/de/lampe": lambda _: Reply(product("41.00", "Lampe Eins", "L-1")),
        }
        assert crawl_once(tmp_path, rows).outcomes == {"ok": 3}
        shop.pages |= {
            "/p/chair": lambda _: Reply(product("12.50", "Cup", "C-1", gtin="4012345678901")),
            "/p/table": lambda _: Reply(b"", 301, {"Location": "/p/sofa"}),
            "/p/lamp": lambda _: Reply(b"", 302, {"Location": "/de/lampe"}),
        }
        again = crawl_once(tmp_path, rows)
    assert again.outcomes == {"other_product": 2, "ok": 1}
    assert [one["price_minor"] for one in again.seen] == [4100]
    assert sorted(one["message"].partition("; ")[2].partition(",")[0] for one in again.dead) == [
        "its GTIN was 4006381333931",
        "its SKU was 'T-9'",
    ]
