"""Feeds, interfaces, listings and sitemaps of a real server: rows, dead letters, paging with guards, discovery."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from contracts.ids import content_hash
from crawlers.sources.discovered import Discovered
from crawlers.storage.snapshots import Snapshots
from tests.integration.local_shop import Asked, LocalShop, Reply, crawl_once, local_shop, product

MAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
INDEX = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'


def rss(*items: tuple[int, str]) -> bytes:
    found = "".join(
        f"<item><id>{key}</id><title>Chair {key}</title><link>/p/{key}</link><price>{price}</price>"
        f"<availability>in_stock</availability></item>"
        for key, price in items
    )
    return f"<rss><channel>{found}</channel></rss>".encode()


def conditional(body: bytes) -> object:
    def page(asked: Asked) -> Reply:
        tag = f'"{content_hash(body)[:8]}"'
        return Reply(body, 304 if asked.headers.get("if-none-match") == tag else 200, {"ETag": tag})

    return page


def tiles(*numbers: int, after: str = "") -> bytes:
    found = "".join(
        f'<div class=card data-id={n}><a href="/p/{n}">Lamp {n}</a><b class=now>€ {n}.50</b>'
        f"{'<i class=sold></i>' if n % 2 else ''}</div>"
        for n in numbers
    )
    return f"<html><head>{after}</head><body>{found}</body></html>".encode()


SHOPS = """
[[source]]
competitor = "feed"
kind = "feed"
url = "{url}/feed.xml.gz"
currency = "EUR"

[[source]]
competitor = "api"
kind = "feed"
url = "{url}/api"
items = "found"
next = "next"
fields = {{ product_id = "nr", name = "title", price = "cents", currency = "=EUR" }}
minor = true

[[source]]
competitor = "counted"
kind = "feed"
url = "{url}/counted?sort=new"
page = "page"
currency = "EUR"

[[source]]
competitor = "tiles"
kind = "listing"
url = "{url}/lamps"
items = ".card"
fields = {{ product_id = "@data-id", url = "a@href", name = "a", price = ".now", out_of_stock = ".sold" }}

[[source]]
competitor = "map"
kind = "sitemap"
url = "{url}/sitemap.xml"
pages = "/p/*"
most_new = 2

[[source]]
competitor = "gone"
kind = "feed"
url = "{url}/gone.csv"

