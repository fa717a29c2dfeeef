"""A day in the life: a move on Kafka becomes an alert in the browser, two people sign, the decision is on Kafka."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contracts.codec import decode
from contracts.events import PriceMoved
from contracts.policy import DEFAULT
from contracts.proposals import Decision
from contracts.topics import DECISIONS, EVENTS
from demo import samples
from ledger import policies
from ledger.store import Ledger
from runtime.broker import OwnKafka
from runtime.publish import Publisher
from streams.admin import ensure_topics
from tests.integration.kept import values

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(240)]
PRODUCT = samples.PRODUCTS[0]
T = TypeVar("T")
# Every markdown is countersigned: the first limit is lower than any amount.
STRICT = msgspec.structs.replace(
    DEFAULT,
    name="strict",
    approval=msgspec.structs.replace(DEFAULT.approval, marketing_director_up_to_minor=1),
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[str]:
    with OwnKafka(tmp_path / "kafka") as broker:
        ensure_topics(broker.bootstrap)
        yield broker.bootstrap


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite'}")
    with ledger.writing() as connection:
        policies.add(connection, STRICT, "ann", "four eyes on everything", now_ms())
        policies.activate(connection, STRICT.version, "mei", tried=True, now_ms=now_ms())
    yield ledger
    ledger.close()


@pytest.fixture
def address(kafka: str, ledger: Ledger, tmp_path: Path) -> Iterator[str]:
    """The console beside the workers of alerts and of pricing, each a process as in a cluster."""
    known = {"PRICERADAR_KAFKA": kafka, "PRICERADAR_DATA": str(tmp_path / "data")}
    environment = {**{key: value for key, value in os.environ.items() if not key.startswith("PRICERADAR_")}, **known}
    commands = (("worker", "alerts"), ("worker", "pricing"), ("console", "--port", "0", "--demo-login"))
    with ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((tmp_path / f"{command[-1].strip('-')}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", *command], env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield wait_for(lambda: announced(tmp_path / "data"))


def announced(data: Path) -> str:
    path = data / "run" / "console.json"
    found = re.search(r"http://127\.0\.0\.1:\d+", path.read_text()) if path.is_file() else None
    return found[0] if found else ""


def wait_for(question: Callable[[], T], seconds: float = 90) -> T:
    deadline = time.monotonic() + seconds
    while not (found := question()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)
    return found


def decisions(bootstrap: str) -> list[Decision]:
    return [decode(value, Decision) for value in values(bootstrap, DECISIONS.name)]


def tell_move(bootstrap: str) -> None:
    """A competitor cuts by 12 %."""
    now = now_ms()
    moved = PriceMoved(
        event_id="move_of_the_day",
        competitor="dawn",
        product_id="p0",
        observed_at=now,
        sku=PRODUCT.sku,
        name=PRODUCT.name,
        category=PRODUCT.category,
        basis="step",
        previous_minor=PRODUCT.price_minor,
        anchor_minor=PRODUCT.price_minor,
        price_minor=PRODUCT.price_minor * 88 // 100,
        currency="CNY",
    )
    with Publisher(bootstrap) as publisher:
        publisher.send(EVENTS, PRODUCT.sku, moved)


def tell_facts(bootstrap: str) -> None:
    with Publisher(bootstrap) as publisher:
        for topic, key, fact in samples.facts(now_ms()):
            publisher.send(topic, key, fact)


def signed_in(browser: Browser, address: str, role: str) -> Page:
    page = browser.new_context(base_url=address, locale="en-GB").new_page()
    page.set_default_timeout(30_000)
    page.goto("/alerts")
    page.get_by_role("button", name=role, exact=True).click()
    expect(page.locator("h1")).to_have_text("Alerts")
    return page


def test_from_a_move_on_kafka_to_a_decision_on_kafka(chromium: Path, kafka: str, ledger: Ledger, address: str) -> None:
    tell_facts(kafka)
    wait_for(lambda: ledger.item(PRODUCT.sku) and ledger.stock(PRODUCT.sku))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pricing = signed_in(browser, address, "pricing")
        expect(pricing.locator("#live")).to_contain_text("live")
        expect(pricing.locator("tbody tr")).to_have_count(0)
        tell_move(kafka)
        expect(pricing.locator("tbody tr")).to_have_count(1, timeout=60_000)  # without a reload
        pricing.keyboard.press("j")
        pricing.keyboard.press("Enter")
        expect(pricing.locator("h1")).to_contain_text(PRODUCT.name)
        pricing.keyboard.press("a")
        expect(pricing.locator(".care")).to_contain_text("Acknowledged by demo-pricing")

        wait_for(lambda: ledger.proposal_counts().get("pending"))
        for role, then in (("marketing director", "pending"), ("finance director", "approved")):
            director = signed_in(browser, address, role)
            director.goto("/proposals")
            director.get_by_role("link", name=PRODUCT.name).click()
            expect(director.locator("main")).to_contain_text(f"Policy {STRICT.version}")
            director.get_by_role("button", name="Approve").click()
            expect(director.get_by_role("button", name="Approve")).to_have_count(0)
            expect(director.locator(".head .pill")).to_have_text(re.compile(f"{then}|published"))

        [decision] = wait_for(lambda: decisions(kafka))
        expect(director.locator(".steps .done")).to_have_count(2)
        wait_for(lambda: ledger.proposal_counts() == {"published": 1})
        browser.close()
    assert decision.sku == PRODUCT.sku
    assert PRODUCT.price_minor * 97 // 100 <= decision.price_minor < PRODUCT.price_minor
    assert decision.approved_by == ("demo-marketing_director", "demo-finance_director")
    assert ledger.verify_audit() > 0
