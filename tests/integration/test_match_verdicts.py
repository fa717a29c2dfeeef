"""What a person says of a match reaches Kafka and pricing, wherever the worker that sends it dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.codec import decode
from contracts.facts import Match, StockLevel
from contracts.topics import CATALOG, EVENTS, MATCHES, PROPOSALS, SALES, STOCK
from ledger import matching
from ledger.store import Ledger
from runtime.settings import Settings
from tests.integration.run_crashing_pricing import STEPS
from tests.integration.test_pricing_worker import proposals, read, send, wait_until
from tests.unit.pricing.samples import COMPETITOR, NOW, item, move, sales

pytestmark = pytest.mark.kafka

Start = Callable[[int], subprocess.Popen[bytes]]


@pytest.fixture
def start(kafka: str, tmp_path: Path) -> Iterator[Start]:
    """Start a worker that dies at a step, 0 one that does not; those still running are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def run(step: int) -> subprocess.Popen[bytes]:
        arguments = ["-m", "tests.integration.run_crashing_pricing", kafka, str(tmp_path), str(step)]
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log, cwd=Path.cwd()))
        return started[-1]

    yield run
    for worker in started:
        worker.kill()
        worker.wait(20)


def test_verdicts_reach_kafka_and_pricing_through_any_crash(kafka: str, tmp_path: Path, start: Start) -> None:
    ledger = Ledger.open(Settings(data=tmp_path).ledger_url)
    send(kafka, CATALOG, item())
    send(kafka, STOCK, StockLevel("A", 5_000, NOW))
    send(kafka, SALES, *sales())
    ledger.record_matches([Match(COMPETITOR, f"p{n}", "A", 5, 0.7, "review") for n in range(1, 4)])
    with ledger.writing() as connection:
        yes = matching.judge(connection, COMPETITOR, "p1", "approved", "ann", NOW - 60_000)
        matching.judge(connection, COMPETITOR, "p2", "rejected", "ann", NOW - 60_000)

    for step in range(1, len(STEPS) + 1):
        assert start(step).wait(60) == 137
        assert len(ledger.owed_matches(10)) == 2  # nothing is forgotten
    start(0)
    wait_until(lambda: ledger.owed_matches(10) == [])
    sent = [decode(value, Match) for value in read(kafka, MATCHES.name)]
    assert {match.product_id for match in sent} == {"p1", "p2"}
    assert len({repr(match) for match in sent}) == 2  # however often they were sent: the same two

    # Nobody told the crawl what these products are: the verdict does.
    send(kafka, EVENTS, *(move(8_000, sku="", product_id=f"p{n}") for n in (1, 2, 3)))
    wait_until(lambda: len(proposals(kafka)) >= 1)
    (made,) = proposals(kafka)
    assert (made.sku, made.blocked_by, made.signals.match_confidence) == ("A", None, 1.0)
    assert yes in sent
    assert read(kafka, PROPOSALS.dead) == []
    ledger.close()
