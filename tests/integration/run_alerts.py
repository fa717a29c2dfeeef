"""Runs an alerts worker on its own ledger, as a process that tests may kill."""

from __future__ import annotations

from pathlib import Path

import alerts.worker
from contracts.policy import DEFAULT
from runtime.faust_app import run_app
from runtime.settings import Settings


def main(bootstrap: str, folder: str) -> None:
    """Run until asked to stop."""
    settings = Settings(kafka=bootstrap, data=Path(folder), log_level="INFO")
    run_app(alerts.worker.build(settings, DEFAULT), settings)
