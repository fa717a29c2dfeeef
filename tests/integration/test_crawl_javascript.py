"""Pages made by scripts, read through a real Chromium that has one way out; without them it is not even imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from contracts.errors import BadInputError
from crawlers.fetch import javascript
from runtime.settings import Settings
from tests.integration.local_shop import Reply, crawl_once, local_shop

pytestmark = pytest.mark.browser

PAGE = """<html><head><title>Chair oak</title></head><body><h1>Chair oak</h1><div id=app></div><img src="/picture.png">
<script>
fetch("http://{inside}/secret").catch(() => 0).finally(() => fetch("/api/price").then(one => one.json()).then(one => {{
  document.getElementById("app").innerHTML = `<p class="price" id="price">€ ${{one.price}}</p>`; }}));
</script></body></html>"""


def test_a_page_made_by_scripts_is_read_and_leads_nowhere_inside(tmp_path: Path, chromium: Path) -> None:
    with local_shop("0.0.0.0") as shop:
        port = shop.url.rpartition(":")[2]
        inside = f"inside.example:{port}"
        shop.pages = {
            "/p/1": lambda _: Reply(PAGE.format(inside=inside).encode()),
            "/api/price": lambda _: Reply(b'{"price": "129.50"}', headers={"Content-Type": "application/json"}),
            "/p/2": lambda _: Reply(b"", 302, {"Location": f"http://127.0.0.2:{port}/secret"}),
            "/p/3": lambda _: Reply(PAGE.format(inside=inside).encode()),
            "/secret": lambda _: Reply(b"<h1>Chair oak</h1><p id=price class=price>1.00 EUR</p>"),
        }
        (tmp_path / "shops.toml").write_text(
            '[[shop]]\nhost = "made.example"\njavascript = true\nwait_for = "#price"\n'
        )
        pages = [("made", "/p/1"), ("made", "/p/2"), ("plain", "/p/3")]
        found = crawl_once(
            tmp_path,
            [{"competitor": name, "url": f"http://{name}.example:{port}{path}"} for name, path in pages],
            private=False,
            public=["127.0.0.1"],
            names={"made.example": ["127.0.0.1"], "plain.example": ["127.0.0.1"], "inside.example": ["127.0.0.2"]},
            scrapy={"DOWNLOAD_DELAY": 0.0, "RETRY_TIMES": 0},
            settings={
                "shops": str(tmp_path / "shops.toml"),
                "browser": str(chromium),
                "currency": "EUR",
                "user_agent": "PriceRadar/0.1 (test)",
            },
        )
        asked = [(one.path, one.headers.get("user-agent")) for one in shop.asked]
    assert [(one["competitor"], one["price_minor"]) for one in found.seen] == [("made", 12950)]
    assert found.outcomes["no_price"] == 1  # the same page without a browser
    assert found.browser
    assert {"/p/1", "/p/2", "/p/3", "/api/price"} <= {path for path, _ in asked}
    assert not {"/secret", "/picture.png"} & {path for path, _ in asked}
    assert {agent for _, agent in asked} == {"PriceRadar/0.1 (test)"}


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInputError, match=r"the setting browser must name Chromium's program, was '/nowhere'"):
        javascript.scrapy_settings(Settings(browser=Path("/nowhere")), "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInputError, match="need Chromium; install it"):
        javascript.scrapy_settings(Settings(), "")
    monkeypatch.setitem(sys.modules, "scrapy_playwright", None)
    with pytest.raises(BadInputError, match=r"pip install 'priceradar\[javascript\]'"):
        javascript.scrapy_settings(Settings(), "")
