"""Sessions end when people end them, and nothing is written without a role, a token and a page of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from console import alert_pages
from console.app import create_app
from console.desk import Person
from console.options import Options
from console.security import COOKIE, Pace
from ledger import tokens, users
from ledger.pages import AlertFilter
from ledger.store import Ledger
from tests.samples import alert

NAME, PASSWORD = "ann", "a long password"
ALERT = alert(alert_id="a1")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.add_user(NAME, "pricing", PASSWORD, 1)
    ledger.record_alerts([ALERT])
    yield ledger
    ledger.close()


def browser(ledger: Ledger, address: str = "") -> httpx.AsyncClient:
    app = create_app(ledger, Options(secret=b"secret", address=address))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


def token_in(html: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', html)
    assert found
    return found[1]


async def sign_in(console: httpx.AsyncClient) -> httpx.Response:
    token = token_in((await console.get("/login")).text)
    return await console.post("/login", data={"name": NAME, "password": PASSWORD, "token": token})


async def test_after_signing_out_a_kept_cookie_is_worth_nothing(ledger: Ledger) -> None:
    async with browser(ledger) as console, browser(ledger) as thief:
        await sign_in(console)
        thief.cookies.set(COOKIE, console.cookies[COOKIE])
        assert (await thief.get("/alerts")).status_code == 200

        await console.post("/logout", data={"token": token_in((await console.get("/alerts/a1")).text)})

        assert (await thief.get("/alerts")).status_code == 303
        assert (await console.get("/alerts")).status_code == 303
        assert (await sign_in(console)).status_code == 303
        assert (await console.get("/alerts")).status_code == 200
    assert [row.action for row in ledger.audit_rows()] == ["sign_in", "sign_out", "sign_in", "add_user"]
    assert ledger.verify_audit() == 4


@pytest.mark.parametrize("change", [{"password": "another long one"}, {"disabled": True}, {"elsewhere": True}], ids=str)
async def test_a_new_password_or_a_closed_account_ends_every_session(ledger: Ledger, change: dict[str, object]) -> None:
    async with browser(ledger) as console:
        await sign_in(console)
        with ledger.writing() as connection:
            users.change(connection, NAME, 2**42, "root", **change)  # type: ignore[arg-type]
        assert (await console.get("/alerts")).status_code == 303
        assert (await console.get("/api/v1/alerts")).status_code == 401


async def test_a_new_role_counts_at_once_in_a_session(ledger: Ledger) -> None:
    async with browser(ledger) as console:
        await sign_in(console)
        token = token_in((await console.get("/alerts/a1")).text)
        headers = {"X-Form-Token": token}
        body = {"act": "acknowledge"}
        with ledger.writing() as connection:
            users.change(connection, NAME, 1, "root", role="viewer")
        assert (await console.post("/api/v1/alerts/a1/care", json=body, headers=headers)).status_code == 403
        with ledger.writing() as connection:
            users.change(connection, NAME, 1, "root", role="pricing")
        assert (await console.post("/api/v1/alerts/a1/care", json=body)).status_code == 403  # without the token
        assert (await console.post("/api/v1/alerts/a1/care", json=body, headers=headers)).status_code == 200
    assert ledger.acknowledged_by("a1") == NAME


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_on_another_site_is_refused_even_with_a_token(ledger: Ledger, site: str) -> None:
    async with browser(ledger) as console:
        token = token_in((await console.get("/login")).text)
        data = {"name": NAME, "password": PASSWORD, "token": token}
        answer = await console.post("/login", data=data, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, COOKIE in answer.cookies) == (403, False)
        answer = await console.post("/login", data=data, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303


async def test_cookies_go_over_https_alone_where_people_come_that_way(ledger: Ledger) -> None:
    for address, secure in (("", False), ("https://radar.example", True)):
        async with browser(ledger, address) as console:
            cookie = next(c for c in (await sign_in(console)).headers.get_list("set-cookie") if c.startswith(COOKIE))
            assert ("Secure" in cookie) == secure
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie


async def test_guessing_and_hurrying_are_slowed(ledger: Ledger) -> None:
    async with browser(ledger) as console:
        console._transport.app.state.desk.pace = Pace(0.1, 3)  # type: ignore[attr-defined]
        for _ in range(3):
            assert (await console.get("/api/v1/alerts", auth=(NAME, PASSWORD))).status_code == 200
        hurried = await console.get("/api/v1/alerts", auth=(NAME, PASSWORD))
        assert hurried.status_code == 429
        assert 0 < int(hurried.headers["retry-after"]) <= 10
        for _ in range(5):
            assert (await console.get("/api/v1/alerts", auth=("ben", "x"))).status_code == 401
        assert (await console.get("/api/v1/alerts", auth=("ben", "x"))).status_code == 429


async def test_who_was_refused_is_in_the_audit_chain_and_cannot_flood_it(ledger: Ledger) -> None:
    hostile = "=cmd|' /C calc'!A0<script>"
    async with browser(ledger) as console:
        token = token_in((await console.get("/login")).text)
        for name in (NAME, NAME, hostile):
            form = {"name": name, "password": "wrong password", "token": token}
            assert (await console.post("/login", data=form)).status_code == 401
        basic = await console.get("/api/v1/alerts", auth=(NAME, "wrong again"))
        assert basic.status_code == 401
        with ledger.writing() as connection:
            key = tokens.make(connection, NAME, "old", 1, "shell")
        answer = await console.get("/api/v1/alerts", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401  # it ended 90 days after it was made
    acts = [act for act in ledger.audit_rows(20) if act.action == "sign_in_refused"]
    assert [(act.subject, act.actor) for act in acts] == [(hostile, "nobody"), (NAME, "nobody")]
    assert json.loads(acts[0].detail) == {"way": "password", "address": "127.0.0.1", "times": 1, "unsaid": 1}
    assert "wrong" not in acts[1].detail  # what was typed is nobody's business
    assert ledger.verify_audit() >= 3


async def test_a_page_that_watches_hears_nothing_after_its_session_ended(ledger: Ledger) -> None:
    desk = create_app(ledger, Options(secret=b"secret")).state.desk
    session = desk.sessions.read(desk.sessions.begin(NAME))
    events = alert_pages._events(desk, Person(NAME, "pricing", "en", ""), session, AlertFilter())
    assert (await anext(events)).startswith("retry: 2000\nevent: ready")
    assert await anext(events) == ": still here\n\n"
    ledger.end_session(NAME, session.nonce, 5)
    ledger.record_alerts([msgspec.structs.replace(ALERT, alert_id="a2", observed_at=9)])
    with pytest.raises(StopAsyncIteration):
        await anext(events)
    await events.aclose()
