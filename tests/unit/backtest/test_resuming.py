"""A backtest killed at any moment and started again gives the files of one that nothing disturbed."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from backtest import resuming
from backtest.recording import Recording
from backtest.resuming import StateFile
from backtest.runner import backtest
from contracts.codec import encode
from contracts.facts import CatalogItem, StockLevel, UnitsSold
from contracts.observations import Observation
from contracts.policy import DEFAULT, STEPS
from contracts.recording import MESSAGE_SCHEMA, Extent, write_file
from contracts.topics import CATALOG, SALES, STOCK, Topic
from tests.unit.backtest.test_backtest_run import market, record

HOUR = 3_600_000
# Saves after every chunk, and is killed after so many times, before or while the next state is written.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from backtest import resuming
from backtest.recording import Recording
from backtest.runner import backtest
from contracts.policy import DEFAULT, STEPS
left = [int(sys.argv[3])]
resuming.SECONDS, resuming.SHARE = 0.0, 1e9
inner = resuming._dump
def dump(state, file):
    left[0] -= 1
    if left[0] < 0:
        if sys.argv[4] == "torn":
            file.write(b"half")
            file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    inner(state, file)
resuming._dump = dump
backtest(Recording(Path(sys.argv[1])), DEFAULT, Path(sys.argv[2]), compare=STEPS)
"""


def recorded(folder: Path) -> None:
    """Observations of some weeks that touch a product of ours, and what we know of it."""
    rows = [
        Observation("shop", f"p{n}", day * 24 * HOUR, 9_000 - 700 * ((day + n) % 3), "EUR", sku="OWN-1")
        for day in range(1, 60)
        for n in range(3)
    ]
    record(folder, rows + market(seed=3, rows=1500), message=30)
    facts = {
        CATALOG: [CatalogItem("OWN-1", 10_000, "EUR", 1, cost_minor=5_000)],
        STOCK: [StockLevel("OWN-1", 5_000, day * 24 * HOUR) for day in range(1, 60)],
        SALES: [UnitsSold("OWN-1", (day - 1) * 24 * HOUR, day * 24 * HOUR, 3.0) for day in range(1, 60)],
    }
    record_facts(folder, facts)


def record_facts(folder: Path, facts: Mapping[Topic, Sequence[Any]]) -> None:
    """The bytes that Kafka would have had."""
    for topic, values in facts.items():
        columns = {
            "offset": list(range(len(values))),
            "timestamp": [0] * len(values),
            "key": [b"OWN-1"] * len(values),
            "value": [encode(value) for value in values],
        }
        arrays = [pa.array(columns.get(field.name, [None] * len(values)), field.type) for field in MESSAGE_SCHEMA]
        table = pa.Table.from_arrays(arrays, schema=MESSAGE_SCHEMA)
        write_file(table, Extent(topic.name, 0, 0, len(values) - 1).path(folder))


def files(folder: Path) -> dict[str, bytes]:
    """All results but the seconds they took."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}
    summary = json.loads((folder / "summary.json").read_text())
    for part in (summary, summary["compare"]):
        del part["seconds"], part["observations_per_second"]
    return {**found, "summary.json": json.dumps(summary).encode()}


def test_killed_again_and_again_it_ends_with_the_results_of_an_undisturbed_run(tmp_path: Path) -> None:
    recorded(tmp_path / "recording")
    backtest(Recording(tmp_path / "recording"), DEFAULT, tmp_path / "undisturbed", compare=STEPS)

    for saves, how in (("3", "whole"), ("5", "torn"), ("8", "whole")):
        arguments = [str(tmp_path / "recording"), str(tmp_path / "out"), saves, how]
        done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], timeout=120, check=False)
        assert done.returncode == -9
    assert StateFile(tmp_path / ".out.partial" / "state", "").path.exists()
    read: list[int] = []
    backtest(Recording(tmp_path / "recording"), DEFAULT, tmp_path / "out", read.append, compare=STEPS)

    assert read[0] > 100  # what was done before is not done again
    assert files(tmp_path / "out") == files(tmp_path / "undisturbed")
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["proposals"] > 0
    assert sorted(path.name for path in (tmp_path / "out" / "compare").iterdir()) == [
        "alerts.parquet",
        "events.parquet",
        "proposals.parquet",
    ]
    assert not (tmp_path / ".out.partial").exists()


def test_another_policy_or_recording_begins_anew(tmp_path: Path) -> None:
    record(tmp_path / "recording", market(seed=1, rows=50))
    recording = Recording(tmp_path / "recording")

    fingerprints = {
        resuming.fingerprint_of(*recording.origin(), policies) for policies in ([DEFAULT], [STEPS], [DEFAULT, STEPS])
    }
    record(tmp_path / "recording", market(seed=2, rows=60))
    fingerprints.add(resuming.fingerprint_of(*Recording(tmp_path / "recording").origin(), [DEFAULT]))

    assert len(fingerprints) == 4
    state = StateFile(tmp_path / "state", "one")
    state.save({"rows": 3})
    assert state.load() == {"rows": 3}
    assert StateFile(tmp_path / "state", "other").load() is None


@pytest.mark.parametrize("data", [b"", b"one", b"one\n", b"one\nhalf", b"\xff\n"])
def test_a_damaged_state_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "state").write_bytes(data)
    assert StateFile(tmp_path / "state", "one").load() is None


def test_a_state_makes_nothing_that_is_not_ours(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return eval, ("__import__('os').abort()",)

    (tmp_path / "state").write_bytes(b"one\n" + pickle.dumps(Hostile()))
    assert StateFile(tmp_path / "state", "one").load() is None
