"""The streams worker of benchmarks.live: measures itself from its first observation to its last."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import msgspec

import streams.worker
from benchmarks.live import Measured
from contracts.policy import DEFAULT
from runtime.faust_app import run_app
from runtime.metrics import ITEMS_IN, ITEMS_OUT
from runtime.settings import Settings


def watch(expected: int) -> None:
    """End the process when every observation went through, after printing what it took."""
    taken = ITEMS_IN.labels(streams.worker.STAGE)
    while not taken._value.get():  # noqa: SLF001 prometheus-client has no other way to read a counter cheaply
        time.sleep(0.005)
    # What was taken before this moment is left out of rows and of time alike.
    started, cpu, before = time.perf_counter(), time.process_time(), int(taken._value.get())  # noqa: SLF001
    while taken._value.get() < expected:  # noqa: SLF001
        time.sleep(0.02)
    used, seconds = time.process_time() - cpu, time.perf_counter() - started
    events = int(ITEMS_OUT.labels(streams.worker.STAGE)._value.get())  # noqa: SLF001
    print(msgspec.json.encode(Measured(expected - before, events, used, seconds)).decode(), flush=True)
    os._exit(0)


def main(bootstrap: str, folder: str, number: int, expected: int) -> None:
    """Run the worker with all default rules and its usual checkpoints."""
    # A group of its own each round: a killed member of the last one would delay the assignment.
    streams.worker.STAGE = f"streams-bench-{number}"
    settings = Settings(kafka=bootstrap, data=Path(folder) / f"worker-{number}", log_level="ERROR")
    threading.Thread(target=watch, args=(expected,), daemon=True).start()
    run_app(streams.worker.build(settings, DEFAULT), settings)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