[[source]]
competitor = "blocked"
kind = "listing"
url = "{url}/blocked"
pages = "/p/*"
"""


def shop_with_everything(shop: LocalShop) -> None:
    def api(number: int, following: object) -> object:
        body = json.dumps(
            {"found": [{"nr": number, "title": f"Cup {number}", "cents": 100 * number}], "next": following}
        )
        return lambda _: Reply(body.encode(), headers={"Content-Type": "application/json"})

    packed = gzip.compress(rss((1, "5.00 EUR"), (2, "no price"), (3, "6.00 EUR")), mtime=0)
    last = b"id,title,price\n9,Bowl,3\n"
    shop.pages |= {
        "/feed.xml.gz": conditional(packed),
        "/api": api(1, "/api?after=1"),
        "/api?after=1": api(2, "http://127.0.0.2:9/api?after=2"),  # leads away: not followed
        "/counted?sort=new&page=2": lambda _: Reply(b"id,title,price\n8,Bowl,4\n"),
        "/counted?sort=new": lambda _: Reply(b"id,title,price\n7,Bowl,4\n"),
        "/counted?sort=new&page=3": lambda _: Reply(last),
        "/counted?sort=new&page=4": lambda _: Reply(last),  # a shop that answers every number with its last page
        "/lamps": lambda _: Reply(tiles(1, 2, after='<link rel="next" href="/lamps?page=2">')),
        "/lamps?page=2": lambda _: Reply(tiles(3, after='<link rel="next" href="/lamps">')),  # a circle
        "/sitemap.xml": lambda _: Reply(
            INDEX.format(
                f"<sitemap><loc>{shop.url}/1.xml.gz</loc></sitemap><sitemap><loc>{shop.url}/sitemap.xml</loc></sitemap>"
            ).encode()
        ),
        "/1.xml.gz": lambda _: Reply(
            gzip.compress(
                MAP.format(
                    "".join(f"<url><loc>{shop.url}/{p}</loc></url>" for p in ("p/20", "p/21", "p/22", "about"))
                ).encode()
            )
        ),
        **{
            f"/p/{n}": lambda asked: Reply(product("7.00", f"Pot {asked.path}", f"S{asked.path[-2:]}"))
            for n in (20, 21, 22)
        },
        "/blocked": lambda _: Reply(b"<title>Are you a robot?</title>"),
    }  # type: ignore[assignment]


def test_sources_give_observations_dead_letters_and_what_is_new(tmp_path: Path) -> None:
    with local_shop() as shop:
        shop_with_everything(shop)
        (tmp_path / "shops.toml").write_text(SHOPS.format(url=shop.url))
        rows = [
            {"competitor": "feed", "url": f"{shop.url}/p/3", "sku": "OWN-3", "category": "chairs", "product_id": "X3"}
        ]
        shop.pages["/p/3"] = lambda _: Reply(product("6.00", "Chair 3", "3"))
        given = {"settings": {"shops": str(tmp_path / "shops.toml"), "currency": "CNY"}}
        first = crawl_once(tmp_path, rows, **given)
        asked = shop.paths()
        shop.pages["/counted?sort=new"] = lambda _: Reply(b"id,title,price\n7,Bowl <b>,3\n")
        second = crawl_once(tmp_path, rows, **given)
        again = shop.paths()[len(asked) :]
    seen = {(one["competitor"], one["product_id"]): one for one in first.seen}
    prices = {
        key: (one["price_minor"], one["currency"], one.get("availability", "InStock")) for key, one in seen.items()
    }
    assert prices == {
        ("feed", "1"): (500, "EUR", "InStock"),
        ("feed", "X3"): (600, "EUR", "InStock"),
        ("api", "1"): (100, "EUR", "Unknown"),
        ("api", "2"): (200, "EUR", "Unknown"),
        ("counted", "7"): (400, "EUR", "Unknown"),
        ("counted", "8"): (400, "EUR", "Unknown"),
        ("counted", "9"): (300, "EUR", "Unknown"),
        ("tiles", "1"): (150, "EUR", "OutOfStock"),
        ("tiles", "2"): (250, "EUR", "Unknown"),
        ("tiles", "3"): (350, "EUR", "OutOfStock"),
        ("map", "p/20"): (700, "EUR", "InStock"),
        ("map", "p/21"): (700, "EUR", "InStock"),
    }
    of_feed = [one for one in first.seen if one["product_id"] == "X3" and one["source"] == "feed"]
    assert [(one["sku"], one["category"]) for one in of_feed] == [("OWN-3", "chairs")]
    reasons = sorted((one["code"], json.loads(one["value"]).get("competitor", "row")) for one in first.dead)
    assert reasons == [("bad_page", "gone"), ("bad_row", "row"), ("blocked_page", "blocked")]
    assert len(asked) == len(set(asked)), "nothing was asked for twice"
    assert "/counted?sort=new&page=4" in asked
    assert not {"/counted?sort=new&page=5", "/about"} & set(asked)
    # The second crawl reads the copy of the unchanged feed again, and looks at the next new page of the map.
    confirmed = [one for one in second.seen if one["competitor"] == "feed" and one["product_id"] == "1"]
    assert [one["price_minor"] for one in confirmed] == [500]
    assert confirmed[0]["observed_at"] > seen["feed", "1"]["observed_at"]
    assert "/p/22" in again
    assert not {"/p/20", "/p/21"} & set(again)
    assert not list((tmp_path / "downloads").glob("*.part"))
    (cheaper,) = [one for one in second.seen if one["competitor"] == "counted" and one["product_id"] == "7"]
    kept = Snapshots(tmp_path / "snapshots", 90, 0)
    shown = gzip.decompress(kept.path(cheaper["evidence"]).read_bytes()).decode()
    assert "<th>title</th><td>Bowl &lt;b&gt;</td>" in shown
    assert not kept.path(confirmed[0]["evidence"]).exists()  # it says what it said before
    found = Discovered(tmp_path / "crawl.sqlite")
    names = {(one.competitor, one.product.key): one.product.name for one in found.products()}
    found.close()
    assert names["map", "p/22"] == "Pot /p/22"
    assert names["feed", "1"] == "Chair 1"
    assert ("feed", "X3") not in names
    assert len(names) == 12
