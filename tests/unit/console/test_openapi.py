"""Whatever fits the API's own description is answered as it describes, and whatever does not is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from console.app import create_app
from console.desk import now_ms
from console.security import Pace
from contracts.alerts import Alert
from contracts.observations import PricePoint
from ledger import tokens
from ledger.store import Ledger
from tests.unit.console.test_pages import proposal

# Whether these can be done depends on what is in the ledger, and on the hour.
OF_THE_MOMENT = {
    "POST /api/v1/delegations",
    "POST /api/v1/proposals/approve",
    "POST /api/v1/decisions/{decision_id}/undo",
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
    for role in ("admin", "finance_director", "viewer"):
        ledger.add_user(role, role, None, 1)
    known = ("price", "red", "shop", "p1", 1, 1, "e1", "cheaper")
    names = ("kind", "severity", "competitor", "product_id", "opened_at", "observed_at", "event_id", "headline")
    ledger.record_alerts([Alert(alert_id="0", revision=1, status="opened", **dict(zip(names, known, strict=True)))])  # type: ignore[arg-type]
    ledger.record_proposals([proposal()])
    ledger.record_price_points([PricePoint("shop", "p1", 1, 100, "CNY")])
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def app(ledger: Ledger) -> Any:
    app = create_app(ledger)
    app.state.desk.pace = Pace(1e9, 10**9)
    return app


def key_of(ledger: Ledger, person: str) -> str:
    with ledger.writing() as connection:
        return tokens.make(connection, person, "tests", now_ms(), "root")


@pytest.fixture(scope="module")
def headers(ledger: Ledger) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_of(ledger, 'admin')}"}


@pytest.fixture(scope="module")
def operations(app: Any) -> list[Any]:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@settings(max_examples=100, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_is_as_described(
    operations: list[Any], headers: dict[str, str], mode: GenerationMode, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(operations))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    # That every operation asks who one is, is a test of its own below; and no schema says when a day is over.
    excluded = [ignored_auth, positive_data_acceptance] if operation.label in OF_THE_MOMENT else [ignored_auth]
    case.call_and_validate(headers=headers, excluded_checks=excluded)


def client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


async def test_every_operation_is_described_and_asks_who_you_are(app: Any) -> None:
    described = {(method, path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert ("get", "/api/v1/alerts") in described
    assert ("post", "/api/v1/proposals/{proposal_id}/sign") in described
    async with client(app) as console:
        for method, path in described:
            assert path.startswith("/api/v1/")
            for wrong in ({}, {"Authorization": "Bearer prt_x_y"}, {"Authorization": "Basic Og=="}):
                answer = await console.request(
                    method,
                    path.format(alert_id="0", proposal_id="0", decision_id="0", delegation_id="0"),
                    headers=wrong,
                    json={},
                )
                refused = (401, 429) if "Basic" in str(wrong) else (401,)  # passwords have a brake of their own
                assert answer.status_code in refused, (method, path, wrong)


async def test_every_write_needs_a_role_that_may(app: Any, ledger: Ledger) -> None:
    writes = {
        "/api/v1/alerts/0/care": {"act": "acknowledge"},
        "/api/v1/proposals/m1/sign": {"verdict": "approve"},
    }
    before = len(ledger.audit_rows(10_000))
    async with client(app) as console:
        who = {"Authorization": f"Bearer {key_of(ledger, 'viewer')}"}
        for path, body in writes.items():
            answer = await console.post(path, json=body, headers=who)
            assert answer.status_code == 403, (path, answer.text)
        assert (await console.get("/api/v1/audit", headers=who)).status_code == 403
    assert len(ledger.audit_rows(10_000)) == before + 1  # the key alone


@pytest.mark.parametrize(("limit", "status"), [(0, 422), (1, 200), (500, 200), (501, 422), (-5, 422)])
async def test_limits_are_those_of_the_description(app: Any, headers: dict[str, str], limit: int, status: int) -> None:
    async with client(app) as console:
        assert (await console.get("/api/v1/alerts", params={"limit": limit}, headers=headers)).status_code == status


@pytest.mark.parametrize("after", ["\x00", "1", "x.y", "9" * 30 + ".a", "1.' OR 1=1 --", "-1.a", "1." + "a" * 300])
async def test_odd_places_are_refused_or_empty(app: Any, headers: dict[str, str], after: str) -> None:
    async with client(app) as console:
        answer = await console.get("/api/v1/alerts", params={"after": after}, headers=headers)
    assert answer.status_code in (200, 400, 422), answer.text
