"""No crawl is led to an address inside: by a redirect, a name, a refresh, a feed, or a name that changes its mind."""

from __future__ import annotations

from pathlib import Path

from tests.integration.local_shop import Page, Reply, crawl_once, local_shop, product


def to(url: str) -> Page:
    return lambda _: Reply(b"", 302, {"Location": url})


def test_no_answer_and_no_name_leads_inside(tmp_path: Path) -> None:
    with local_shop("0.0.0.0") as shop:
        port = shop.url.rpartition(":")[2]
        inside = f"127.0.0.2:{port}/secret"
        shop.pages = {
            "/robots.txt": lambda _: Reply(b"", 404, {"Connection": "close"}),  # what follows looks its name up again
            "/ok": lambda _: Reply(product("5.00")),
            "/address": to(f"http://{inside}"),
            "/mapped": to(f"http://[::ffff:127.0.0.2]:{port}/secret"),
            "/decimal": to(f"http://2130706434:{port}/secret"),
            "/cloud": to("http://169.254.169.254/latest/meta-data/"),
            "/name": to(f"http://inside.example:{port}/secret"),
            "/file": to("file:///etc/passwd"),
            "/user": to(f"http://shop.example@{inside}"),
            "/refresh": lambda _: Reply(f"<meta http-equiv=refresh content='0; url=http://{inside}'>".encode()),
            "/rebound": lambda _: Reply(product("6.00")),
            "/secret": lambda _: Reply(product("7.00")),
            "/feed.csv": lambda _: Reply(b"id,price\n1,5 EUR\n"),
        }
        (tmp_path / "shops.toml").write_text(
            f'[[source]]\ncompetitor = "a"\nkind = "feed"\nurl = "http://inside.example:{port}/feed.csv"\n'
        )
        base, rebinding = f"http://shop.example:{port}", f"http://rebinding.example:{port}"
        pages = [
            f"{base}{path}" for path in shop.pages if path not in ("/robots.txt", "/secret", "/feed.csv", "/rebound")
        ]
        found = crawl_once(
            tmp_path,
            [{"competitor": "a", "url": url} for url in (*pages, f"{rebinding}/rebound", f"http://{inside}")],
            private=False,
            public=["127.0.0.1"],
            names={
                "shop.example": ["127.0.0.1"],
                "inside.example": ["127.0.0.2"],
                "rebinding.example": ["127.0.0.1", "127.0.0.2"],  # robots.txt is fetched from outside, the page is not
            },
            scrapy={"DNSCACHE_ENABLED": False, "DOWNLOAD_DELAY": 0.0, "RETRY_TIMES": 0, "AUTOTHROTTLE_ENABLED": False},
            settings={"shops": str(tmp_path / "shops.toml")},
        )
        hosts = {one.headers["host"].partition(":")[0] for one in shop.asked}
    assert [one["price_minor"] for one in found.seen] == [500]
    assert found.outcomes["ok"] == 1
    assert found.outcomes["refused"] + found.outcomes["unreachable"] == len(pages) - 1 + 3
    assert hosts == {"shop.example", "rebinding.example"}
    assert not {"/secret", "/rebound", "/feed.csv"} & set(shop.paths())
