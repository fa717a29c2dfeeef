"""A day at the console, in a real browser."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from console.app import create_app
from console.options import Options
from demo.samples import PRODUCTS
from ledger import pages
from ledger.store import Ledger
from tests.e2e.filled_ledger import HOSTILE, PASSWORD, alert, fill, fill_folder, fill_people

pytestmark = pytest.mark.browser


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    fill(ledger, now_ms())
    fill_folder(tmp_path)
    yield ledger
    ledger.close()


@pytest.fixture
def address(ledger: Ledger, tmp_path: Path) -> Iterator[str]:
    app = create_app(ledger, Options(demo_login=True, data=tmp_path))
    config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
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
    assert ledger.proposal_counts()["pending"] == 5
    expect(first.get_by_role("button", name="Approve")).to_have_count(0)

    first.goto("/proposals/markdown_3")
    first.get_by_role("button", name="Reject").click()  # the browser asks for the reason
    assert ledger.proposal_with_status("markdown_3")[1] == "pending"  # type: ignore[index]
    first.keyboard.press("Escape")
    first.get_by_label("Reject: Reason").fill("the season is over")
    first.get_by_role("button", name="Reject").click()
    expect(first.locator(".head .pill")).to_have_text("rejected")

    second = page_of(browser, address, "finance director")
    second.goto("/proposals/markdown_0")
    expect(second.locator("main")).to_contain_text("Yours is the last signature")
    second.get_by_role("button", name="Approve").click()
    expect(second.locator(".head .pill")).to_have_text("approved")
    decision = ledger.unpublished_decisions(10)[-1]
    assert decision.proposal_id == "markdown_0"
    assert decision.approved_by == ("demo-marketing_director", "demo-finance_director")
    assert ledger.verify_audit() >= 4


def test_filters_live_in_the_address_and_the_language_changes(browser: Browser, address: str) -> None:
    page = page_of(browser, address, "viewer")
    page.get_by_label("any severity").select_option("red")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("severity=red"))
    expect(page.locator("tbody .pill.red")).not_to_have_count(0)
    expect(page.locator("tbody .pill.yellow")).to_have_count(0)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("h1")).to_have_text("告警")
    expect(page).to_have_url(re.compile("severity=red"))
    page.goto("/alerts/alert_0002")
    expect(page.get_by_role("button", name="确认")).to_have_count(0)  # a viewer only looks


def test_many_alerts_and_many_proposals_are_answered_at_once(browser: Browser, address: str, ledger: Ledger) -> None:
    page = page_of(browser, address, "marketing director")
    expect(page.locator("[data-selection=alert]")).to_be_hidden()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-selection=alert]")).to_contain_text("2 chosen")
    page.locator("[data-selection=alert]").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("tbody tr.seen")).to_have_count(3)
    assert ledger.acknowledged_by("alert_0090") == "demo-marketing_director"

    page.goto("/proposals")
    page.get_by_label("Choose all on this page").check()
    page.get_by_role("button", name="Preview approval").click()
    expect(page.locator("h1")).to_have_text("Approve 4 proposals?")
    expect(page.locator("main")).to_contain_text("It then waits for: finance director.")
    assert ledger.proposal_counts()["pending"] == 5  # a preview changes nothing
    page.get_by_role("button", name="Approve these").click()
    expect(page.locator("h1")).to_have_text("Proposals")
    assert ledger.proposal_counts() == {"pending": 2, "approved": 4, "published": 1, "rejected": 1, "blocked": 1}


def test_what_a_colleague_does_shows_at_once_and_many_are_answered_alike(
    browser: Browser, address: str, ledger: Ledger
) -> None:
    page = page_of(browser, address, "pricing", timezone_id="Asia/Shanghai")
    expect(page.locator("#live")).to_contain_text("live")
    first = page.locator("tbody tr").first.get_attribute("id")
    second = page.locator("tbody tr").nth(1).get_attribute("id")
    page.locator(f"#{second} input[type=checkbox]").check()
    ledger.acknowledge(str(second), "ann", now_ms())
    expect(page.locator(f"#{second}")).to_contain_text("✓ ann")
    assert page.locator("tbody tr").first.get_attribute("id") == first  # nothing jumped
    expect(page.locator(f"#{second} input[type=checkbox]")).to_be_checked()
    page.keyboard.press("Escape")
    page.get_by_label("whatever was done").select_option("unanswered")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("care=unanswered"))
    expect(page.locator(f"#{second}")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("live")
    ledger.acknowledge(str(first), "ann", now_ms())
    expect(page.locator(f"#{first}")).to_have_count(0)  # answered, it leaves this list by itself

    chosen = [page.locator("tbody tr").nth(n).get_attribute("id") for n in range(2)]
    for name in chosen:
        page.locator(f"#{name} input[type=checkbox]").check()
    bar = page.locator("[data-selection=alert]")
    bar.get_by_role("button", name="False positive").click()
    assert ledger.care([str(chosen[0])])[str(chosen[0])].false_positive is None  # it asks for the reason first
    bar.get_by_label("False positive: Reason").fill("another size")
    bar.get_by_role("button", name="False positive").click()
    expect(page.locator(f"#{chosen[0]}")).to_have_count(0)
    assert {one.false_positive for one in ledger.care([str(name) for name in chosen]).values()} == {"another size"}
    expect(page.locator("footer")).to_contain_text("Asia/Shanghai")


def test_what_came_before_the_connection_or_without_one_is_not_missed(
    browser: Browser, address: str, ledger: Ledger
) -> None:
    page = page_of(browser, address, "pricing")
    numbers = iter((101, 102))

    def late(route: Route) -> None:
        number = next(numbers, None)
        if number is not None:  # the page is there, its connection is not yet
            ledger.record_alerts([alert(number, now_ms())])
        route.continue_()

    page.route("**/live/alerts**", late)
    page.reload()
    expect(page.locator("#alert_0101")).to_be_visible()
    page.locator("#alert_0101 input[type=checkbox]").check()
    page.evaluate("document.querySelectorAll('table[data-live]').forEach(listen)")  # as after a lost connection
    expect(page.locator("#alert_0102")).to_be_visible()
    expect(page.locator("#alert_0101 input[type=checkbox]")).to_be_checked()


def test_a_decision_is_undone_after_a_look_at_what_that_does(browser: Browser, address: str, ledger: Ledger) -> None:
    viewer = page_of(browser, address, "viewer")
    viewer.goto("/decisions")
    expect(viewer.locator("tbody tr")).to_have_count(2)
    viewer.get_by_role("link", name=PRODUCTS[8].name).click()
    expect(viewer.locator(".head .pill")).to_have_text("the shop's systems know")
    expect(viewer.locator("main")).to_contain_text("Your role does not undo decisions.")
    expect(viewer.get_by_role("button", name="Undo this decision")).to_have_count(0)

    page = page_of(browser, address, "marketing director")
    page.goto("/proposals/markdown_8")
    page.get_by_role("link", name="Undo …").click()
    before, after = (f"¥{PRODUCTS[8].price_minor / 100:,.2f}", f"{-(-PRODUCTS[8].price_minor * 975 // 100_000):,}.00")
    expect(page.locator("main")).to_contain_text(f"sets the price from CN¥{after} back to CN{before}")
    page.keyboard.press("r")  # the reason has the focus, and is asked for
    page.keyboard.press("Enter")
    assert ledger.proposal_with_status("markdown_8")[1] == "published"  # type: ignore[index]
    page.keyboard.type("a typing error in their shop")
    page.get_by_role("button", name="Undo this decision").click()
    expect(page.locator("main")).to_contain_text("goes out within seconds")
    [_owed, back] = ledger.unpublished_decisions(10)
    assert (back.price_minor, back.approved_by) == (PRODUCTS[8].price_minor, ("demo-marketing_director",))
    page.get_by_role("link", name="Undoes this decision").click()
    expect(page.locator("main")).to_contain_text("it was undone already")
    act = next(act for act in ledger.audit_rows(5) if act.action == "undo")
    assert "a typing error in their shop" in act.detail

    page.goto("/proposals/markdown_9")  # approved, and nobody was told of it yet
    page.get_by_role("link", name="Undo …").click()
    expect(page.locator("main")).to_contain_text("nobody hears of it")
    page.get_by_label("Undo: Reason").fill("too early")
    page.get_by_role("button", name="Undo this decision").click()
    expect(page.locator(".head .pill")).to_have_text("undone")
    assert [one.decision_id for one in ledger.unpublished_decisions(10)] == [back.decision_id]


def signed_in(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_context(base_url=address, locale="en-GB").new_page()
    page.set_default_timeout(20_000)
    page.goto("/delegations")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Stand-ins")
    return page


def test_a_role_is_handed_over_after_a_look_at_what_that_does(browser: Browser, address: str, ledger: Ledger) -> None:
    fill_people(ledger, now_ms())
    mei = signed_in(browser, address, "mei")
    expect(mei.locator("tbody tr")).to_have_count(1)
    mei.get_by_label("Signs instead").select_option("ann")
    mei.get_by_label("Until, at most").fill("2020-01-01T00:00")
    mei.get_by_label("Reason").fill("on holiday")
    mei.get_by_role("button", name="Preview").click()
    expect(mei.get_by_role("alert")).to_contain_text("must end after it begins")
    mei.get_by_label("Until, at most").fill(time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 3 * 86_400)))
    mei.get_by_role("button", name="Preview").click()
    expect(mei.get_by_role("status")).to_contain_text("ann may sign as marketing director")
    expect(mei.get_by_role("status")).to_contain_text("4 proposals wait for you now.")
    expect(mei.locator("tbody tr")).to_have_count(1)  # a preview changes nothing
    mei.get_by_role("button", name="Hand over").click()
    expect(mei.locator("tbody tr")).to_have_count(2)

    ann = signed_in(browser, address, "ann")
    expect(ann.locator("main")).to_contain_text("Your role signs nothing")
    ann.goto("/proposals/markdown_3")
    expect(ann.locator("main")).to_contain_text("You sign for mei.")
    ann.get_by_role("button", name="Approve").click()
    expect(ann.locator(".head .pill")).to_have_text("approved")
    expect(ann.locator("main")).to_contain_text("ann (for mei)")

    mei.get_by_role("button", name="End: mei → ann").click()
    expect(mei.locator("tbody tr").first).to_contain_text("ended early")
    ann.goto("/proposals/markdown_4")
    expect(ann.get_by_role("button", name="Approve")).to_have_count(0)
    assert {"delegate", "revoke_delegation", "approve"} <= {act.action for act in ledger.audit_rows(20)}


def test_a_doubtful_match_is_judged_by_key(browser: Browser, address: str, ledger: Ledger) -> None:
    page = page_of(browser, address, "analyst")
    page.goto("/matches")
    expect(page.locator("tbody tr")).to_have_count(12)
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("tbody tr")).to_have_count(11)
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.locator("tbody tr")).to_have_count(10)
    acts = [act.action for act in ledger.audit_rows(2)]
    assert acts == ["judge_match", "judge_match"]


def test_the_page_behind_an_alert_is_shown_and_can_do_nothing(browser: Browser, address: str) -> None:
    page = page_of(browser, address, "viewer")
    page.goto("/alerts/alert_0002")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Snapshot of their page").click()
    opened.value.wait_for_load_state()
    expect(opened.value.locator("p")).to_have_text("CNY 165.00")
    assert opened.value.title() == "shop"  # its script did not run
    page.goto("/alerts/alert_0001")
    expect(page.get_by_role("link", name="Snapshot of their page")).to_have_count(0)


def test_ten_thousand_open_alerts_stay_fluid(browser: Browser, address: str, ledger: Ledger) -> None:
    for start in range(0, 10_000, 2_500):
        ledger.record_alerts([alert(1_000 + n, now_ms() - n * 1_000) for n in range(start, start + 2_500)])
    page = page_of(browser, address, "pricing")
    expect(page.locator(".head .pill.red")).to_contain_text("25")
    timing = (
        "(() => { const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd - t.startTime })()"
    )
    page.reload(wait_until="load")
    assert page.evaluate(timing) < 3_000  # far above what it takes; a list that grows with the alerts took minutes
    assert page.locator("tbody tr").count() == 50
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    ledger.record_alerts([alert(20_000, now_ms())])
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("#alert_20000")).to_be_visible()


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical, one line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_looks_right(browser: Browser, address: str, ledger: Ledger, tmp_path: Path, theme: str) -> None:
    fill_people(ledger, now_ms())
    with ledger.reading() as connection:
        decided = pages.decisions(connection, None, 1)[0].decision.decision_id
    folder = Path(os.environ.get("PRICERADAR_SCREENSHOTS") or tmp_path)
    page = page_of(browser, address, "administrator", color_scheme=theme, viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    names = ("", "alerts", "alerts/alert_0002", "proposals", "proposals/markdown_0", "products", "products/OWN-001")
    houses = (
        "matches",
        "policies",
        "policies/edit",
        "backtests",
        "audit",
        "people",
        "briefs",
        "decisions",
        "delegations",
        f"decisions/{decided}",
    )
    for name in (*names, *houses):
        answer = page.goto(f"/{name}", wait_until="load")
        assert answer is not None
        assert answer.ok, name
        assert serious(page) == [], name
        assert page.locator("h1").count() == 1
        page.screenshot(path=folder / f"{name.replace('/', '-') or 'overview'}-{theme}.png")
    page.set_viewport_size({"width": 390, "height": 844})
    for name in (*names, *houses):
        page.goto(f"/{name}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=folder / f"{name.replace('/', '-') or 'overview'}-{theme}-mobile.png")
        assert wide <= 390, f"/{name} is {wide} wide"
    assert wrong == []
    page.evaluate("document.querySelector('h1').style.color = '#777'")
    assert len(serious(page)) == 1  # the check itself sees what it is for


def test_every_page_speaks_chinese(browser: Browser, address: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("PRICERADAR_SCREENSHOTS") or tmp_path)
    page = page_of(browser, address, "administrator", viewport={"width": 1280, "height": 800})
    page.goto("/?lang=zh")
    for name in (
        "",
        "alerts",
        "alerts/alert_0002",
        "proposals",
        "proposals/markdown_0",
        "matches",
        "policies/edit",
        "briefs",
        "decisions",
        "delegations",
        "people",
    ):
        page.goto(f"/{name}")
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        assert re.search("[\u4e00-\u9fff]", page.locator("h1").inner_text()), name
        page.screenshot(path=folder / f"{name.replace('/', '-') or 'overview'}-zh.png")
