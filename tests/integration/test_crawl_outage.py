"""Kafka away and back: nothing is lost, and what was asked for is fetched while the crawl runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.codec import decode_observations
from contracts.observations import Observation
from contracts.topics import OBSERVATIONS
from runtime.broker import OwnKafka, free_port
from streams.admin import ensure_topics
from tests.integration.kept import values
from tests.integration.run_crawl_outbox import row

pytestmark = pytest.mark.kafka


def everything(kafka: str) -> list[Observation]:
    return [seen for value in values(kafka, OBSERVATIONS.name) for seen in decode_observations(value)]


def test_kafka_down_while_crawling_loses_nothing_and_keeps_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    ports = iter([port, free_port(), port, free_port()])  # it comes back where it was
    monkeypatch.setattr("runtime.broker.free_port", lambda: next(ports))
    with OwnKafka(tmp_path / "kafka") as broker:
        ensure_topics(broker.bootstrap)
        # In a process of its own: kafka-python leaves the sockets of refused connections to the garbage collector.
        command = "import sys; from tests.integration.run_crawl_outbox import main; main(*sys.argv[1:])"
        crawl = subprocess.Popen(
            [sys.executable, "-c", command, broker.bootstrap, str(tmp_path / "spool")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        tell(crawl, 100)
    with crawl:
        tell(crawl, 400)  # nobody listens now
        with OwnKafka(tmp_path / "kafka") as broker:
            crawl.communicate(timeout=120)
            found = everything(broker.bootstrap)

    assert crawl.returncode == 0
    assert {seen.observed_at for seen in found} == {row(number).observed_at for number in range(400)}
    first = list(dict.fromkeys((seen.product_id, seen.observed_at) for seen in found))
    for product in {product for product, _ in first}:
        times = [at for known, at in first if known == product]
        assert times == sorted(times)
    assert not list((tmp_path / "spool").iterdir())


def tell(crawl: subprocess.Popen[str], rows: int) -> None:
    assert crawl.stdin is not None
    assert crawl.stdout is not None
    crawl.stdin.write(f"{rows}\n")
    crawl.stdin.flush()
    assert crawl.stdout.readline().strip() == str(rows)
