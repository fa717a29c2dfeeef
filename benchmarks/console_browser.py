"""How fluid the list of alerts is in Chromium with 10,000 open: `python -m benchmarks.console_browser`.

Pages are turned, the list is scrolled while alerts arrive (20 bursts of 50), and the browser says what
it took: milliseconds until a page is shown, the time between two frames while it scrolls, tasks
that kept it from answering (50 ms and more), and from the ledger to the row on the page.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page, sync_playwright

from benchmarks.console import CLOSED, OPEN, SECRET, filled, served
from console.security import COOKIE, Sessions
from contracts.alerts import Alert
from ledger.store import Ledger

CHANGES = 500_000
PAGES, BURSTS, A_BURST = 20, 20, 50

_SHOWN = "(() => { const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd - t.startTime })()"
_WATCH = """() => {
  window.frames_ = []; window.long_ = [];
  const watch = new PerformanceObserver((list) => list.getEntries().forEach((e) => long_.push(e.duration)));
  watch.observe({type: 'longtask'});
  let last = performance.now(), down = true;
  const step = (now) => {
    frames_.push(now - last); last = now;
    scrollBy(0, down ? 24 : -24);
    if (scrollY <= 0) down = true;
    if (scrollY + innerHeight >= document.documentElement.scrollHeight - 1) down = false;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


def run() -> dict[str, object]:
    """Milliseconds, as the browser measured them."""
    folder = Path(tempfile.mkdtemp(prefix="priceradar-browser-"))
    try:
        ledger = filled(folder / "ledger.sqlite", CHANGES)
        with served(ledger) as port, sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            context = browser.new_context(base_url=f"http://127.0.0.1:{port}", viewport={"width": 1280, "height": 800})
            cookie = Sessions(SECRET).begin("ann")
            context.add_cookies([{"name": COOKIE, "value": cookie, "url": f"http://127.0.0.1:{port}"}])
            page = context.new_page()
            found = {"open_alerts": OPEN, "closed_alerts": CLOSED, **_turned(page), **_live(page, ledger)}
            browser.close()
        ledger.close()
    finally:
        shutil.rmtree(folder)
    return found


def _turned(page: Page) -> dict[str, object]:
    took = []
    page.goto("/alerts", wait_until="load")
    for _ in range(PAGES):
        page.get_by_role("link", name="Older").click()
        page.wait_for_load_state("load")
        took.append(float(page.evaluate(_SHOWN)))
    took.sort()
    return {"page_shown_p50_ms": round(took[len(took) // 2]), "page_shown_p95_ms": round(took[int(len(took) * 0.95)])}


def _live(page: Page, ledger: Ledger) -> dict[str, object]:
    page.goto("/alerts", wait_until="load")
    page.wait_for_function("document.getElementById('live').classList.contains('fine')")
    page.evaluate(_WATCH)
    waits = []
    for burst in range(BURSTS):
        now = time.time_ns() // 1_000_000
        made = [_alert(burst * A_BURST + number, now) for number in range(A_BURST)]
        ledger.record_alerts(made)
        started = time.perf_counter()
        page.wait_for_selector(f"#{made[-1].alert_id}", state="attached", timeout=20_000)
        waits.append((time.perf_counter() - started) * 1000)
    frames: list[float] = sorted(page.evaluate("frames_"))
    tasks: list[float] = page.evaluate("long_")
    rows: Any = page.locator("tbody tr").count()
    return {
        "arrived": BURSTS * A_BURST,
        "rows_on_the_page": rows,
        "ledger_to_page_p50_ms": round(sorted(waits)[len(waits) // 2]),
        "ledger_to_page_most_ms": round(max(waits)),
        "frames": len(frames),
        "frame_p50_ms": round(frames[len(frames) // 2], 1),
        "frame_p95_ms": round(frames[int(len(frames) * 0.95)], 1),
        "frame_p99_ms": round(frames[int(len(frames) * 0.99)], 1),
        "tasks_over_50_ms": len(tasks),
        "longest_task_ms": round(max(tasks, default=0.0)),
    }


def _alert(number: int, now: int) -> Alert:
    return Alert(
        alert_id=f"live_{number}",
        revision=1,
        status="opened",
        kind="price",
        severity=("green", "yellow", "red")[number % 3],
        competitor="shop-1",
        product_id=f"l{number}",
        opened_at=now,
        observed_at=now,
        event_id=f"live_move_{number}",
        headline=f"Product {number} is 12 % cheaper at shop-1",
        sku=f"SKU-{number:05d}",
        from_minor=10_000,
        to_minor=8_800,
        currency="CNY",
        change_bp=-1200,
    )


if __name__ == "__main__":
    print(msgspec.json.format(msgspec.json.encode(run()), indent=2).decode())
