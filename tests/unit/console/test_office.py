"""Undo, stand-ins, people and keys: every write is checked on the server, whatever the page showed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from console.acts import told
from console.brief_pages import periods
from console.desk import now_ms
from contracts.approvals import Signer
from contracts.facts import CatalogItem
from contracts.policy import DEFAULT
from ledger import pages, tokens
from ledger.occasion import Occasion
from ledger.store import Ledger
from tests.unit.console.test_approval_api import proposal
from tests.unit.console.test_pages import client_of, signed_in, token_in

PASSWORD = "a long password"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    for name, role in (("root", "admin"), ("mei", "marketing_director"), ("ann", "pricing")):
        ledger.add_user(name, role, PASSWORD, 1)
    yield ledger
    ledger.close()


@pytest.fixture
def decision(ledger: Ledger) -> str:
    """A decision that is owed to Kafka."""
    made = proposal("1")
    ledger.record_items([CatalogItem(made.sku, made.current_minor, made.currency, now_ms(), cost_minor=5_000)])
    ledger.record_proposals([made])
    ledger.sign(made.proposal_id, Occasion(Signer("mei", "marketing_director"), now_ms()), "approve")
    with ledger.reading() as connection:
        [one] = pages.decisions(connection, None, 10)
    return one.decision.decision_id


async def enter(client: AsyncClient, name: str) -> str:
    token = token_in((await client.get("/login")).text)
    form = {"name": name, "password": PASSWORD, "token": token}
    assert (await client.post("/login", data=form)).status_code == 303
    return token_in((await client.get("/alerts")).text)


async def test_an_undo_is_refused_where_it_is_not_what_was_shown(ledger: Ledger, decision: str) -> None:
    path = f"/decisions/{decision}/undo"
    form = {"reason": "too early", "expected": "unsent"}
    async with client_of(ledger) as client:
        token = await signed_in(client, "pricing")
        assert (await client.post(path, data={**form, "token": token})).status_code == 403  # does not sign
    async with client_of(ledger) as client:
        token = await signed_in(client, "marketing_director")
        assert 'name="expected" value="unsent"' in (await client.get(f"/decisions/{decision}")).text
        assert (await client.post(path, data=form)).status_code == 403  # no page of ours sent it
        assert (await client.post(path, data={**form, "reason": " ", "token": token})).status_code == 400
        ledger.decisions_published(
            [one.decision_id for one in ledger.release_decisions(9, now_ms(), DEFAULT)], now_ms()
        )
        assert (await client.post(path, data={**form, "token": token})).status_code == 403  # it went out meanwhile
        assert (await client.post(path, data={**form, "expected": "", "token": token})).status_code == 422
        assert ledger.unpublished_decisions(9) == []
        done = await client.post(path, data={**form, "expected": "compensates", "token": token})
        assert done.status_code == 303
    [back] = ledger.unpublished_decisions(9)
    assert (back.compensates, done.headers["location"]) == (decision, f"/decisions/{back.decision_id}")


async def test_only_somebody_of_the_ledger_hands_over_a_role_that_signs(ledger: Ledger) -> None:
    form = {"to": "ann", "begins": "2026-01-01T00:00", "ends": "2126-01-01T00:00", "reason": "leave"}
    async with client_of(ledger) as client:
        token = await signed_in(client, "marketing_director")
        answer = await client.post("/delegations", data={**form, "token": token})
        assert (answer.status_code, "only people of the ledger" in answer.text) == (403, True)
    async with client_of(ledger) as client:
        token = await enter(client, "mei")
        for wrong, said in (
            ({"to": "nobody"}, "nobody who may sign in"),
            ({"to": "mei"}, "somebody else"),
            ({"ends": "soon"}, "must be a day and an hour"),
            ({}, "lasts at most"),
        ):
            answer = await client.post("/delegations", data={**form, **wrong, "token": token})
            assert answer.status_code == 400
            assert said in answer.text
        assert "Nobody has handed" in (await client.get("/delegations?lang=en")).text


async def test_an_administrator_changes_people_but_not_themselves(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        token = await enter(client, "mei")
        refused = await client.post("/people/change", data={"token": token, "name": "ann", "role": "admin"})
        assert refused.status_code == 403
    async with client_of(ledger) as client, client_of(ledger) as hers:
        await enter(hers, "ann")
        token = await enter(client, "root")
        for change in ({"role": "viewer"}, {"disabled": "yes"}):
            answer = await client.post("/people/change", data={"token": token, "name": "root", **change})
            assert answer.status_code == 403
        for change in ({"role": "analyst"}, {"disabled": "yes"}, {"disabled": "no"}, {"password": "another long one"}):
            answer = await client.post("/people/change", data={"token": token, "name": "ann", **change})
            assert answer.status_code == 303
        assert (await hers.get("/alerts")).status_code == 303  # her session ended with her password
    assert ledger.sign_in("ann", "another long one") == "analyst"
    acts = [act.actor for act in ledger.audit_rows(20) if act.action == "change_user"]
    assert acts == ["root"] * 4


async def test_a_key_is_shown_once_and_ends_when_it_is_revoked(ledger: Ledger) -> None:
    async with client_of(ledger) as client:
        token = await enter(client, "ann")
        asked = {"token": token, "name": "root", "purpose": "export", "days": "30"}
        assert (await client.post("/people/keys", data=asked)).status_code == 403
    async with client_of(ledger) as client:
        token = await enter(client, "root")
        shown = await client.post("/people/keys", data={**asked, "token": token, "name": "ann"})
        key = re.search(r"prt_\w+?_[\w-]+", shown.text)
        assert key
        assert key[0] not in (await client.get("/people")).text
        bearer = {"Authorization": f"Bearer {key[0]}"}
        async with client_of(ledger, demo_login=False) as program:
            assert (await program.get("/api/v1/proposals", headers=bearer)).status_code == 200
            with ledger.reading() as connection:
                [row] = tokens.listed(connection)
            path = f"/people/keys/{row.token_id}/revoke"
            assert (await client.post(path, data={"token": token})).status_code == 303
            assert (await program.get("/api/v1/proposals", headers=bearer)).status_code == 401
        assert (await client.post(path, data={"token": token})).status_code == 404


WRITER = """
import os, sys
from pathlib import Path
out = Path(sys.argv[-1])
out.mkdir(exist_ok=True)
(out / f"brief-{sys.argv[2]}-{sys.argv[4]}.html").write_text("<script>1</script>")
(out / f"moves-{sys.argv[2]}.csv").write_text(os.environ["PRICERADAR_LEDGER"])
"""


async def test_a_brief_is_written_beside_the_console_and_runs_nothing(ledger: Ledger, tmp_path: Path) -> None:
    async with client_of(ledger, data=tmp_path) as client:
        app: Any = client._transport.app  # type: ignore[attr-defined]
        briefs = app.state.desk.briefs
        briefs._command = [sys.executable, "-c", WRITER]
        token = await signed_in(client, "viewer")
        form = {"token": token, "period": "2026-W47", "lang": "zh"}
        assert (await client.post("/briefs", data=form)).status_code == 403
        form["token"] = await signed_in(client, "analyst")
        for wrong in ({"period": "../../x"}, {"period": "2026-W4"}, {"lang": "fr"}):
            assert (await client.post("/briefs", data={**form, **wrong})).status_code == 400
        assert (await client.post("/briefs", data=form)).status_code == 303
        assert briefs.job._process.wait(30) == 0
        assert "brief-2026-W47-zh.html" in (await client.get("/briefs")).text
        page = await client.get("/briefs/brief-2026-W47-zh.html")
        assert (page.status_code, page.headers["content-security-policy"][:7]) == (200, "sandbox")
        assert (await client.get("/briefs/brief-2026-W47-zh.csv")).text == ledger.url
        for missing in ("brief-2026-W47-zh.pdf", "brief-2026-W47-en.html", "brief-2026-W47-zh.log", "x.html"):
            assert (await client.get(f"/briefs/{missing}")).status_code == 404
        briefs._command = [sys.executable, "-c", "raise SystemExit('no recording')"]
        await client.post("/briefs", data=form)
        briefs.job._process.wait(30)
        assert "no recording" in (await client.get("/briefs")).text


def test_weeks_and_months_to_choose_from_end_with_this_one() -> None:
    new_year = 1_767_225_600_000 + 3_600_000  # 2026-01-01 01:00 UTC, still 2025 in New York
    assert periods(new_year, "UTC")[:2] == ["2026-W01", "2025-W52"]
    assert periods(new_year, "UTC")[-4:] == ["2026-01", "2025-12", "2025-11", "2025-10"]
    assert periods(new_year, "America/New_York")[-4] == "2025-12"


async def test_the_audit_says_what_was_done_in_words_and_finds_a_row_that_was_changed(
    ledger: Ledger, decision: str
) -> None:
    async with client_of(ledger) as client:
        await signed_in(client, "analyst")
        page = (await client.get("/audit?check=1&lang=en")).text
        assert "1 signatures, 1 decisions, 0 delegations fit it" in page
        assert "role: marketing director" in page
        assert "形成决策" in (await client.get("/audit?action=decide&lang=zh")).text
        with ledger.writing() as connection:
            connection.execute(text("UPDATE decisions SET sku = 'other'"))
        page = (await client.get("/audit?check=1&lang=en")).text
    assert f"decision {decision}: sku must be" in page


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ('{"to":"ben"}', "to: ben"),
        ('{"until":1764000000000,"hash":"00"}', "until: 2025-11-24 16:00"),
        ('{"until":0}', "until: –"),
        ('{"ids":["a","b"],"reason":""}', "decisions: 2"),
        ('{"way":"<script>"}', "way: <script>"),
        ("not json", "not json"),
    ],
)
def test_a_detail_is_told_in_words(detail: str, shown: str) -> None:
    assert told(detail, "en") == shown
