"""Kill -9 in the middle of sending, and a channel that is dead for a while: nothing is lost, nothing told twice."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.routing import Routes
from contracts.alerts import Alert
from contracts.codec import decode
from contracts.policy import Alerting
from contracts.times import DAY_MS
from ledger import outbox
from ledger.store import Ledger
from tests.integration.receiver import Got, receiver

ALERTS, KILLED_AT = 60, (5, 18)


def alert(number: int) -> Alert:
    now = time.time_ns() // 1_000_000
    return Alert(
        alert_id=f"alert_{number}",
        revision=1,
        status="opened",
        kind="price",
        severity="red",
        competitor="shop",
        product_id=f"p{number}",
        opened_at=now,
        observed_at=now,
        event_id=f"move_{number}",
        headline=f"shop cut Kettle {number}",
    )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str, str], subprocess.Popen[bytes]]]:
    """Start senders; those still running are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def run(hook: str, team: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.integration.run_outbox", str(tmp_path), hook, team]
        with (tmp_path / "sender.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=Path.cwd()))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def owed(ledger: Ledger, channel: str) -> bool:
    with ledger.reading() as connection:
        return outbox.waiting(connection, channel, time.time_ns() // 1_000_000 + DAY_MS)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_while_it_sends_it_loses_nothing_and_repeats_only_what_nobody_confirmed(
    start: Callable[[str, str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    found = [alert(number) for number in range(ALERTS)]
    ledger.record_alerts(found, [o for a in found for o in Routes(Alerting(), ["webhook", "team"]).deliveries(a, 1)])
    with receiver() as hook, receiver() as team:
        killed: list[str] = []
        running = [start(hook.url, f"slack+{team.url}/hook")]

        def kill(got: Got) -> None:
            # In the moment between a service's acceptance and our note of it.
            if len(hook.got) in KILLED_AT:
                killed.append(got.headers["idempotency-key"])
                running[-1].kill()
                running[-1].wait()
                running.append(start(hook.url, f"slack+{team.url}/hook"))

        hook.on_receipt, team.status = kill, 503
        until(lambda: len({got.headers["idempotency-key"] for got in hook.got}) == ALERTS)
        # The other channel was dead all the while, delayed none of this, and lost none of it.
        assert len(team.got) > 1
        team.status = 200
        until(lambda: not any(owed(ledger, channel) for channel in ("team", "webhook")))

        told = Counter(got.headers["idempotency-key"] for got in hook.got)
        assert sorted({decode(got.body, Alert).alert_id for got in hook.got}) == sorted(a.alert_id for a in found)
        assert len(told) == ALERTS
        assert len(killed) == len(KILLED_AT)
        assert {key for key, times in told.items() if times > 1} <= set(killed)
        (card,) = [got for got in team.got if got.status == 200]
        assert f"{ALERTS} alerts" in card.json["text"]
    ledger.close()


@pytest.mark.parametrize("repeat", ["mark", "never"])
def test_a_chat_that_knows_no_ids_is_told_again_with_a_mark_or_not_at_all(
    start: Callable[[str, str], subprocess.Popen[bytes]], tmp_path: Path, repeat: str
) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with receiver() as team:
        running = [start("", f"slack+{team.url}/hook#repeat={repeat}")]

        def kill(_: Got) -> None:
            # The chat shows the card, and nobody is left who hears that it does.
            if len(team.got) == 2:
                running[-1].kill()
                running[-1].wait()
                running.append(start("", f"slack+{team.url}/hook#repeat={repeat}"))

        team.on_receipt = kill
        for number in range(4):  # one after another, so that each is a card
            ledger.record_alerts([alert(number)], Routes(Alerting(), ["team"]).deliveries(alert(number), 1))
            until(lambda: not owed(ledger, "team"))
        marked = ["Perhaps a repeat" in got.body.decode() for got in team.got]
        shown = [re.findall(r"Kettle \d", got.json["text"])[0] for got in team.got]
    again = ["Kettle 1"] if repeat == "mark" else []
    assert shown == ["Kettle 0", "Kettle 1", *again, "Kettle 2", "Kettle 3"]
    assert marked == [False, False, *(True for _ in again), False, False]
    ledger.close()


def test_two_senders_at_once_tell_once(start: Callable[[str, str], subprocess.Popen[bytes]], tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    found = [alert(number) for number in range(ALERTS)]
    with receiver() as hook, receiver() as team:
        hook.on_receipt = lambda _: time.sleep(0.03)  # all together longer than a lease
        for _ in range(2):
            start(hook.url, f"slack+{team.url}/hook")
        ledger.record_alerts(found, [o for a in found for o in Routes(Alerting(), ["webhook"]).deliveries(a, 1)])
        until(lambda: len(hook.got) >= ALERTS)
        time.sleep(0.8)  # longer than a lease: what is told twice would come now

        assert Counter(decode(got.body, Alert).alert_id for got in hook.got) == {a.alert_id: 1 for a in found}
    ledger.close()
