"""A page kept by the crawl is shown as people saw it, whatever charset the shop wrote it in."""

from __future__ import annotations

from pathlib import Path

from httpx import ASGITransport, AsyncClient

from console.app import create_app
from console.options import Options
from crawlers.storage.snapshots import Snapshots
from ledger.store import Ledger


async def test_a_page_in_another_charset_is_readable(tmp_path: Path) -> None:
    page = '<html><head><meta charset="gbk"></head><body>椅子 ¥1,299</body></html>'
    kept = Snapshots(tmp_path / "snapshots", 90, 10**6).keep(page.encode("gbk", "replace"))
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    try:
        app = create_app(ledger, Options(data=tmp_path, demo_login=True))
        async with AsyncClient(transport=ASGITransport(app), base_url="http://console") as client:
            login = await client.get("/login")
            token = login.text.partition('name="token" value="')[2].partition('"')[0]
            await client.post("/login/demo", data={"role": "viewer", "token": token})
            answer = await client.get(f"/evidence/{kept}")
            missing = await client.get(f"/evidence/{'0' * 64}")
    finally:
        ledger.close()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "椅子" in answer.content.decode()
    assert "sandbox" in answer.headers["content-security-policy"]
    assert missing.status_code == 404
