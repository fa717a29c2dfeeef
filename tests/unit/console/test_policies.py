from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient, Response

from console.app import create_app
from console.options import Options
from console.setting_names import NAMES
from console.settings_form import as_text, fields, parse, readable, rows, values_of
from contracts.policy import DEFAULT, STEPS, Policy
from ledger import policies
from ledger.store import Ledger
from tests.unit.console.test_pages import signed_in

# What stands in for `priceradar backtest`: RECORDING --policy A --compare B --out FOLDER.
FAKE = """
import json, pathlib, sys
_, a, _, b, _, out = sys.argv[2:]
folder = pathlib.Path(out); folder.mkdir()
side = {"observations": 12, "price_changes": 3, "alerts": 2, "proposals": 1}
(folder / "summary.json").write_text(json.dumps({**side, "policy": a, "compare": {**side, "policy": b, "alerts": 9}}))
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield ledger
    ledger.close()


def app_of(ledger: Ledger, data: Path, **options: Any) -> Any:
    app = create_app(ledger, Options(demo_login=True, data=data, **options))
    app.state.desk.trials._command = [sys.executable, "-c", FAKE]
    return app


def client_of(app: Any) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://console")


def form_of(policy: Policy, **changed: str) -> dict[str, str]:
    return {**{key: as_text(value) for key, value in values_of(policy).items()}, **changed}


def wait_for(app: Any) -> None:
    pause = threading.Event()
    for _ in range(400):
        if app.state.desk.trials.job.running() is None:
            return
        pause.wait(0.05)
    raise AssertionError("the backtest did not end")


async def saved(client: AsyncClient, token: str, **changed: str) -> Response:
    known = {"token": token, "base": DEFAULT.version, "policy_name": "calm", "note": "fewer alerts"}
    return await client.post("/policies/save", data={**known, **form_of(DEFAULT), **changed})


@pytest.mark.parametrize("policy", [DEFAULT, STEPS])
def test_a_form_gives_back_the_policy_it_shows(policy: Policy) -> None:
    made, wrong = parse(policy.name, form_of(policy), DEFAULT)
    assert wrong == {}
    assert made == policy


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("detection.move_bp", "five", "detection.move_bp must be a whole number, was 'five'"),
        ("detection.move_bp", "5.5", "detection.move_bp must be a whole number, was '5.5'"),
        ("detection.drift", "1", "detection.drift must be true or false, was '1'"),
        ("pricing.cap_bp", "301", "pricing.cap_bp: Expected `int` <= 300, was 301"),
        ("alerting.quiet_from", "25:00", "alerting.quiet_from: Expected `str` matching regex"),
        ("detection.thresholds", '[{"move": 1}]', "detection.thresholds[0]: Object contains unknown field `move`"),
        ("alerting.timezone", "Mars", "alerting: timezone must be one of the IANA list"),
    ],
)
def test_what_is_wrong_is_said_at_its_setting(key: str, text: str, said: str) -> None:
    made, wrong = parse("draft", {key: text}, DEFAULT)
    assert made is None
    assert [message for message in wrong.values() if message.startswith(said)], wrong


def test_every_setting_has_a_name_and_is_read_in_its_unit() -> None:
    keys = values_of(DEFAULT).keys()
    assert keys - NAMES.keys() == set()
    assert NAMES.keys() - keys == set()
    assert readable("detection.move_bp", 500) == "500 (5 %)"
    assert readable("approval.auto_below_minor", 1_234_500) == "1,234,500 (12,345.00)"
    assert readable("pricing.kill_switch", False) == "false"
    changed = msgspec.structs.replace(DEFAULT, pricing=msgspec.structs.replace(DEFAULT.pricing, cap_bp=200))
    assert [row.key for row in rows(values_of(changed), values_of(DEFAULT), "zh")["pricing"]] == ["pricing.cap_bp"]
    marked = [one.key for one in fields(values_of(changed), values_of(DEFAULT), "en")["pricing"] if one.changed]
    assert marked == ["pricing.cap_bp"]


async def test_a_version_is_in_force_only_after_a_backtest(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "one.parquet").write_bytes(b"")
    app = app_of(ledger, tmp_path)
    async with client_of(app) as client:
        token = await signed_in(client, "marketing_director")
        wrong = await saved(client, token, **{"pricing.cap_bp": "301"})
        assert wrong.status_code == 400
        assert "Expected `int` &lt;= 300" in wrong.text
        kept = await saved(client, token, **{"detection.move_bp": "700"})
        assert kept.status_code == 303
        shown = await client.get(kept.headers["location"])
        assert "detection.move_bp" in shown.text
        assert "pricing.cap_bp" not in shown.text  # it shows what differs
        [version] = [one.version for one in policies_of(ledger)]
        form = {"token": token, "version": version}

        early = await client.post("/policies/activate", data=form)
        assert early.status_code == 403
        assert "needs a backtest" in early.text
        assert (await client.post("/policies/backtest", data=form)).status_code == 303
        wait_for(app)
        assert "/report.html" in (await client.get(f"/policies?version={version}")).text
        assert (await client.post("/policies/activate", data=form)).status_code == 303
        assert app.state.desk.policy.detection.move_bp == 700
        assert version in (await client.get("/policies")).text
        back = await client.post("/policies/activate", data={"token": token, "version": DEFAULT.version})
        assert back.status_code == 303  # what ships may always come back
        again = await client.post("/policies/activate", data=form)
        assert again.status_code == 303  # and what was in force before
    acts = [act.action for act in ledger.audit_rows() if act.action.endswith("_policy")][::-1]
    assert acts == ["add_policy", "activate_policy", "activate_policy", "activate_policy"]
    assert ledger.verify_audit() == 5


async def test_the_kill_switch_needs_no_backtest(ledger: Ledger, tmp_path: Path) -> None:
    app = app_of(ledger, tmp_path)
    async with client_of(app) as client:
        token = await signed_in(client, "general_manager")
        await saved(client, token, **{"pricing.kill_switch": "true"})
        [version] = [one.version for one in policies_of(ledger)]
        answer = await client.post("/policies/activate", data={"token": token, "version": version})
        assert answer.status_code == 303
    assert app.state.desk.policy.pricing.kill_switch


@pytest.mark.parametrize(
    ("role", "drafts", "activates"), [("viewer", 403, 403), ("pricing", 303, 403), ("admin", 303, 303)]
)
async def test_who_may_write_and_who_may_put_into_force(
    ledger: Ledger, tmp_path: Path, role: str, drafts: int, activates: int
) -> None:
    async with client_of(app_of(ledger, tmp_path)) as client:
        token = await signed_in(client, role)
        assert (await saved(client, token, **{"pricing.cap_bp": "200"})).status_code == drafts
        assert (await client.get("/policies/edit")).status_code == (200 if drafts == 303 else 403)
        answer = await client.post("/policies/activate", data={"token": token, "version": STEPS.version})
        assert answer.status_code == activates


async def test_a_policy_of_the_settings_is_not_put_aside(ledger: Ledger, tmp_path: Path) -> None:
    app = app_of(ledger, tmp_path, policy=STEPS, fixed_policy="steps")
    async with client_of(app) as client:
        token = await signed_in(client, "admin")
        answer = await client.post("/policies/activate", data={"token": token, "version": DEFAULT.version})
        assert answer.status_code == 403
        assert "reads its policy from steps" in (await client.get("/policies")).text
        assert (await client.get("/policies?version=no@1")).status_code == 404
    assert app.state.desk.policy == STEPS


async def test_a_backtest_that_fails_says_why(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    app = app_of(ledger, tmp_path)
    async with client_of(app) as client:
        token = await signed_in(client, "analyst")
        form = {"token": token, "version": STEPS.version}
        assert (await client.post("/policies/backtest", data=form)).status_code == 404  # nothing was recorded
        (tmp_path / "recordings" / "one.parquet").write_bytes(b"")
        app.state.desk.trials._command = [sys.executable, "-c", "raise SystemExit('no room on the disk')"]
        assert (await client.post("/policies/backtest", data=form)).status_code == 303
        wait_for(app)
        assert "no room on the disk" in (await client.get("/backtests")).text


def test_a_summary_that_is_torn_hides_no_other(ledger: Ledger, tmp_path: Path) -> None:
    trials = app_of(ledger, tmp_path).state.desk.trials
    for name, text in (("torn", "{"), ("list", "[]"), ("whole", json.dumps({"policy": "a", "compare": None}))):
        (tmp_path / "backtests" / name).mkdir(parents=True)
        (tmp_path / "backtests" / name / "summary.json").write_text(text)
    assert {one.name: one.summary.get("policy") for one in trials.results()} == {
        "torn": None,
        "list": None,
        "whole": "a",
    }
    assert trials.beside("a", "b") is None


def policies_of(ledger: Ledger) -> list[policies.Version]:
    with ledger.reading() as connection:
        return policies.listed(connection)
