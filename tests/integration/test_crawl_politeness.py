"""A crawl does what a shop asks of it: waits, slows down, stays away, leaves it alone; a wall is never a stock-out."""

from __future__ import annotations

from itertools import count, pairwise
from pathlib import Path

from tests.integration.local_shop import Asked, LocalShop, Reply, crawl_once, local_shop, product

SHOPS = ("slow", "busy", "down", "walls", "lost", "free")


def shops_of(shop: LocalShop) -> None:
    numbers = count()

    def robots(asked: Asked) -> Reply:
        name = asked.headers["host"].partition(".")[0]
        rules = {"slow": b"User-agent: *\nDisallow: /private\nCrawl-delay: 0.5\n"}
        return Reply(rules.get(name, b"nothing here"), {"slow": 200, "lost": 503, "free": 404}.get(name, 403))

    def busy(_: Asked) -> Reply:
        first = next(numbers) == 0
        return Reply(product("5.00"), 429 if first else 200, {"Retry-After": "2"} if first else {})

    shop.pages = {
        "/robots.txt": robots,
        **{f"/slow{n}": lambda _: Reply(product("5.00")) for n in range(4)},
        "/private": lambda _: Reply(product("5.00")),
        **{f"/busy{n}": busy for n in range(3)},
        **{f"/down{n}": lambda _: Reply(b"oops", 500) for n in range(40)},
        "/walls0": lambda _: Reply(product("5.00"), 403),
        "/walls1": lambda _: Reply(b"<title>Just a moment...</title>"),
        "/walls2": lambda _: Reply("<body>请完成验证 缺货</body>".encode()),
        "/walls3": lambda _: Reply(b"sold out", 429),
        "/lost0": lambda _: Reply(product("5.00")),
        "/free0": lambda _: Reply(product("5.00")),
    }


def test_shops_get_what_they_ask_for(tmp_path: Path) -> None:
    with local_shop() as shop:
        shops_of(shop)
        port = shop.url.rpartition(":")[2]
        pages = {name: [path for path in shop.pages if path.startswith(f"/{name}")] for name in SHOPS}
        pages["slow"].append("/private")
        rows = [
            {"competitor": name, "url": f"http://{name}.example:{port}{path}"}
            for name, paths in pages.items()
            for path in paths
        ]
        found = crawl_once(
            tmp_path,
            rows,
            names={f"{name}.example": ["127.0.0.1"] for name in SHOPS},
            scrapy={"CONCURRENT_REQUESTS_PER_DOMAIN": 1, "DOWNLOAD_DELAY": 0.05},
            settings={"user_agent": "PriceRadar/0.1 (+https://ours.example; test)"},
        )
        asked = {name: [one for one in shop.asked if one.headers["host"].startswith(name)] for name in SHOPS}
    prices = {name: sum(one["competitor"] == name for one in found.seen) for name in SHOPS}
    assert prices == {"slow": 4, "busy": 3, "down": 0, "walls": 0, "lost": 0, "free": 1}
    assert all(one["user-agent"].startswith("PriceRadar/0.1") for one in (each.headers for each in shop.asked))
    paced = [one.at for one in asked["slow"] if one.path != "/robots.txt"]
    assert all(after - before > 0.45 for before, after in pairwise(paced))
    assert "/private" not in shop.paths()
    busy = [one for one in asked["busy"] if one.path != "/robots.txt"]
    assert busy[1].at - busy[0].at > 1.9  # nothing at all came in the two seconds the shop asked for
    assert len(busy) == 4
    assert (
        20 <= sum(one.path != "/robots.txt" for one in asked["down"]) <= 22
    )  # two tries a page, then its circuit opens
    assert found.outcomes["refused"] > 20
    assert [one.path for one in asked["lost"] if one.path != "/robots.txt"] == []
    assert not found.browser
    walls = [one for one in found.dead if "walls" in one["value"]]
    assert {one["code"] for one in walls} == {"blocked_page"}
    assert len(walls) == 4
