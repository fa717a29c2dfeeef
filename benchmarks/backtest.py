"""A backtest beside a bare Parquet scan and polars, in one run; peak memory once and ten times as long.

Every part is a process of its own on one thread, in turns; figures are observations per CPU-second.

scan: Parquet into numpy, names as dictionary codes, nothing else.
raw: the same, names of products as bytes, which costs less: our own reader does so.
rules: Parquet through all default rules to events, as `priceradar backtest` does it.
whole: the same with alerts, pricing and the files of results.
naive: 5 % against the row before of the series, on raw rows, with the backtest's own reader and slots.
polars: the same rule as `shift().over()`.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from backtest.feed import ROWS, Names
from backtest.recording import Recording
from backtest.runner import Run, nothing_old_collected
from backtest.runner import backtest as whole_backtest
from contracts.policy import DEFAULT
from contracts.times import DAY_MS
from streams.names import NameTable
from streams.state import Codes

ROUNDS = 3
TIMES = 10
SPAN_DAYS = 133  # of the recording: so far apart are its copies
GOALS = {"rules / scan": 0.3, "naive / polars": 1.0, "rules_observations_per_cpu_second": 5e6}
MOST_MB = 1536


class Part(msgspec.Struct, frozen=True):
    """What one process did: rows, what it found, CPU-seconds, and its peak resident memory in MB."""

    rows: int
    found: int
    cpu_seconds: float
    peak_mb: float


def run() -> dict[str, float]:
    """Measure all parts in turns, then memory; prints a line a part."""
    data = Path(os.environ["PRICERADAR_EVALUATION_DATA"]) / "market_recording" / "observations.parquet"
    parts: dict[str, list[Part]] = {name: [] for name in PARTS}
    with tempfile.TemporaryDirectory(prefix="priceradar-bench-") as folder:
        for _ in range(ROUNDS):
            for name, found in parts.items():
                found.append(_measure(name, data, folder))
        long = Path(folder) / "long"
        _lengthen(data, long)
        ten = _measure("rules", long, folder)
    rates = {name: statistics.median(part.rows / part.cpu_seconds for part in found) for name, found in parts.items()}
    result = {
        **{f"{name}_observations_per_cpu_second": rate for name, rate in rates.items()},
        "rules / scan": rates["rules"] / rates["scan"],
        "rules / raw": rates["rules"] / rates["raw"],
        "naive / polars": rates["naive"] / rates["polars"],
        "whole_peak_mb": max(part.peak_mb for part in parts["whole"]),
        "rules_peak_mb": max(part.peak_mb for part in parts["rules"]),
        f"rules_peak_mb_{TIMES}_times_as_long": ten.peak_mb,
    }
    for name, goal in GOALS.items():
        print(f"{name}: {result[name]:,.2f} (goal {goal:,})")
    print(f"peak memory {result['whole_peak_mb']:.0f} MB (goal below {MOST_MB})")
    return result


def _measure(name: str, data: Path, folder: str) -> Part:
    command = [sys.executable, "-m", "benchmarks.backtest", name, str(data), folder]
    one = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800, env=one)
    if done.returncode:
        raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr[-2000:]}")
    part = msgspec.json.decode(done.stdout.splitlines()[-1], type=Part)
    rate = part.rows / part.cpu_seconds
    print(f"  {name:<7}{rate:>13,.0f} /CPU s {part.peak_mb:>8.0f} MB {part.rows:>13,} rows {part.found:>9,} found")
    return part


def _lengthen(data: Path, folder: Path) -> None:
    """The recording again and again, each time later by its length."""
    folder.mkdir()
    for number in range(TIMES):
        shift = pa.scalar(number * SPAN_DAYS * DAY_MS, pa.duration("ms"))
        with pq.ParquetFile(data) as file, pq.ParquetWriter(folder / f"{number}.parquet", file.schema_arrow) as out:
            for batch in file.iter_batches(1 << 20):
                later = pa.compute.add(batch["observed_at"], shift)
                out.write_batch(batch.set_column(0, "observed_at", later))


def scan(data: Path, _folder: Path) -> tuple[int, int]:
    """Rows, and bytes of their columns, all names as dictionary codes."""
    return _scanned(data, ["competitor", "product_id"])


def raw(data: Path, _folder: Path) -> tuple[int, int]:
    """The same with the products' names as their bytes, as our own reader takes them."""
    return _scanned(data, ["competitor"])


