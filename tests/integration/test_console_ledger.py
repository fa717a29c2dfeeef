"""What the console asks of the ledger, on SQLite and on PostgreSQL alike, and its command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from contracts.alerts import Alert
from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.facts import Match
from contracts.observations import PricePoint
from contracts.policy import DEFAULT
from contracts.times import DAY_MS
from ledger import board, care, matching, outbox, pages, policies, tokens
from ledger.pages import AlertFilter, Position
from ledger.store import Ledger

PASSWORD = "a long password"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'ledger.sqlite'}"
    else:
        url = request.getfixturevalue("postgres")
    ledger = Ledger.open(url)
    _fill(ledger)
    yield ledger
    ledger.close()


def _fill(ledger: Ledger) -> None:
    ledger.record_alerts(
        [
            Alert(
                alert_id=f"a{number:03d}",
                revision=1,
                status="closed" if number % 7 == 0 else "opened",
                kind="price",
                severity="red" if number % 2 else "yellow",
                competitor="shop",
                product_id=f"p{number % 3}",
                opened_at=number // 10,
                observed_at=number // 10,
                event_id=f"e{number}",
                headline=f"100 %_cheaper {number}",
                sku=f"s{number % 3}",
            )
            for number in range(100)
        ]
    )
    ledger.record_matches([Match("shop", f"p{n}", f"s{n}", 5, 0.5 + n / 10, "review") for n in range(3)])
    ledger.record_price_points(
        [
            PricePoint(shop, f"p{number}", number * 10 + step, 100 + step, "CNY")
            for shop in ("shop", "other")
            for number in range(3)
            for step in range(4)
        ]
    )


@pytest.mark.parametrize("size", [1, 7, 30])
def test_pages_hold_every_row_once(ledger: Ledger, size: int) -> None:
    seen: list[Alert] = []
    after: Position | None = None
    with ledger.reading() as connection:
        while found := pages.alerts(connection, AlertFilter(status="all"), after, size):
            seen += found
            after = Position(found[-1].observed_at, found[-1].alert_id)
    assert [one.alert_id for one in seen] == [f"a{number:03d}" for number in reversed(range(100))]


def test_filters_combine_and_take_marks_literally(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        red = pages.alerts(connection, AlertFilter(severity="red", sku="s1"), None, 100)
        assert {(one.severity, one.sku, one.status) for one in red} == {("red", "s1", "opened")}
        assert len(pages.alerts(connection, AlertFilter(status="all", text="%_cheaper"), None, 200)) == 100
        assert pages.alerts(connection, AlertFilter(status="all", text="%x%"), None, 200) == []
        assert pages.alert_count(connection, AlertFilter(status="closed")) == 15


def test_prices_are_the_latest_and_freshness_is_theirs(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        latest = pages.latest_prices(connection, ["s0", "s2"])
        assert {(one.sku, one.observed_at, one.price_minor) for one in latest} == {("s0", 3, 103), ("s2", 23, 103)}
        assert pages.freshness(connection) == {"other": 23, "shop": 23}
        assert pages.competitors(connection) == ["other", "shop"]
        similar = pages.similar(connection, ledger.alert("a003") or pytest.fail("no alert"))
        assert {one.product_id for one in similar} == {"p0"}


def test_the_overview_counts_by_day_and_by_competitor(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        assert board.alerts_a_day(connection, 5) == {(0, "red"): 25, (0, "yellow"): 25}
        assert board.open_by_competitor(connection) == {"shop": {"red": 43, "yellow": 42}}
        assert pages.newest_points(connection, [("shop", "p1"), ("shop", "no")]).keys() == {("shop", "p1")}
        assert pages.newest_points(connection, [("shop", "p1")])["shop", "p1"].price_minor == 103
        assert pages.decisions_of(connection, "s1", 0) == []


def test_a_policy_is_in_force_after_a_trial_and_no_sooner(ledger: Ledger) -> None:
    calm = msgspec.structs.replace(
        DEFAULT, name="calm", detection=msgspec.structs.replace(DEFAULT.detection, move_bp=7)
    )
    stop = msgspec.structs.replace(calm, pricing=msgspec.structs.replace(calm.pricing, kill_switch=True))
    with ledger.writing() as connection:
        assert policies.active(connection) is None
        for _ in range(2):  # once more changes nothing
            policies.add(connection, calm, "ann", "fewer alerts", 10)
        policies.add(connection, stop, "ann", "", 11)
        assert policies.find(connection, calm.version) == calm
        with pytest.raises(NotAllowedError, match="needs a backtest"):
            policies.activate(connection, calm.version, "mei", tried=False, now_ms=12)
        with pytest.raises(NotFoundError):
            policies.activate(connection, "no@1", "mei", tried=True, now_ms=12)
        policies.activate(connection, calm.version, "mei", tried=True, now_ms=13)
        policies.activate(connection, stop.version, "mei", tried=False, now_ms=14)
        assert policies.active(connection) == stop
        policies.activate(connection, DEFAULT.version, "mei", tried=False, now_ms=15)
        assert policies.active(connection) == DEFAULT
        policies.activate(connection, calm.version, "mei", tried=False, now_ms=16)
        assert policies.active(connection) == calm
        assert [one.version for one in policies.listed(connection)] == [stop.version, calm.version, DEFAULT.version]
    assert ledger.verify_audit() >= 6


def test_what_people_did_filters_alike_in_the_ledger_and_live(ledger: Ledger) -> None:
    ledger.acknowledge("a001", "ann", 20)
    ledger.false_positive("a002", "ann", "a smaller pack", 20)
    ledger.assign("a003", "ann", "ben", 20)
    with ledger.writing() as connection:
        outbox.escalate(connection, "a004", [], 20)
    with ledger.reading() as connection:
        everything = pages.alerts(connection, AlertFilter(status="all"), None, 500)
        cared = care.of(connection, [one.alert_id for one in everything])
        for status in ("open", "closed", "all"):
            for name in ("", *pages.CARES):
                for to in ("", "ben"):
                    wanted = AlertFilter(status=status, care=name, assigned_to=to)
                    found = pages.alerts(connection, wanted, None, 500)
                    assert found == [one for one in everything if wanted.fits(one, cared[one.alert_id])], wanted
        wrong = pages.alerts(connection, AlertFilter(status="all", care="wrong"), None, 10)
        assert [one.alert_id for one in wrong] == ["a002"]


def test_matches_are_judged_once_and_remembered(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        judged = matching.judge(connection, "shop", "p0", "rejected", "ann", 50)
        with pytest.raises(NotFoundError):
            matching.judge(connection, "shop", "p9", "approved", "ann", 50)
        with pytest.raises(BadInputError):
            matching.judge(connection, "shop", "p1", "perhaps", "ann", 50)
    assert (judged.status, judged.matched_at, judged.confidence) == ("rejected", 50, 0.5)
    with ledger.reading() as connection:
        assert [one.product_id for one in pages.matches(connection, "review", 10)] == ["p1", "p2"]
        assert pages.acts(connection, "ann", "judge_match", None, 10)[0].subject == "shop|p0"
        assert pages.latest_prices(connection, ["s0"]) == []
    assert ledger.verify_audit() >= 1


def test_a_verdict_is_owed_to_kafka_until_kafka_has_this_one(ledger: Ledger) -> None:
    ledger.matches_published(ledger.owed_matches(10), 40)
    assert ledger.owed_matches(10) == []  # what came from Kafka is not owed to it
    with ledger.writing() as connection:
        first = matching.judge(connection, "shop", "p1", "approved", "ann", 50)
    assert ledger.owed_matches(10) == [first]
    assert first.confidence == 1.0  # a person's yes is sure
    with ledger.writing() as connection:  # the worker holds the yes, and a person thinks again
        second = matching.judge(connection, "shop", "p1", "rejected", "ben", 50)
    assert second.matched_at > first.matched_at
    ledger.matches_published([first], 60)
    assert ledger.owed_matches(10) == [second]  # an older verdict was left in Kafka: the newer one goes again
    ledger.matches_published([second], 61)
    assert ledger.owed_matches(10) == []
    ledger.matches_published([first], 62)  # a worker that slept through all of it
    assert ledger.owed_matches(10) == [second]
    ledger.record_matches([first, second])  # read back from Kafka, in any order
    assert ledger.owed_matches(10) == [second]
    with ledger.reading() as connection:
        assert second in pages.matches(connection, "rejected", 10)


def test_a_key_is_known_by_its_hash_alone(ledger: Ledger) -> None:
    ledger.add_user("ann", "pricing", PASSWORD, 1)
    with ledger.writing() as connection:
        key = tokens.make(connection, "ann", "nightly", 2, "shell")
        [row] = tokens.listed(connection)
        assert key.split("_", 2)[2] not in row.hash
        ends = 2 + 90 * DAY_MS
        assert tokens.holder(connection, key, ends - 1) == tokens.Holder(row.token_id, "ann", "pricing")
        ended = tokens.holder(connection, key, ends)
        assert ended is not None
        assert ended.refused == "expired"
        tokens.revoke(connection, row.token_id, 3, "shell")
        revoked = tokens.holder(connection, key, 4)
        assert revoked is not None
        assert revoked.refused == "revoked"
        assert tokens.holder(connection, key[:-1], 4) is None
        for days in (0, 367):
            with pytest.raises(BadInputError, match="1 to 366 days"):
                tokens.make(connection, "ann", "", 5, "shell", days)
        with pytest.raises(NotFoundError):
            tokens.revoke(connection, row.token_id, 4, "shell")
        with pytest.raises(BadInputError):
            tokens.make(connection, "nobody", "", 5, "shell")


def test_the_console_is_served_to_those_added_and_ends_while_a_page_listens(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    environment = {**os.environ, "PRICERADAR_DATA": str(tmp_path / "data")}
    run = [sys.executable, "-m", "cli"]

    def told(*arguments: str) -> str:
        return subprocess.run([*run, *arguments], env=environment, capture_output=True, text=True, check=True).stdout

    add = ("users", "add", "ann", "--role", "pricing", "--password-file", str(password))
    assert told(*add) == "ann may sign in as pricing\n"
    again = subprocess.run([*run, *add], check=False, env=environment, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (2, "priceradar: the name 'ann' is taken\n")
    assert told("users", "list") == "ann\tpricing\n"
    assert told("users", "change", "ann", "--role", "analyst", "--disable") == "ann: analyst, may not sign in\n"
    assert told("users", "change", "ann", "--role", "pricing", "--enable") == "ann: pricing, may sign in\n"
    assert told("users", "add", "eve@example.org", "--role", "viewer", "--sso").startswith(
        "eve@example.org may sign in"
    )
    key = told("users", "token", "ann").strip()
    assert key.split("_")[1] in told("users", "tokens")

    console = subprocess.Popen([*run, "console", "--port", "0"], env=environment)
    try:
        address = _announced(tmp_path / "data", console)
        with httpx.Client(base_url=address, timeout=10) as client:
            assert client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {key}"}).json() == []
            token = re.search(r'name="token" value="(\w+)"', client.get("/login").text)
            assert token
            form = {"name": "ann", "password": PASSWORD, "token": token[1]}
            assert client.post("/login", data=form).status_code == 303
            with client.stream("GET", "/live/alerts") as stream:
                lines = stream.iter_lines()
                assert next(lines) == "retry: 2000"
                console.terminate()
                assert console.wait(15) in (0, -15)
    finally:
        console.kill()
        console.wait()


def _announced(data: Path, process: subprocess.Popen[bytes]) -> str:
    import threading

    for _ in range(600):
        for path in data.rglob("*"):
            if path.is_file() and "console" in path.name and "secret" not in path.name:
                found = re.search(r"http://127\.0\.0\.1:\d+", path.read_text("utf-8", "replace"))
                if found:
                    return found[0]
        assert process.poll() is None
        threading.Event().wait(0.05)
    raise AssertionError("the console did not say where it is")
