"""The pricing worker on real Kafka: facts in, proposals out, a memory that survives kill -9."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from contracts.codec import decode, encode
from contracts.events import PriceMoved
from contracts.facts import CatalogItem, StockLevel
from contracts.policy import DEFAULT
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from contracts.topics import CATALOG, DECISIONS, EVENTS, PARTITIONS, PROPOSALS, SALES, STOCK, Topic
from pricing.verify import verify
from tests.integration.run_pricing import FileLedger
from tests.unit.pricing.samples import NOW, item, move, sales

pytestmark = pytest.mark.kafka
WORKER = "import sys; from tests.integration.run_pricing import main; main(sys.argv[1], sys.argv[2])"


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def send(bootstrap: str, topic: Topic, *values: Any, key: bytes = b"A") -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value in values:
        data = value if isinstance(value, bytes) else encode(value)
        producer.send(topic.name, key=key, value=data)
    producer.flush()
    producer.close()


def read(bootstrap: str, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(tps)
    ends = consumer.end_offsets(tps)
    found: list[bytes] = []
    consumer.seek_to_beginning(*tps)
    while any(consumer.position(tp) < ends[tp] for tp in tps):
        for records in consumer.poll(timeout_ms=500).values():
            found += [record.value for record in records]
    consumer.close()
    return found


def proposals(bootstrap: str) -> list[Proposal]:
    return [decode(value, Proposal) for value in read(bootstrap, PROPOSALS.name)]


def start_worker(bootstrap: str, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, bootstrap, str(folder)], stdout=log, stderr=log, cwd=Path.cwd()
        )


@pytest.fixture
def workers(kafka: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; those still running are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(start_worker(kafka, tmp_path))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
        worker.wait(20)


def looks(bootstrap: str, ledger: Path, count: int) -> list[Proposal]:
    """Proposals of looks at Z, once so many of them are in the ledger, too."""
    wait_until(lambda: len({p.proposal_id for p in proposals(bootstrap) if p.look and p.sku == "Z"}) == count)
    found = [made for made in proposals(bootstrap) if made.look and made.sku == "Z"]
    for made in found:
        wait_until((ledger / "proposals" / made.proposal_id).exists)
        assert (ledger / "proposals" / made.proposal_id).read_bytes() == encode(made)
        verify(made, DEFAULT)
    assert len(found) == count, "each look is made once"
    return sorted(found, key=lambda made: made.decided_at)


def event(now: int, before: int, at: int) -> PriceMoved:
    return move(now, before, at=at)


def test_a_worker_proposes_remembers_and_publishes_what_was_decided(
    kafka: str, tmp_path: Path, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    ledger = FileLedger(tmp_path / "ledger")
    send(kafka, CATALOG, item(), b'{"sku": 7}')
    send(kafka, STOCK, StockLevel("A", 5_000, NOW))
    send(kafka, SALES, *sales())
    send(kafka, EVENTS, event(8_000, 10_000, NOW), b"not json")

    first = workers()
    wait_until(lambda: len(proposals(kafka)) == 1)
    (made,) = proposals(kafka)
    assert (made.proposed_minor, made.blocked_by) == (9_700, None)
    verify(made, DEFAULT)
    wait_until((tmp_path / "ledger" / "proposals" / made.proposal_id).exists)
    wait_until((tmp_path / "ledger" / "items" / "A").exists)
    assert decode((tmp_path / "ledger" / "items" / "A").read_bytes(), CatalogItem) == item()
    assert read(kafka, CATALOG.dead) == [b'{"sku": 7}']
    wait_until(lambda: read(kafka, EVENTS.dead) == [b"not json"])

    ledger.decide(
        Decision(
            decision_id="d1",
            sku="A",
            price_minor=9_700,
            previous_minor=10_000,
            currency="CNY",
            decided_at=NOW + HOUR_MS,
            proposal_id=made.proposal_id,
        )
    )
    wait_until(lambda: len(read(kafka, DECISIONS.name)) == 1)
    kept = tmp_path / "ledger" / "items" / "A"
    wait_until(lambda: decode(kept.read_bytes(), CatalogItem).price_minor == 9_700)
    first.send_signal(signal.SIGKILL)
    first.wait(20)

    # The cap window, the cooldown and the quote the restore needs come back from Kafka.
    send(kafka, STOCK, StockLevel("A", 5_000, NOW + 2 * HOUR_MS))
    send(kafka, EVENTS, event(7_000, 8_000, NOW + 2 * HOUR_MS), event(9_900, 7_000, NOW + 3 * HOUR_MS))
    workers()
    wait_until(lambda: len({p.proposal_id for p in proposals(kafka)}) == 3)
    by_time = sorted({p.proposal_id: p for p in proposals(kafka)}.values(), key=lambda p: p.decided_at)
    assert [p.kind for p in by_time] == ["markdown", "markdown", "restore"]
    assert by_time[1].blocked_by == "cooldown"
    assert by_time[1].window_start_minor == 10_000
    assert by_time[1].current_minor == 9_700
    assert by_time[2].proposed_minor == 10_000
    for again in by_time:
        verify(again, DEFAULT)


def test_what_was_held_back_or_stands_is_looked_at_again_once_whoever_is_killed(
    kafka: str, tmp_path: Path, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    kept = tmp_path / "ledger"
    send(kafka, CATALOG, item(sku="Z"), key=b"Z")
    send(kafka, SALES, *sales("Z"), key=b"Z")
    send(kafka, STOCK, StockLevel("Z", 5_000, NOW - 4 * HOUR_MS), key=b"Z")
    send(kafka, EVENTS, move(8_000, sku="Z", product_id="pz"), key=b"Z")
    first = workers()
    wait_until(lambda: [made.blocked_by for made in proposals(kafka) if made.sku == "Z"] == ["stale_stock"])
    first.send_signal(signal.SIGKILL)
    first.wait(20)

    # Fresh stock comes while nobody is there; two workers share the work when they start.
    send(kafka, STOCK, StockLevel("Z", 5_000, NOW + 10 * MINUTE_MS), key=b"Z")
    second, third = workers(), workers()
    (made,) = looks(kafka, kept, 1)
    assert (made.look, made.blocked_by, made.proposed_minor) == ("again:stale_stock", None, 9_700)
    FileLedger(kept).decide(
        Decision(
            decision_id="z1",
            sku="Z",
            price_minor=9_700,
            previous_minor=10_000,
            currency="CNY",
            decided_at=NOW + HOUR_MS,
            proposal_id=made.proposal_id,
        )
    )
    wait_until(lambda: any(decode(value, Decision).sku == "Z" for value in read(kafka, DECISIONS.name)))
    for worker in (second, third):
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)

    # Whichever event moves the time on: the one that has the partition of Z looks, and no other start repeats it.
    later = NOW + HOUR_MS + DEFAULT.pricing.review_markdown_days * DAY_MS
    send(kafka, EVENTS, move(9_000, at=later, sku="Y", product_id="py", event_id="other"), key=b"Y")
    fourth = workers()
    _again, stood = looks(kafka, kept, 2)
    assert (stood.kind, stood.decided_at, stood.proposed_minor) == ("restore", later, 10_000)
    fourth.send_signal(signal.SIGKILL)
    workers()
    send(kafka, EVENTS, move(8_000, 9_000, at=later + HOUR_MS, sku="Y", product_id="py", event_id="last"), key=b"Y")
    wait_until(lambda: any(made.trigger_event_id == "last" for made in proposals(kafka)))
    looks(kafka, kept, 2)
