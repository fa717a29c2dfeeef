"""A recording of any shape gives the events of the engine fed row by row, and whole files of results."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from backtest.output import EVENTS_SCHEMA, batch_of, event_cells
from backtest.recording import Recording
from backtest.runner import Run, backtest
from contracts.codec import encode
from contracts.errors import BadInputError, BadRecordingError
from contracts.observations import Observation, Promotion
from contracts.partition import series_partition
from contracts.policy import DEFAULT, STEPS
from contracts.recording import Extent, observations_table, write_file
from contracts.topics import OBSERVATIONS
from streams.engine import Engine

REGULAR = Observation("", "", 0, None, "").price_type  # the default itself, as decoding gives it


def market(seed: int, rows: int) -> list[Observation]:
    """Repeats, late rows, bad prices, unknown currencies, promotions, sellers."""
    chance = random.Random(seed)
    return [
        Observation(
            competitor=chance.choice(["shop", "store"]),
            product_id=f"p{chance.randrange(20)}",
            observed_at=1000 * number + chance.choice([0, 0, -5000]),
            price_minor=chance.choice([1000, 1000, 1040, 1100, 950, 0, None, 90_000]),
            currency=chance.choice(["EUR"] * 20 + ["USD", "???"]),
            availability=chance.choice(["InStock", "InStock", "OutOfStock", "Unknown"]),
            price_type=chance.choice([REGULAR, REGULAR, "member"]),
            seller=chance.choice(["", "", "other"]),
            list_price_minor=chance.choice([None, None, 1200]),
            sku=chance.choice(["", "OWN-1"]),
            promotions=chance.choice([(), (), (Promotion("coupon", "满 100 减 20", 1200),)]),
            **chance.choice([{}, {"match_confidence": 0.9}]),
        )
        for number in range(rows)
    ]


def record(folder: Path, rows: list[Observation], message: int = 7, overlap: int = 0) -> dict[int, list[Observation]]:
    """Write a recording of files that overlap by so many messages."""
    by_partition: dict[int, list[Observation]] = {}
    for row in rows:
        by_partition.setdefault(series_partition(row.competitor, row.product_id), []).append(row)
    for partition, found in by_partition.items():
        messages = list(enumerate(found[i : i + message] for i in range(0, len(found), message)))
        for start in range(0, len(messages), 10):
            part = messages[max(0, start - overlap) : start + 10]
            extent = Extent(OBSERVATIONS.name, partition, part[0][0], part[-1][0])
            write_file(observations_table(partition, part), extent.path(folder))
    return by_partition


@pytest.mark.parametrize("overlap", [0, 3])
@pytest.mark.parametrize("policy", [DEFAULT, STEPS], ids=lambda policy: policy.name)
def test_a_recording_gives_the_events_of_the_engine(tmp_path: Path, policy: type, overlap: int) -> None:
    by_partition = record(tmp_path, market(seed=overlap, rows=3000), overlap=overlap)

    run = Run(Recording(tmp_path), policy)
    events = list(run.events())
    found: dict[int, list[bytes]] = {}
    for partition, event in events:
        found.setdefault(partition, []).append(encode(event))
    tables = [chunk.table for chunk in Run(Recording(tmp_path), policy).chunks(objects=False)]
    assert pa.concat_batches(tables).equals(batch_of([event for _, event in events], EVENTS_SCHEMA, event_cells))

    for partition, rows in by_partition.items():
        engine = Engine(policy.detection)
        assert found.get(partition, []) == [encode(event) for event in engine.observe(rows)]
    assert run.counts["observations"] == 3000


def test_foreign_columns_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "foreign.csv"
    path.write_text(
        "observed_at,competitor,product_id,price,currency,available,list_price,promotion\n"
        "2026-11-24T10:00:00Z,shop,a,19.995,EUR,true,,\n"
        "2026-11-24T11:00:00Z,shop,a,100,JPY,false,25.00,coupon\n"
        "2026-11-24T12:00:00Z,shop,a,,EUR,,,2 for 1\n"
    )
    (frame,) = Recording(path).frames(0)
    rows = frame.observations(np.arange(3))

    assert [row.price_minor for row in rows] == [2000, 100, None]
    assert [row.availability for row in rows] == ["InStock", "OutOfStock", "Unknown"]
    assert rows[1].list_price_minor == 25
    assert rows[1].promotions == (Promotion("coupon"),)
    assert rows[2].promotions == (Promotion("other", "2 for 1"),)
    assert rows[0].observed_at == 1795514400000


def test_results_are_whole_the_same_every_time_and_escaped(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    rows = [
        {"observed_at": 1000 * n, "competitor": hostile, "product_id": "a", "price_cents": p}
        for n, p in enumerate((1000, 1100, 1100, 900))
    ]
    source = tmp_path / "small.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), source)

    for name in ("one", "two"):
        backtest(Recording(source), STEPS, tmp_path / name)
    backtest(Recording(source), STEPS, tmp_path / "two")

    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["moves"] == {"step": 2, "drift": 0, "up": 1, "down": 1}
    assert hostile not in (tmp_path / "one" / "report.html").read_text()
    for name in ("events.parquet", "proposals.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert not list(tmp_path.glob(".*partial*"))


def test_a_bad_file_is_named_and_skipped_only_when_told_to(tmp_path: Path) -> None:
    record(tmp_path, market(seed=1, rows=500))
    bad = min(tmp_path.rglob("*.parquet"))
    bad.write_bytes(bad.read_bytes()[:-20])

    with pytest.raises(BadRecordingError, match=bad.name):
        list(Run(Recording(tmp_path), STEPS).events())
    recording = Recording(tmp_path, skip_corrupt=True)
    list(Run(recording, STEPS).events())
    assert [bad.name in line for line in recording.skipped] == [True]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lacks.parquet"
    parquet.write_table(pa.table({"observed_at": [1], "competitor": ["a"], "product_id": ["b"]}), path)
    with pytest.raises(BadRecordingError, match="price_minor"):
        list(Run(Recording(path), STEPS).events())
    with pytest.raises(BadRecordingError, match="does not exist"):
        Recording(tmp_path / "nothing")


def test_results_never_replace_something_else(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    source = tmp_path / "small.parquet"
    table = pa.table({"observed_at": [1], "competitor": ["a"], "product_id": ["b"], "price_cents": [5]})
    parquet.write_table(table, source)
    with pytest.raises(BadInputError, match="something else"):
        backtest(Recording(source), STEPS, tmp_path)


def test_the_market_recording_gives_the_counts_of_its_oracle(evaluation_data: Path, tmp_path: Path) -> None:
    folder = evaluation_data / "market_recording"
    oracle = json.loads((folder / "oracle.json").read_text())["steps_policy"]

    run = backtest(Recording(folder / "observations.parquet"), STEPS, tmp_path / "out")

    summary = run.summary(1.0)
    assert summary["observations"] == 14_139_359
    assert summary["invalid"] == oracle["invalid_prices"]
    assert summary["duplicates"] == oracle["duplicates"]
    assert summary["price_changes"] == oracle["price_changes"]
    assert summary["moves"] == {
        "step": oracle["step_moves"],
        "drift": 0,
        "up": oracle["of_them_up"],
        "down": oracle["of_them_down"],
    }


def test_a_foreign_file_out_of_order_is_read_in_order_and_says_so(tmp_path: Path) -> None:
    rows = [
        f"2025-03-{day:02},shop,{product},{price}" for day, price in enumerate((10, 8, 8, 12), 1) for product in "ab"
    ]
    header = "observed_at,competitor,product_id,price\n"
    (tmp_path / "in.csv").write_text(header + "\n".join(rows), "utf-8")
    (tmp_path / "out.csv").write_text(header + "\n".join([*rows[4:], *rows[:4]]), "utf-8")

    runs = [
        backtest(Recording(tmp_path / name, "EUR"), DEFAULT, tmp_path / "r" / name) for name in ("in.csv", "out.csv")
    ]

    straight, shuffled = (encode(tuple(event for _partition, event in run.events())) for run in runs)
    assert straight == shuffled
    summary = json.loads((tmp_path / "r" / "out.csv" / "summary.json").read_bytes())
    assert (summary["out_of_order"], summary["moves"]["step"]) == (4, 4)
