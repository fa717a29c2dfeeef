"""Random streams through the Faust worker on real Kafka, which dies between any two steps, and through a backtest."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from backtest.recording import Recording
from backtest.runner import Run
from benchmarks.chaos import Tail, Workers, first_of_each, send, wait_until
from benchmarks.chaos_market import UNDECODABLE, Batch, market
from contracts.codec import decode_observations, encode
from contracts.policy import DEFAULT
from contracts.recording import Extent, observations_table, write_file
from contracts.topics import EVENTS, OBSERVATIONS
from runtime.broker import OwnKafka
from streams.admin import ensure_topics

pytestmark = pytest.mark.kafka
MOST_STEPS = 3000


def disordered(stream: list[Batch], chance: random.Random) -> list[Batch]:
    """Some messages come twice, some change places."""
    found = [batch for batch in stream for _ in range(chance.choice([1, 1, 1, 2]))]
    for at in range(len(found) - 3):
        if chance.random() < 0.2:
            other = at + chance.randrange(3)
            found[at], found[other] = found[other], found[at]
    return found


def backtested(stream: list[Batch], folder: Path) -> dict[int, list[bytes]]:
    """Events by partition, in order, of a backtest of these messages as a recording."""
    by_partition: dict[int, list[bytes]] = {}
    for number, value in stream:
        by_partition.setdefault(number, []).append(value)
    for number, values in by_partition.items():
        rows = [(at, decode_observations(v)) for at, v in enumerate(values) if v != UNDECODABLE]
        extent = Extent(OBSERVATIONS.name, number, rows[0][0], rows[-1][0])
        write_file(observations_table(number, rows), extent.path(folder))
    events: dict[int, list[bytes]] = {}
    for number, event in Run(Recording(folder), DEFAULT).events():
        events.setdefault(number, []).append(encode(event))
    return events


@pytest.mark.parametrize("seed", range(int(os.environ.get("PRICERADAR_STREAMS", "1"))))
def test_a_live_run_that_dies_at_any_step_gives_the_events_of_a_backtest(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    stream = disordered(market(seed=100 + seed, batches=120), chance)
    expected = backtested(stream, tmp_path / "recording")
    with OwnKafka(tmp_path / "kafka") as broker:
        ensure_topics(broker.bootstrap)
        send(broker.bootstrap, stream)
        for _ in range(2):
            step = str(int(MOST_STEPS ** chance.random()))
            command = [
                sys.executable,
                "-m",
                "tests.integration.run_crashing_streams",
                broker.bootstrap,
                str(tmp_path),
                step,
            ]
            with (tmp_path / "crashing.log").open("ab") as log:
                assert subprocess.run(command, stdout=log, stderr=log, timeout=90, check=False).returncode == 137
        with Tail(broker.bootstrap, EVENTS.name) as tail, Workers(broker.bootstrap, tmp_path) as workers:
            workers.start()

            def live() -> dict[int, list[bytes]]:
                return {number: first_of_each(values) for number, values in tail.read().items() if values}

            wait_until(lambda: sum(map(len, live().values())) >= sum(map(len, expected.values())), 90)
            assert live() == expected
