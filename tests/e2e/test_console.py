"""A day at the console, in a real browser."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from console.app import create_app
from contracts.alerts import Alert
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.observations import PricePoint
from contracts.policy import DEFAULT
from contracts.proposals import GuardStep, Proposal, Signals
from contracts.times import DAY_MS, HOUR_MS
from demo.samples import PRODUCTS
from ledger.store import Ledger
from pricing.guards import record_hash

pytestmark = pytest.mark.browser

SHOPS = ("dawn", "harbour", "meadow")
HOSTILE = "<script>document.title='owned'</script>"


def now_ms() -> int:
    import time

    return time.time_ns() // 1_000_000


def alert(number: int, at: int, **fields: object) -> Alert:
    product = PRODUCTS[number % len(PRODUCTS)]
    before = product.price_minor
    cut = (6, 9, 17, 12)[number % 4]
    known = {
        "alert_id": f"alert_{number:04d}",
        "revision": 1,
        "status": "opened",
        "kind": "price",
        "severity": ("green", "yellow", "red", "yellow")[number % 4],
        "competitor": SHOPS[number % 3],
        "product_id": f"p{number % len(PRODUCTS)}",
        "opened_at": at,
        "observed_at": at,
        "event_id": f"move_{number}",
        "headline": f"{SHOPS[number % 3]}: {product.name} -{cut} %",
        "reasons": (f"moved {cut} %", "our stock covers 61 days"),
        "sku": product.sku,
        "category": product.category,
        "name": product.name,
        "from_minor": before,
        "to_minor": before * (100 - cut) // 100,
        "currency": "CNY",
        "change_bp": -100 * cut,
        "url": f"https://{SHOPS[number % 3]}.example/p{number}",
    }
    return Alert(**{**known, **fields})  # type: ignore[arg-type]


def proposal(number: int, at: int, tier: str) -> Proposal:
    product = PRODUCTS[number]
    proposed = product.price_minor * 975 // 1000
    made = Proposal(
        proposal_id=f"markdown_{number}",
        kind="markdown",
        sku=product.sku,
        decided_at=at,
        trigger_event_id=f"move_{number}",
        current_minor=product.price_minor,
        proposed_minor=proposed,
        window_start_minor=product.price_minor,
        currency="CNY",
        policy_version=DEFAULT.version,
        signals=Signals(
            SHOPS[0],
            product.price_minor * 88 // 100,
            product.price_minor,
            at,
            on_hand=540,
            stock_as_of=at,
            daily_demand=9.0,
            cost_minor=product.cost_minor,
            elasticity=-2.2,
        ),
        guards=(
            GuardStep("target", "changed", product.price_minor, proposed),
            GuardStep("cap", "passed", proposed, proposed),
        ),
        expected_units=63.0,
        expected_profit_change_minor=48_000,
        at_stake_minor=2_000_000,
        tier=tier,  # type: ignore[arg-type]
    )
    import msgspec

    return msgspec.structs.replace(made, record_hash=record_hash(made))


def fill(ledger: Ledger, now: int) -> None:
    chance = random.Random(7)
    items, points, matches = [], [], []
    for number, product in enumerate(PRODUCTS):
        items.append(
            CatalogItem(
                product.sku,
                product.price_minor,
                "CNY",
                now,
                cost_minor=product.cost_minor,
                name=product.name,
                category=product.category,
            )
        )
        for shop in SHOPS:
            sure = 1.0 if number % 5 else 0.72
            status = "auto" if number % 5 else "review"
            matches.append(Match(shop, f"p{number}", product.sku, now, sure, status))  # type: ignore[arg-type]
            price, at = product.price_minor, now - 60 * DAY_MS
            while at < now:
                kind = "promotion" if chance.random() < 0.2 else "regular"
                price = int(product.price_minor * chance.uniform(0.86, 1.08))
                points.append(
                    PricePoint(shop, f"p{number}", at, price, "CNY", price_type=kind, sku=product.sku)  # type: ignore[arg-type]
                )
                at += chance.randrange(2 * DAY_MS, 9 * DAY_MS)
    ledger.record_items(items)
    ledger.record_stock([StockLevel(product.sku, product.daily * 60, now, 40) for product in PRODUCTS])
    ledger.record_matches(matches)
    ledger.record_price_points(points)
    ledger.record_alerts([alert(number, now - number * HOUR_MS // 3) for number in range(1, 64)])
    ledger.record_alerts([alert(90, now - 5_000, headline=f"meadow: {HOSTILE}", severity="red")])
    ledger.record_proposals(
        [
            proposal(0, now - 60_000, "finance_director"),
            proposal(3, now - 90_000, "marketing_director"),
            proposal(4, now - 95_000, "marketing_director"),
        ]
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    fill(ledger, now_ms())
    yield ledger
    ledger.close()


@pytest.fixture
def address(ledger: Ledger) -> Iterator[str]:
    config = uvicorn.Config(create_app(ledger, demo_login=True), port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ticks = threading.Event()
    while not server.started:
        assert thread.is_alive()
        ticks.wait(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


def page_of(browser: Browser, address: str, role: str, **options: object) -> Page:
    page = browser.new_context(base_url=address, locale="en-GB", **options).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(20_000)
    page.goto("/alerts")
    page.get_by_role("button", name=role, exact=True).click()
    expect(page.locator("h1")).to_have_text("Alerts")
    return page


def test_an_alert_arrives_live_and_is_acknowledged(browser: Browser, address: str, ledger: Ledger) -> None:
    page = page_of(browser, address, "pricing")
    expect(page.locator("#live")).to_contain_text("live")
    assert page.title() == "Alerts · PriceRadar"  # what a shop's page said did not run
    assert HOSTILE in page.content().replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")

    ledger.record_alerts([alert(100, now_ms())])
    row = page.locator("#alert_0100")
    expect(row).to_be_visible()
    assert page.locator("table.list tbody tr").first.get_attribute("id") == "alert_0100"
    ledger.record_alerts([alert(100, now_ms(), revision=2, status="updated", headline="deeper still")])
    expect(row).to_contain_text("deeper still")
    expect(row).to_have_count(1)

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("deeper still")
    expect(page.locator("svg.chart")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator(".care")).to_contain_text("demo-pricing")
    assert ledger.acknowledged_by("alert_0100") == "demo-pricing"


def test_a_proposal_is_countersigned_and_another_rejected_with_a_reason(
    browser: Browser, address: str, ledger: Ledger
) -> None:
    first = page_of(browser, address, "marketing director")
    first.goto("/proposals")
    row = first.locator("#markdown_0")
    expect(row).to_contain_text("finance director")
    row.get_by_role("button", name="Approve").click()
    expect(first.locator("h1")).to_contain_text(PRODUCTS[0].name)
    assert ledger.proposal_counts() == {"pending": 3}
    expect(first.get_by_role("button", name="Approve")).to_have_count(0)

    first.goto("/proposals/markdown_3")
    first.get_by_role("button", name="Reject").click()  # the browser asks for the reason
    assert ledger.proposal_with_status("markdown_3")[1] == "pending"  # type: ignore[index]
    first.keyboard.press("Escape")
    first.get_by_label("Reject: Reason").fill("the season is over")
    first.get_by_role("button", name="Reject").click()
    expect(first.locator(".head .tag")).to_have_text("rejected")

    second = page_of(browser, address, "finance director")
    second.goto("/proposals/markdown_0")
    expect(second.locator("main")).to_contain_text("Yours is the last signature")
    second.get_by_role("button", name="Approve").click()
    expect(second.locator(".head .tag")).to_have_text("approved")
    [decision] = ledger.unpublished_decisions(10)
    assert decision.approved_by == ("demo-marketing_director", "demo-finance_director")
    assert ledger.verify_audit() >= 4


def test_filters_live_in_the_address_and_the_language_changes(browser: Browser, address: str) -> None:
    page = page_of(browser, address, "viewer")
    page.get_by_label("any severity").select_option("red")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("severity=red"))
    expect(page.locator(".pill.yellow:not(.head *)")).to_have_count(0)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("h1")).to_have_text("告警")
    expect(page).to_have_url(re.compile("severity=red"))
    page.goto("/alerts/alert_0002")
    expect(page.get_by_role("button", name="确认")).to_have_count(0)  # a viewer only looks


# What a screen reader needs, and the contrast of WCAG AA.
ACCESSIBLE = """() => {
  const wrong = [];
  const visible = (node) => node.getClientRects().length > 0;
  const name = (node) => (node.getAttribute("aria-label") || node.textContent || node.title || "").trim();
  for (const node of document.querySelectorAll("input:not([type=hidden]), select"))
    if (!node.labels.length && !node.getAttribute("aria-label")) wrong.push(`no label: ${node.outerHTML}`);
  for (const node of document.querySelectorAll("button, a"))
    if (visible(node) && !name(node)) wrong.push(`no name: ${node.outerHTML}`);
  for (const node of document.querySelectorAll("img:not([alt]), svg:not([aria-label]):not([aria-hidden])"))
    wrong.push(`no text: ${node.outerHTML.slice(0, 80)}`);
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id twice");
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parts(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  for (const node of document.querySelectorAll("main *, header *, footer")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !visible(node) || node.disabled || node.closest("svg")) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(2)}: ${node.outerHTML.slice(0, 90)}`);
  }
  return wrong;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_looks_right(browser: Browser, address: str, tmp_path: Path, theme: str) -> None:
    folder = Path(os.environ.get("PRICERADAR_SCREENSHOTS") or tmp_path)
    page = page_of(browser, address, "administrator", color_scheme=theme, viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    names = ("", "alerts", "alerts/alert_0002", "proposals", "proposals/markdown_0", "products", "products/OWN-001")
    for name in (*names, "matches", "policies", "backtests", "audit", "people"):
        answer = page.goto(f"/{name}", wait_until="load")
        assert answer is not None
        assert answer.ok, name
        assert page.evaluate(ACCESSIBLE) == [], name
        page.screenshot(path=folder / f"{name.replace('/', '-') or 'overview'}-{theme}.png")
    page.set_viewport_size({"width": 390, "height": 844})
    for name in names:
        page.goto(f"/{name}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=folder / f"{name.replace('/', '-') or 'overview'}-{theme}-mobile.png")
        assert wide <= 390, f"/{name} is {wide} wide"
    assert wrong == []
    page.evaluate("document.querySelector('h1').style.color = '#777'")
    assert len(page.evaluate(ACCESSIBLE)) == 1  # the check itself sees what it is for
