"""A streams worker that checkpoints twice a second, as a process that may be killed: `... BOOTSTRAP FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import streams.worker
from contracts.policy import DEFAULT
from runtime.faust_app import run_app
from runtime.settings import Settings
from runtime.supervisor import killed_with_parent


def main(bootstrap: str, folder: str) -> None:
    """Run until asked to stop, or until the process that started it is gone."""
    killed_with_parent()
    streams.worker.CHECKPOINT_SECONDS = 0.5
    settings = Settings(kafka=bootstrap, data=Path(folder), log_level="INFO")
    run_app(streams.worker.build(settings, DEFAULT), settings)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
