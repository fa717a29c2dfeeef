"""Runs a recorder that writes twice a second, as a process that tests may kill."""

from __future__ import annotations

from pathlib import Path

import streams.recorder
from contracts.policy import DEFAULT
from runtime.faust_app import run_app
from runtime.settings import Settings


def main(bootstrap: str, folder: str) -> None:
    """Run until asked to stop."""
    streams.recorder.FLUSH_SECONDS = 0.5
    streams.recorder.MERGE_AT = 4
    settings = Settings(kafka=bootstrap, data=Path(folder), log_level="INFO")
    run_app(streams.recorder.build(settings, DEFAULT), settings)
