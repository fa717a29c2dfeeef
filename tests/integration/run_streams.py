"""Runs a streams worker that checkpoints twice a second, as a process that tests may kill."""

from __future__ import annotations

from pathlib import Path

import streams.worker
from contracts.policy import DEFAULT
from runtime.faust_app import run_app
from runtime.settings import Settings


def main(bootstrap: str, folder: str) -> None:
    """Run until asked to stop."""
    streams.worker.CHECKPOINT_SECONDS = 0.5
    settings = Settings(kafka=bootstrap, data=Path(folder), log_level="INFO")
    run_app(streams.worker.build(settings, DEFAULT), settings)
