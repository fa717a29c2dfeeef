from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from console import zone
from console.app import create_app
from console.options import Options
from console.render import clock, moment
from ledger.store import Ledger

WHO = ("ann", "a long password")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.add_user(WHO[0], "viewer", WHO[1], 1)
    yield ledger
    ledger.close()


def client_of(ledger: Ledger, *, demo_login: bool = False) -> AsyncClient:
    transport = ASGITransport(create_app(ledger, Options(demo_login=demo_login)))
    return AsyncClient(transport=transport, base_url="http://console")


async def test_is_alive_and_measured_without_signing_in(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        assert (await client.get("/healthz")).json()["ok"] is True
        assert "priceradar_approvals_pending 0.0" in (await client.get("/metrics")).text


@pytest.mark.parametrize("path", ["/api/v1/alerts", "/api/v1/proposals"])
async def test_reads_only_for_those_who_signed_in(ledger: Ledger, path: str) -> None:
    async with client_of(ledger) as client:
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, auth=(WHO[0], "another password"))).status_code == 401
        assert (await client.get(path, auth=WHO)).json() == []


async def test_the_demo_asks_for_no_password_but_refuses_a_wrong_one(ledger: Ledger) -> None:
    async with client_of(ledger, demo_login=True) as client:
        assert (await client.get("/api/v1/alerts")).status_code == 200
        assert (await client.get("/api/v1/alerts", auth=("ann", "wrong"))).status_code == 401


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Asia/Shanghai", "2025-11-25 00:00:00"),
        ("America/New_York", "2025-11-24 11:00:00"),
        ("", "2025-11-24 16:00:00"),
        ("../../etc/passwd", "2025-11-24 16:00:00"),
        ("Asia", "2025-11-24 16:00:00"),
        ("Mars/Phobos", "2025-11-24 16:00:00"),
    ],
)
def test_times_are_those_of_the_readers_clock(name: str, shown: str) -> None:
    zone.read_by(name)
    at = 1_764_000_000_000
    assert moment(at) == shown
    assert zone.from_local(shown) == at
    assert clock(at, at + 60_000) == shown[11:]
    assert clock(at, at + 9 * 3_600_000) == (shown[5:16] if shown.endswith("16:00:00") else shown[11:])
    zone.read_by("")


def test_what_takes_long_is_found_beside_the_old_value(ledger: Ledger) -> None:
    desk = create_app(ledger).state.desk
    asked, going = [], threading.Event()

    def slow() -> int:
        if asked:
            going.wait(10)
        asked.append(1)
        return len(asked)

    assert desk.kept_beside("heat", -1.0, slow) == 1
    assert [desk.kept_beside("heat", -1.0, slow) for _ in range(3)] == [1, 1, 1]  # one thread works, nobody waits
    going.set()
    deadline = time.monotonic() + 10
    while desk.kept_beside("heat", 60.0, slow) == 1:
        assert time.monotonic() < deadline
    assert len(asked) == 2
