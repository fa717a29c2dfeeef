"""The alerts worker on real Kafka and a real ledger: told once, also after kill -9."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from contracts.alerts import Alert
from contracts.codec import decode, encode
from contracts.events import PriceMoved
from contracts.topics import ALERTS, EVENTS
from ledger import outbox
from ledger.store import Ledger
from runtime.settings import Settings
from tests.integration.kept import values
from tests.integration.receiver import Receiver, receiver

pytestmark = pytest.mark.kafka
WORKER = "import sys; from tests.integration.run_alerts import main; main(sys.argv[1], sys.argv[2])"


def cut(product: str, number: int, previous: int, price: int) -> bytes:
    return encode(
        PriceMoved(
            event_id=f"move_{product}_{number}",
            competitor="shop",
            product_id=product,
            observed_at=int(time.time() * 1000) + number,
            basis="step",
            previous_minor=previous,
            anchor_minor=previous,
            price_minor=price,
            currency="CNY",
        )
    )


def send(bootstrap: str, *values: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value in values:
        producer.send(EVENTS.name, key=b"A", value=value)
    producer.flush()
    producer.close()


def wait_for(bootstrap: str, topic: str, enough: int, seconds: float = 60.0) -> list[bytes]:
    deadline = time.monotonic() + seconds
    while len(found := values(bootstrap, topic)) < enough:
        assert time.monotonic() < deadline, f"{len(found)} of {enough} messages came to {topic}"
        time.sleep(0.05)
    return found


@pytest.fixture
def start(kafka: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; those still running are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        with (tmp_path / "worker.log").open("ab") as log:
            command = [sys.executable, "-c", WORKER, kafka, str(tmp_path)]
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=Path.cwd()))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A webhook the workers tell, by their environment."""
    with receiver() as found:
        monkeypatch.setenv("PRICERADAR_WEBHOOK", found.url)
        yield found


def test_an_episode_outlives_the_worker(
    kafka: str, hook: Receiver, settings: Settings, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    first = start()
    send(kafka, cut("p1", 0, 10_000, 9_000), b"{not json")
    (opened,) = [decode(value, Alert) for value in wait_for(kafka, ALERTS.name, 1)]
    assert wait_for(kafka, EVENTS.dead, 1) == [b"{not json"]
    ledger = Ledger.open(settings.ledger_url)
    told_by(hook, ledger, 1)
    first.send_signal(signal.SIGKILL)
    first.wait()

    start()
    send(kafka, cut("p1", 1, 9_000, 8_000), cut("p2", 2, 5_000, 4_000))
    # Not acknowledged before the kill, the first event may be told again: the same revision.
    deadline = time.monotonic() + 60
    while len(told := {(a.alert_id, a.revision): a for a in alerts(kafka)}) < 3:
        assert time.monotonic() < deadline, f"only {sorted(told)} were told"
        time.sleep(0.05)

    updated = told[(opened.alert_id, 2)]
    assert (updated.status, updated.from_minor, updated.to_minor) == ("updated", 10_000, 8_000)
    told_by(hook, ledger, 3)
    kept = {alert.product_id: (alert.alert_id, alert.revision) for alert in ledger.alerts(open_only=True)}
    ledger.close()
    assert kept["p1"] == (opened.alert_id, 2)
    assert kept.keys() == {"p1", "p2"}
    # People heard each revision once, whatever Kafka delivered again.
    heard = [decode(got.body, Alert) for got in hook.got]
    assert sorted((alert.alert_id, alert.revision) for alert in heard) == sorted(told)


def told_by(hook: Receiver, ledger: Ledger, times: int) -> None:
    """Wait until the hook got so many, and nothing is owed to it any more."""
    deadline = time.monotonic() + 60
    while len(hook.got) < times or owed(ledger):
        assert time.monotonic() < deadline, f"the hook got {len(hook.got)} of {times}"
        time.sleep(0.05)


def owed(ledger: Ledger) -> bool:
    with ledger.reading() as connection:
        return outbox.waiting(connection, "webhook", 2**50)


def alerts(bootstrap: str) -> list[Alert]:
    return [decode(value, Alert) for value in values(bootstrap, ALERTS.name)]
