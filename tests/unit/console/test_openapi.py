"""Whatever fits the API's own description is answered as it describes, and whatever does not is refused."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.app import create_app
from contracts.alerts import Alert
from ledger.store import Ledger

WHO = ("root", "a long password")
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
ODD = st.sampled_from(["", "0", "-1", "9" * 30, "1.a", "\x00", "' OR 1=1 --", "../..", "😀", "nan", "1e9"]) | PRINTABLE


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
    ledger.add_user("ann", "admin", WHO[1], 1)
    known = ("price", "red", "shop", "p1", 1, 1, "e1", "cheaper")
    names = ("kind", "severity", "competitor", "product_id", "opened_at", "observed_at", "event_id", "headline")
    ledger.record_alerts([Alert(alert_id="a1", revision=1, status="opened", **dict(zip(names, known, strict=True)))])  # type: ignore[arg-type]
    yield create_app(ledger, demo_login=True)
    ledger.close()


def operations(app: Any) -> list[tuple[str, str, dict[str, Any]]]:
    found = app.openapi()["paths"].items()
    return [(method, path, operation) for path, methods in found for method, operation in methods.items()]


def ask(app: Any, method: str, path: str, **more: Any) -> Response:
    async def asked() -> Response:
        async with AsyncClient(transport=ASGITransport(app, raise_app_exceptions=True), base_url="http://c") as client:
            return await client.request(method, path, **more)

    return asyncio.run(asked())


def test_every_operation_is_described(app: Any) -> None:
    described = {(method, path) for method, path, _ in operations(app)}
    assert ("get", "/api/v1/alerts") in described
    assert ("post", "/api/v1/proposals/{proposal_id}/sign") in described
    assert all(path.startswith("/api/v1/") for _, path in described)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_nothing_one_asks_for_breaks_it(app: Any, data: st.DataObject) -> None:
    method, path, operation = data.draw(st.sampled_from(operations(app)))
    query: dict[str, str] = {}
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            plain = st.text(string.ascii_letters + string.digits + "_-~", min_size=1, max_size=12)
            path = path.replace(f"{{{name}}}", data.draw(plain | st.just("a1")))
        elif parameter["in"] == "query" and data.draw(st.booleans()):
            query[name] = data.draw(ODD)
    more: dict[str, Any] = {"params": query}
    if method == "post":
        words = st.sampled_from(["acknowledge", "assign", "snooze", "false_positive", "approve", "reject"]) | ODD
        keys = st.sampled_from(["act", "to", "hours", "reason", "verdict", "ids", "seal", "begins_at", "ends_at"])
        values = words | st.integers() | st.none() | st.lists(words, max_size=3)
        more["json"] = data.draw(st.dictionaries(keys, values, max_size=6) | st.none())
    answer = ask(app, method, path, **more)
    assert answer.status_code in (200, 400, 401, 403, 404, 422), answer.text
    table = path.endswith(".csv") and answer.status_code == 200
    assert answer.headers["content-type"] == ("text/csv; charset=utf-8" if table else "application/json")
    assert answer.status_code == 200 or "detail" in answer.json()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(-5, 600), after=ODD)
def test_limits_are_those_of_the_description(app: Any, limit: int, after: str) -> None:
    answer = ask(app, "get", "/api/v1/alerts", params={"limit": limit})
    assert (answer.status_code == 200) == (1 <= limit <= 500)
    assert ask(app, "get", "/api/v1/alerts", params={"after": after}).status_code in (200, 400, 422)
