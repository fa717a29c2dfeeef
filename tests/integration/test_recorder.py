"""What was recorded of a live run, backtested, gives the live run's events byte for byte."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from backtest.recording import Recording
from backtest.runner import Run
from contracts.codec import decode_event, decode_observations, encode
from contracts.facts import StockLevel
from contracts.observations import Observation, Promotion
from contracts.partition import series_partition
from contracts.policy import DEFAULT
from contracts.recording import extent_of, files_of
from contracts.times import HOUR_MS, MINUTE_MS
from contracts.topics import EVENTS, OBSERVATIONS, PARTITIONS, STOCK
from ledger.store import Ledger
from runtime.settings import Settings
from tests.integration.kept import values

pytestmark = pytest.mark.kafka
RUN = "import sys; from tests.integration.run_{0} import main; main(sys.argv[1], sys.argv[2])"
Sent = tuple[int, bytes]


def market(seed: int, rounds: int = 300) -> Iterator[Sent]:
    """Batches by partition with everything a shop may show, repeats, late rows and rows beyond int64."""
    chance = random.Random(seed)
    base = {f"p{number}": chance.randrange(500, 50_000) for number in range(120)}
    clock = 1_760_000_000_000
    for _ in range(rounds):
        clock += chance.choice([MINUTE_MS, HOUR_MS, 9 * HOUR_MS])
        grouped: dict[int, list[Observation]] = {}
        for product in chance.sample(sorted(base), 40):
            row = seen(chance, product, base[product], clock)
            grouped.setdefault(series_partition(row.competitor, row.product_id), []).append(row)
        yield from ((number, encode(tuple(rows))) for number, rows in grouped.items())
        if chance.random() < 0.03:
            yield chance.randrange(PARTITIONS), chance.choice([b'[{"competitor": 7}]', b"\xff", b""])


def seen(chance: random.Random, product: str, base: int, clock: int) -> Observation:
    factor = chance.choice([100, 100, 100, 104, 93, 80, 130, 100_000, 0, 10**18])
    was = chance.choice([None, None, base * 2, 10**30])
    shown = chance.choice(
        [(), (), (Promotion("coupon", "10 off"),), (Promotion("gift"), Promotion("bundle", "3 for 2"))]
    )
    return Observation(
        "shop",
        product,
        clock + chance.choice([0, 0, 0, -2 * HOUR_MS]),
        chance.choice([base * factor // 100] * 9 + [None]),
        chance.choice(["EUR"] * 30 + ["USD", "EURO"]),
        chance.choice(["InStock", "InStock", "OutOfStock", "Unknown"]),
        seller=chance.choice(["", "", "other"]),
        price_type=chance.choice(["regular", "regular", "member"]),
        list_price_minor=was,
        sku=f"sku-{product}" if int(product[1:]) % 3 == 0 else "",
        match_confidence=chance.choice([1.0, 0.9]),
        name=f"Product {product}",
        promotions=shown,
    )


@pytest.fixture
def start(kafka: str, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start workers; those still running are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def run(name: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-c", RUN.format(name), kafka, str(tmp_path)]
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=Path.cwd()))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.1)


def ends(kafka: str, topic: str) -> dict[int, int]:
    consumer: Any = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    found = consumer.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
    consumer.close()
    return {tp.partition: end for tp, end in found.items()}


def recorded(settings: Settings, topic: str) -> dict[int, int]:
    """The offset after the last one recorded, by partition."""
    files = files_of(settings.recordings, topic)
    return {number: max(extent_of(path).last for path in paths) + 1 for number, paths in files.items()}


def complete(kafka: str, settings: Settings, topic: str) -> bool:
    there = {number: end for number, end in ends(kafka, topic).items() if end}
    return recorded(settings, topic) == there


def test_a_recorded_live_run_backtested_gives_the_same_events(
    kafka: str, settings: Settings, start: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    start("streams")
    recorder = start("recorder")
    producer: Any = KafkaProducer(bootstrap_servers=kafka, linger_ms=5)
    producer.send(STOCK.name, key=b"sku-p0", value=encode(StockLevel("sku-p0", 5, 1_760_000_000_000)))
    stream = list(market(7))
    for count, (partition, value) in enumerate(stream):
        producer.send(OBSERVATIONS.name, value=value, partition=partition)
        if count in (len(stream) // 3, 2 * len(stream) // 3):
            producer.flush()
            wait_until(lambda: bool(recorded(settings, OBSERVATIONS.name)))
            recorder.send_signal(signal.SIGKILL)
            recorder.wait()
            recorder = start("recorder")
    producer.flush()
    producer.close()

    wait_until(lambda: complete(kafka, settings, OBSERVATIONS.name))
    run = Run(Recording(settings.recordings), DEFAULT)
    replayed = [(event.event_id, encode(event)) for _partition, event in run.events()]
    wait_until(lambda: len(set(values(kafka, EVENTS.name))) >= len(dict(replayed)))
    live = [(decode_event(value).event_id, value) for value in values(kafka, EVENTS.name)]

    assert len(replayed) > 1000
    assert len({type(event).__name__ for _number, event in Run(Recording(settings.recordings), DEFAULT).events()}) >= 7
    assert dict(live) == dict(replayed)
    assert run.counts["observations"] == sum(rows_of(value) for _partition, value in stream)
    assert recorded(settings, STOCK.name)

    wait_until(lambda: complete(kafka, settings, EVENTS.name))
    ledger = Ledger.open(settings.ledger_url)
    points = ledger.price_points("shop", "p0")
    ledger.close()
    assert len(points) > 10
    assert [point.observed_at for point in points] == sorted(point.observed_at for point in points)


def rows_of(value: bytes) -> int:
    try:
        return len(decode_observations(value))
    except ValueError:
        return 0
