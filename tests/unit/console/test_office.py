"""Undo, stand-ins, people and keys: every write is checked on the server, whatever the page showed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import AsyncClient

from console.desk import now_ms
from contracts.facts import CatalogItem
from contracts.policy import DEFAULT
from ledger import pages, tokens
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
    ledger.sign(made.proposal_id, "mei", "marketing_director", "approve", "", now_ms())
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
