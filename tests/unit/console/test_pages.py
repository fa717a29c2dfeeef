from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from console.app import create_app
from console.options import Options
from contracts.alerts import Alert
from contracts.facts import Match
from contracts.policy import DEFAULT
from contracts.proposals import GuardStep, Proposal, Signals
from ledger import matching, pages, tokens
from ledger.pages import AlertFilter, Position
from ledger.store import Ledger
from ledger.users import ROLES

PASSWORD = "a long password"


def alert(number: int, **fields: object) -> Alert:
    known = {
        "alert_id": f"a{number:03d}",
        "revision": 1,
        "status": "opened",
        "kind": "price",
        "severity": "red",
        "competitor": "shop",
        "product_id": "p1",
        "opened_at": 1_000,
        "observed_at": 1_000,
        "event_id": f"e{number}",
        "headline": f"=HYPERLINK({number})",
    }
    return Alert(**{**known, **fields})  # type: ignore[arg-type]


def proposal(number: int = 1) -> Proposal:
    return Proposal(
        proposal_id=f"m{number}",
        kind="markdown",
        sku="s1",
        decided_at=1_000,
        trigger_event_id="e1",
        current_minor=100,
        proposed_minor=98,
        window_start_minor=100,
        currency="CNY",
        policy_version="p",
        signals=Signals("shop", 90, 100, 1_000),
        guards=(GuardStep("cap", "passed", 98, 98),),
        tier="finance_director",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.record_alerts([alert(number) for number in range(10)])
    ledger.record_proposals([proposal()])
    ledger.record_matches([Match("shop", "p1", "s1", 5, 0.7, "review")])
    yield ledger
    ledger.close()


def client_of(ledger: Ledger, **options: object) -> AsyncClient:
    app = create_app(ledger, Options(**{"demo_login": True, **options}))  # type: ignore[arg-type]
    return AsyncClient(transport=ASGITransport(app), base_url="http://console")


def token_in(html: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', html)
    assert found
    return found[1]


async def signed_in(client: AsyncClient, role: str) -> str:
    token = token_in((await client.get("/login")).text)
    answer = await client.post("/login/demo", data={"role": role, "token": token})
    assert answer.status_code == 303
    return token_in((await client.get("/alerts")).text)


def test_pages_lose_no_row_of_equal_time(ledger: Ledger) -> None:
    seen: list[str] = []
    after: Position | None = None
    with ledger.reading() as connection:
        while found := pages.alerts(connection, AlertFilter(), after, 3):
            seen += [one.alert_id for one in found]
            after = Position(found[-1].observed_at, found[-1].alert_id)
    assert sorted(seen) == [f"a{number:03d}" for number in range(10)]
    assert len(seen) == 10


async def test_nobody_sees_a_page_without_signing_in(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        for path in ("/", "/alerts", "/alerts/a001", "/proposals", "/products", "/audit", "/alerts.csv", "/people"):
            answer = await client.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login")
        assert (await client.get("/live/alerts")).status_code == 401


async def test_headers_forbid_foreign_scripts_and_frames(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        answer = await client.get("/login")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_its_own_and_no_more(ledger: Ledger, role: str) -> None:
    async with client_of(ledger) as client:
        token = await signed_in(client, role)
        cared = await client.post("/alerts/a001/acknowledge", data={"token": token})
        assert (cared.status_code == 303) == (role not in ("viewer", "analyst"))
        signed = await client.post("/proposals/m1/sign", data={"token": token, "verdict": "approve"})
        assert (signed.status_code == 303) == (role in ("marketing_director", "finance_director"))
        judged = await client.post(
            "/matches", data={"token": token, "competitor": "shop", "product_id": "p1", "verdict": "approved"}
        )
        assert (judged.status_code == 303) == (role in ("analyst", "pricing", "admin"))
        assert ((await client.get("/audit")).status_code == 200) == (role != "viewer")
        assert ((await client.get("/people")).status_code == 200) == (role == "admin")
    acts = {(act.actor, act.action) for act in ledger.audit_rows()}
    assert (("demo-" + role, "acknowledge") in acts) == (cared.status_code == 303)
    assert (("demo-" + role, "judge_match") in acts) == (judged.status_code == 303)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "its match was rejected: the competitor"), ("zh", "商品匹配已被否定，竞品并非同款")]
)
async def test_the_page_of_a_proposal_says_what_stopped_it(ledger: Ledger, lang: str, words: str) -> None:
    with ledger.writing() as connection:
        matching.judge(connection, "shop", "p1", "rejected", "ann", 2_000)
    async with client_of(ledger) as client:
        await signed_in(client, "viewer")
        assert words not in (await client.get(f"/proposals/m1?lang={lang}")).text
        assert ledger.keep_approvals(3_000, DEFAULT).expired == 1
        assert words in (await client.get(f"/proposals/m1?lang={lang}")).text


async def test_a_form_of_another_site_changes_nothing(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        await signed_in(client, "pricing")
        for token in ("", "0" * 64):
            assert (await client.post("/alerts/a001/acknowledge", data={"token": token})).status_code == 403
        assert (await client.post("/api/v1/alerts/a001/care", json={"act": "acknowledge"})).status_code == 403
        token = token_in((await client.get("/alerts")).text)
        headers = {"X-Form-Token": token}
        answer = await client.post("/api/v1/alerts/a001/care", json={"act": "acknowledge"}, headers=headers)
        assert answer.status_code == 200
    assert ledger.acknowledged_by("a001") == "demo-pricing"


async def test_wrong_passwords_are_slowed_down(ledger: Ledger) -> None:
    ledger.add_user("ann", "pricing", PASSWORD, 1)
    async with client_of(ledger, demo_login=False) as client:
        token = token_in((await client.get("/login")).text)
        form = {"name": "ann", "password": "wrong", "token": token}
        for _ in range(5):
            assert (await client.post("/login", data=form)).status_code == 401
        answer = await client.post("/login", data={**form, "password": PASSWORD})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert (await client.get("/api/v1/alerts", auth=("ann", PASSWORD))).status_code == 429


async def test_the_first_administrator_needs_the_code(ledger: Ledger) -> None:
    async with client_of(ledger, demo_login=False, setup_code="c0de") as client:
        token = token_in((await client.get("/login")).text)
        form = {"name": "root", "password": PASSWORD, "token": token}
        assert (await client.post("/setup", data={**form, "code": "wrong"})).status_code == 401
        assert (await client.post("/setup", data={**form, "code": "c0de"})).status_code == 303
        assert (await client.get("/people")).status_code == 200
        token = token_in((await client.get("/people")).text)
        again = await client.post("/setup", data={**form, "token": token, "name": "two", "code": "c0de"})
        assert again.status_code == 403
        added = await client.post(
            "/people", data={"token": token, "name": "bob", "role": "pricing", "password": PASSWORD}
        )
        assert added.status_code == 303
    assert ledger.sign_in("bob", PASSWORD) == "pricing"


async def test_a_key_acts_for_its_person_until_it_is_revoked(ledger: Ledger) -> None:
    ledger.add_user("ann", "pricing", PASSWORD, 1)
    with ledger.writing() as connection:
        key = tokens.make(connection, "ann", "test", time.time_ns() // 1_000_000, "shell")
        [row] = tokens.listed(connection)
    async with client_of(ledger, demo_login=False) as client:
        headers = {"Authorization": f"Bearer {key}"}
        answer = await client.post("/api/v1/alerts/a002/care", json={"act": "acknowledge"}, headers=headers)
        assert answer.json()["care"]["acknowledged_by"] == "ann"
        for alert_id, status in (("none", 404), ("a002", 400)):
            wanted = {"act": "assign", "to": "nobody"}
            answer = await client.post(f"/api/v1/alerts/{alert_id}/care", json=wanted, headers=headers)
            assert answer.status_code == status
        for wrong in (key[:-1], "prt_x_y", "x", key.replace("prt", "abc")):
            answer = await client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {wrong}"})
            assert answer.status_code == 401
        with ledger.writing() as connection:
            tokens.revoke(connection, row.token_id, 3, "shell")
        assert (await client.get("/api/v1/alerts", headers=headers)).status_code == 401


async def test_an_export_runs_nothing(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        await signed_in(client, "viewer")
        body = (await client.get("/alerts.csv")).text
    assert "'=HYPERLINK(1)" in body
    assert ",=HYPERLINK" not in body


async def test_a_rejection_without_a_reason_is_refused(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        token = await signed_in(client, "marketing_director")
        form = {"token": token, "verdict": "reject", "reason": "  "}
        assert (await client.post("/proposals/m1/sign", data=form)).status_code == 400
    assert ledger.proposal_counts() == {"pending": 1}