def _scanned(data: Path, names: list[str]) -> tuple[int, int]:
    rows = size = 0
    with pq.ParquetFile(data, read_dictionary=names) as file:
        for batch in file.iter_batches(ROWS, use_threads=False):
            rows += batch.num_rows
            for column in batch.columns:
                values = column.indices if pa.types.is_dictionary(column.type) else column
                if pa.types.is_string(values.type):
                    size += sum(np.frombuffer(buffer, np.uint8).nbytes for buffer in values.buffers()[1:])
                else:
                    size += values.to_numpy(zero_copy_only=False).nbytes
    return rows, size


def rules(data: Path, _folder: Path) -> tuple[int, int]:
    """Rows, and events as rows of events.parquet."""
    replay = Run(Recording(data), DEFAULT)
    with nothing_old_collected():
        events = sum(chunk.table.num_rows for chunk in replay.chunks(objects=False))
    return replay.counts["observations"], events


def whole(data: Path, folder: Path) -> tuple[int, int]:
    """Rows, and alerts."""
    done = whole_backtest(Recording(data), DEFAULT, folder / "out")
    return done.counts["observations"], done.tally.alerts


def naive(data: Path, _folder: Path) -> tuple[int, int]:
    """Rows, and moves of the bare rule."""
    slots, last, names = NameTable(), np.zeros(1 << 20, np.int64), Names("competitor", Codes())
    rows = moves = 0
    for frame in Recording(data).frames(0):
        shops = np.broadcast_to(names.codes(frame, "competitor"), frame.rows)
        moves += bare_rule(slots.find(np.ascontiguousarray(shops), frame.packed("product_id")), frame.price, last)
        rows += frame.rows
    return rows, moves


def polars(data: Path, _folder: Path) -> tuple[int, int]:
    """The same in polars."""
    import polars as pl  # noqa: PLC0415 its memory is not that of the other parts

    price = pl.col("price_cents").cast(pl.Int64)
    before = price.shift().over(SERIES)
    moved = ((price - before).abs() * 20 > before) & (before > 0) & (price > 0)
    found = pl.scan_parquet(data).select(pl.len().alias("rows"), moved.sum().alias("moves")).collect()
    return int(found["rows"][0]), int(found["moves"][0])


@numba.njit(cache=True)
def bare_rule(slots: Any, prices: Any, last: Any) -> int:
    """Moves of more than 5 % against the row before of the same series."""
    moves = 0
    for row in range(len(slots)):
        price, before = prices[row], last[slots[row]]
        if price > 0 and before > 0 and abs(price - before) * 20 > before:
            moves += 1
        last[slots[row]] = price
    return moves


SERIES = ("competitor", "product_id")
PARTS: dict[str, Callable[[Path, Path], tuple[int, int]]] = {
    "scan": scan,
    "raw": raw,
    "rules": rules,
    "whole": whole,
    "naive": naive,
    "polars": polars,
}


def main(name: str, data: str, folder: str) -> None:
    """One part, compiled before it is measured."""
    pa.set_cpu_count(1)
    _warm_up(Path(folder))
    cpu = time.process_time()
    rows, found = PARTS[name](Path(data), Path(folder))
    used = time.process_time() - cpu
    print(
        msgspec.json.encode(Part(rows, found, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)).decode()
    )


def _warm_up(folder: Path) -> None:
    """A few rows of two days through rules and slots, so that nothing is compiled while the clock runs."""
    few = folder / "few.parquet"
    rows = [
        {"observed_at": 1 + day * DAY_MS, "competitor": "a", "product_id": str(n), "price_cents": 100 + day * n}
        for day in range(3)
        for n in range(ROWS // 1000)
    ]
    pq.write_table(pa.Table.from_pylist(rows), few)
    for part in (rules, naive):
        part(few, folder)


if __name__ == "__main__":
    main(*sys.argv[1:4])
