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


def test_an_unchanged_page_is_confirmed_over_a_restart_and_another_product_is_unknown(tmp_path: Path) -> None:
    dear, cheap = product("129.50"), product("99.00")
    with local_shop() as shop:
        row = {"competitor": "a", "url": f"{shop.url}/p/4711", "sku": "OWN-1"}
        others = [{"competitor": "b", "url": f"{shop.url}/p/{name}"} for name in ("chair", "table", "lamp")]
        shop.pages |= {
            "/p/4711": tagged(dear),
            "/p/chair": lambda _: Reply(product("129.50", gtin="4006381333931")),
            "/p/table": lambda _: Reply(product("300.00", "Table oak", "T-9")),
            "/p/lamp": lambda _: Reply(product("40.00", "Lamp one", "L-1")),
            "/p/sofa": lambda _: Reply(product("900.00", "Sofa", "S-1")),
            "/de/lampe": lambda _: Reply(product("41.00", "Lampe Eins", "L-1")),
        }
        first = crawl_once(tmp_path, [row, *others])
        shop.pages |= {
            "/p/chair": lambda _: Reply(product("12.50", "Cup", "C-1", gtin="4012345678901")),
            "/p/table": lambda _: Reply(b"", 301, {"Location": "/p/sofa"}),
            "/p/lamp": lambda _: Reply(b"", 302, {"Location": "/de/lampe"}),
        }
        again = crawl_once(tmp_path, [{**row, "sku": "OWN-2"}, *others])
        shop.pages["/p/4711"] = tagged(cheap)
        third = crawl_once(tmp_path, [row])
        asked = [one.headers for one in shop.asked if one.path == "/p/4711"]
    assert first.outcomes == {"ok": 4}
    before, confirmed, after = (
        next(seen for seen in one.seen if seen["competitor"] == "a") for one in (first, again, third)
    )
    assert (before["price_minor"], confirmed["price_minor"], after["price_minor"]) == (12950, 12950, 9900)
    assert confirmed["observed_at"] > before["observed_at"]
    assert confirmed["sku"] == "OWN-2"  # what we say of it is ours, not the page's
    assert before["evidence"] == confirmed["evidence"] == content_hash(dear)
    assert "if-none-match" not in asked[0]
    assert [one.get("if-none-match") for one in asked[1:]] == [f'"{content_hash(dear)[:8]}"'] * 2
    assert asked[1]["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"
    packed = tmp_path / "snapshots" / after["evidence"][:2] / f"{after['evidence']}.html.gz"
    assert gzip.decompress(packed.read_bytes()) == cheap
    assert again.outcomes == {"other_product": 2, "ok": 2}
    assert [one["price_minor"] for one in again.seen if one["competitor"] == "b"] == [4100]
    assert sorted(one["message"].partition("; ")[2].partition(",")[0] for one in again.dead) == [
        "its GTIN was 4006381333931",
        "its SKU was 'T-9'",
    ]
