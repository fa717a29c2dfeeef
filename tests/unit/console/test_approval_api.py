"""The REST API of approval: each write is decided on the server, and what is exported runs nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient

from console.app import create_app
from console.desk import now_ms
from contracts.facts import CatalogItem
from contracts.proposals import GuardStep, Proposal, Signals
from contracts.times import DAY_MS
from ledger import tokens
from ledger.store import Ledger
from pricing.guards import record_hash

PEOPLE = {"mei": "marketing_director", "li": "finance_director", "wu": "pricing", "eve": "viewer"}


def proposal(sku: str, tier: str = "marketing_director") -> Proposal:
    made = Proposal(
        proposal_id=f"p{sku}",
        kind="markdown",
        sku=sku,
        decided_at=now_ms() - 1_000,
        trigger_event_id="e1",
        current_minor=10_000,
        proposed_minor=9_800,
        window_start_minor=10_000,
        currency="CNY",
        policy_version="p",
        signals=Signals("shop", 9_000, 10_000, 1_000),
        guards=(GuardStep("cap", "passed", 9_800, 9_800),),
        at_stake_minor=500,
        tier=tier,  # type: ignore[arg-type]
    )
    return msgspec.structs.replace(made, record_hash=record_hash(made))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    skus = ("1", "2", "=cmd()")
    found.record_items([CatalogItem(sku, 10_000, "CNY", 1_000, cost_minor=5_000) for sku in skus])
    found.record_proposals([proposal("1"), proposal("2", "finance_director"), proposal("=cmd()")])
    yield found
    found.close()


class People:
    """Clients of everybody."""

    def __init__(self, clients: dict[str, AsyncClient]) -> None:
        self._clients = clients

    async def ask(self, who: str, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self._clients[who].request(method, f"/api/v1{path}", **more)
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.text


@pytest.fixture
async def people(ledger: Ledger) -> AsyncIterator[People]:
    app = create_app(ledger)
    clients = {}
    for name, role in PEOPLE.items():
        ledger.add_user(name, role, "a long password", now_ms())
        with ledger.writing() as connection:
            key = tokens.make(connection, name, "test", now_ms(), "test")
        headers = {"Authorization": f"Bearer {key}"}
        clients[name] = AsyncClient(transport=ASGITransport(app), base_url="http://console", headers=headers)
    yield People(clients)
    for client in clients.values():
        await client.aclose()


async def test_whose_turn_it_is_and_what_an_approval_would_do(people: People) -> None:
    mine = await people.ask("mei", "GET", "/proposals/p2/approval")
    assert (mine["outcome"], mine["note"], mine["standing"]["asked"]) == (
        "pending",
        "finance_director",
        "marketing_director",
    )
    early = await people.ask("li", "GET", "/proposals/p2/approval")
    assert early["outcome"] == "refused"
    assert "waits for the marketing_director first" in early["note"]
    await people.ask("li", "GET", "/proposals/none/approval", 404)


async def test_many_at_once_with_a_preview_that_binds(people: People) -> None:
    ids = {"ids": ["p1", "p2"]}
    shown = await people.ask("mei", "POST", "/proposals/preview", json=ids)
    assert [row["outcome"] for row in shown["rows"]] == ["approved", "pending"]
    assert shown["totals"]["CNY"] == {"proposals": 2, "at_stake_minor": 1_000, "expected_profit_change_minor": 0}
    await people.ask("li", "POST", "/proposals/approve", 403, json=ids | {"seal": shown["seal"]})  # not what li saw
    await people.ask("mei", "POST", "/proposals/approve", 403, json=ids | {"seal": "0" * 64})
    done = await people.ask("mei", "POST", "/proposals/approve", json=ids | {"seal": shown["seal"]})
    assert done == {"statuses": {"p1": "approved", "p2": "pending"}}
    await people.ask("mei", "POST", "/proposals/approve", 403, json=ids | {"seal": shown["seal"]})
    await people.ask("mei", "POST", "/proposals/preview", 422, json={"ids": []})


async def test_a_role_is_handed_over_used_and_taken_back(people: People) -> None:
    wanted = {"to": "wu", "ends_at": now_ms() + DAY_MS, "reason": "on leave"}
    await people.ask("eve", "POST", "/delegations", 400, json=wanted)
    await people.ask("mei", "POST", "/delegations", 400, json=wanted | {"to": "nobody"})
    made = await people.ask("mei", "POST", "/delegations", json=wanted)
    assert (made["by"], made["role"]) == ("mei", "marketing_director")
    assert [one["to"] for one in await people.ask("eve", "GET", "/delegations")] == ["wu"]
    assert await people.ask("wu", "POST", "/proposals/p1/sign", json={"verdict": "approve"}) == {"status": "approved"}
    signed = (await people.ask("eve", "GET", "/proposals/p1"))["signatures"]
    assert (signed[0]["user"], signed[0]["on_behalf_of"]) == ("wu", "mei")
    await people.ask("eve", "DELETE", f"/delegations/{made['delegation_id']}", 403)
    await people.ask("wu", "DELETE", f"/delegations/{made['delegation_id']}")
    await people.ask("wu", "POST", "/proposals/p2/sign", 403, json={"verdict": "approve"})


async def test_a_decision_is_undone_with_a_reason_by_those_who_sign(people: People, ledger: Ledger) -> None:
    await people.ask("mei", "POST", "/proposals/p1/sign", json={"verdict": "approve"})
    (row,) = await people.ask("eve", "GET", "/decisions")
    name = row["decision"]["decision_id"]
    assert (row["published_at"], row["withheld"]) == (None, "")
    ledger.decisions_published([name], now_ms())
    await people.ask("eve", "POST", f"/decisions/{name}/undo", 403, json={"reason": "no"})
    await people.ask("mei", "POST", f"/decisions/{name}/undo", 400, json={"reason": ""})
    back = (await people.ask("mei", "POST", f"/decisions/{name}/undo", json={"reason": "wrong"}))["decision"]
    assert (back["price_minor"], back["compensates"]) == (10_000, name)
    await people.ask("mei", "POST", f"/decisions/{name}/undo", 403, json={"reason": "again"})
    assert (await people.ask("eve", "GET", "/proposals/p1"))["status"] == "undone"


async def test_tables_for_spreadsheets_hold_no_formula(people: People) -> None:
    await people.ask("mei", "POST", "/proposals/p=cmd()/sign", json={"verdict": "approve"})
    rows = list(csv.DictReader(io.StringIO((await people.ask("eve", "GET", "/decisions.csv")).lstrip("\ufeff"))))
    assert [(row["sku"], row["price_minor"], row["approved_by"]) for row in rows] == [("'=cmd()", "9800", "mei")]
    text = await people.ask("eve", "GET", "/proposals.csv", params={"status": "pending"})
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert sorted(row["proposal_id"] for row in rows) == ["p1", "p2"]


async def test_verification_names_what_was_tampered_with(people: People, ledger: Ledger) -> None:
    await people.ask("eve", "GET", "/verify", 403)
    assert (await people.ask("mei", "GET", "/verify"))["findings"] == []
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE proposals SET status = 'approved' WHERE proposal_id = 'p1'")
    (finding,) = (await people.ask("mei", "GET", "/verify"))["findings"]
    assert "proposal p1: status must be 'pending', was 'approved'" in finding
