"""Milliseconds a page of the console takes with a year of data: `python -m benchmarks.console`.

A SQLite ledger with 10 million price changes, 10,000 open and 200,000 closed alerts is filled first
(PRICERADAR_BENCH_CHANGES sets another number of changes). Pages are asked for over HTTP, one after
another; the first answer of each page is told apart, since it fills caches.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import uvicorn

from console.app import create_app
from console.options import Options
from console.security import COOKIE, Sessions
from contracts.alerts import Alert
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.policy import DEFAULT
from contracts.proposals import GuardStep, Proposal, Signals
from contracts.times import DAY_MS
from ledger.store import Ledger

CHANGES = 10_000_000
COMPETITORS, PRODUCTS = 5, 10_000
OPEN, CLOSED = 10_000, 200_000
ROUNDS = 40
SECRET = b"benchmark"

_FILL = """
INSERT INTO price_points (competitor, product_id, seller, price_type, observed_at, price_minor, currency,
                          availability, sku, name)
WITH RECURSIVE change(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM change WHERE n + 1 < :each)
SELECT :competitor, :product, '', 'regular', :since + n * :step + abs(random()) % :step,
       9000 + abs(random()) % 2000, 'CNY', 'InStock', :sku, ''
FROM change
"""


def run() -> dict[str, object]:
    """p50, p95 and first answer of each page in milliseconds, and p95 over all."""
    changes = int(os.environ.get("PRICERADAR_BENCH_CHANGES", str(CHANGES)))
    folder = Path(tempfile.mkdtemp(prefix="priceradar-console-"))
    try:
        started = time.perf_counter()
        ledger = filled(folder / "ledger.sqlite", changes)
        took = time.perf_counter() - started
        with served(ledger) as port:
            pages = {name: _timed(port, path) for name, path in _paths(ledger).items()}
        ledger.close()
    finally:
        shutil.rmtree(folder)
    everything = sorted(value for found in pages.values() for value in found)
    told = {name: _told(found) for name, found in pages.items()}
    return {"price_changes": changes, "fill_seconds": round(took), "p95_ms": _quantile(everything, 0.95), **told}


def _told(found: list[float]) -> dict[str, float]:
    first, rest = found[0], sorted(found[1:])
    return {"first_ms": round(first, 1), "p50_ms": _quantile(rest, 0.5), "p95_ms": _quantile(rest, 0.95)}


def _quantile(ordered: list[float], share: float) -> float:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)


def filled(path: Path, changes: int) -> Ledger:
    """A ledger with a year of so many price changes."""
    ledger = Ledger.open(f"sqlite:///{path}")
    now = time.time_ns() // 1_000_000
    _fill_prices(path, changes, now)
    items = [
        CatalogItem(_sku(n), 10_000, "CNY", now, cost_minor=6_000, name=f"Product {n}", category=f"Category {n % 20}")
        for n in range(PRODUCTS)
    ]
    ledger.record_items(items)
    ledger.record_stock([StockLevel(_sku(n), 500, now) for n in range(PRODUCTS)])
    ledger.record_matches(
        [
            Match(f"shop-{shop}", f"p{n:05d}", _sku(n), now, 0.5 + (n % 50) / 100, "review" if n % 50 == 0 else "auto")
            for shop in range(COMPETITORS)
            for n in range(PRODUCTS)
        ]
    )
    chance = random.Random(1)
    for start in range(0, OPEN + CLOSED, 5_000):
        ledger.record_alerts([_alert(n, chance, now) for n in range(start, start + 5_000)])
    ledger.record_proposals([_proposal(n, now) for n in range(2_000)])
    ledger.add_user("ann", "admin", "a long password", now)
    return ledger


def _sku(number: int) -> str:
    return f"SKU-{number:05d}"


def _fill_prices(path: Path, changes: int, now: int) -> None:
    each = max(changes // (COMPETITORS * PRODUCTS), 1)
    year = 365 * DAY_MS
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for shop in range(COMPETITORS):
            for number in range(PRODUCTS):
                known = {"competitor": f"shop-{shop}", "product": f"p{number:05d}", "sku": _sku(number)}
                connection.execute(_FILL, {**known, "each": each, "since": now - year, "step": year // each})
            connection.commit()
    connection.close()


def _alert(number: int, chance: random.Random, now: int) -> Alert:
    at = now - (number * 60_000 if number < OPEN else chance.randrange(365 * DAY_MS))
    product = chance.randrange(PRODUCTS)
    return Alert(
        alert_id=f"alert_{number:07d}",
        revision=1,
        status="opened" if number < OPEN else "closed",
        kind="price",
        severity=("green", "yellow", "red")[number % 3],
        competitor=f"shop-{number % COMPETITORS}",
        product_id=f"p{product:05d}",
        opened_at=at,
        observed_at=at,
        event_id=f"move_{number}",
        headline=f"Product {product} is 12 % cheaper at shop-{number % COMPETITORS}",
        reasons=("moved 12 %", "our stock covers 61 days"),
        sku=_sku(product),
        from_minor=10_000,
        to_minor=8_800,
        currency="CNY",
        change_bp=-1200,
    )


def _proposal(number: int, now: int) -> Proposal:
    return Proposal(
        proposal_id=f"markdown_{number}",
        kind="markdown",
        sku=_sku(number % PRODUCTS),
        decided_at=now - number * 60_000,
        trigger_event_id=f"move_{number}",
        current_minor=10_000,
        proposed_minor=9_800,
        window_start_minor=10_000,
        currency="CNY",
        policy_version=DEFAULT.version,
        signals=Signals("shop-0", 8_800, 10_000, now, daily_demand=9.0, on_hand=500, stock_as_of=now),
        guards=(GuardStep("cap", "passed", 9_800, 9_800),),
    )


@contextmanager
def served(ledger: Ledger) -> Iterator[int]:
    """The console over it; gives its port."""
    server = uvicorn.Server(uvicorn.Config(create_app(ledger, Options(secret=SECRET)), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def _paths(ledger: Ledger) -> dict[str, str]:
    deep = ledger.alerts(open_only=True, limit=9_000)[-1]
    after = urlencode({"after": f"{deep.observed_at}.{deep.alert_id}"})
    return {
        "overview": "/",
        "alerts": "/alerts",
        "alerts_page_180": f"/alerts?{after}",
        "alerts_all_red": "/alerts?status=all&severity=red",
        "alerts_of_a_shop": "/alerts?competitor=shop-3",
        "alerts_search": "/alerts?q=SKU-04711",
        "alert": f"/alerts/{deep.alert_id}",
        "proposals": "/proposals",
        "proposal": "/proposals/markdown_7",
        "products": "/products",
        "product_year": f"/products/{_sku(4711)}?days=365",
        "matches": "/matches",
        "policies": "/policies",
        "policy_edit": "/policies/edit",
        "backtests": "/backtests",
        "decisions": "/decisions",
        "delegations": "/delegations",
        "alerts_unanswered": "/alerts?care=unanswered",
        "audit": "/audit",
        "api_alerts": "/api/v1/alerts?limit=100",
    }


def _timed(port: int, path: str) -> list[float]:
    cookie = Sessions(SECRET).begin("ann")
    found = []
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"{COOKIE}={cookie}"})
        answer = connection.getresponse()
        body = answer.read()
        found.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    connection.close()
    return found


if __name__ == "__main__":
    print(msgspec.json.format(msgspec.json.encode(run()), indent=2).decode())
