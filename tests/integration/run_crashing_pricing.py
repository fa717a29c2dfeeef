"""A pricing worker that dies like kill -9 at the Nth step of sending matches: `... BOOTSTRAP FOLDER N`, 0 never."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pricing.worker
from contracts.policy import DEFAULT
from ledger.store import Ledger
from runtime.faust_app import run_app
from runtime.outlet import Outlet
from runtime.settings import Settings
from runtime.supervisor import killed_with_parent

STEPS = (
    (Outlet, "settle"),  # read from the ledger, Kafka has none
    (Ledger, "matches_published"),  # Kafka has them, the ledger does not know
)


def dies(owner: Any, name: str) -> None:
    """Make a step end the process."""

    def passed(*_: Any, **__: Any) -> Any:
        os._exit(137)

    setattr(owner, name, passed)


def main(bootstrap: str, folder: str) -> None:
    """Run until asked to stop, or until the process that started it is gone."""
    killed_with_parent()
    settings = Settings(kafka=bootstrap, data=Path(folder), log_level="INFO")
    run_app(pricing.worker.build(settings, DEFAULT), settings)


if __name__ == "__main__":
    if number := int(sys.argv[3]):
        dies(*STEPS[number - 1])
    main(sys.argv[1], sys.argv[2])
