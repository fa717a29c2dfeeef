"""A crawl in a process of its own (a reactor starts once), without Kafka: every message is a line on standard output.

Argument: JSON with `data` (folder), `rows` (of the watchlist) and perhaps `settings`, `every`, `seconds`, `private`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import PriceRadarError
from contracts.observations import Observation
from crawlers.run import crawl
from crawlers.watchlist import Row
from runtime.settings import Settings


class Lines:
    """An outbox that says what it was given."""

    crowded = behind = False

    def add(self, row: Observation) -> None:
        """An observation."""
        say(seen=msgspec.to_builtins(row))

    def flush(self) -> None:
        """Nothing waits."""

    def dead_letter(self, value: bytes, error: PriceRadarError, evidence: str) -> None:
        """Something that could not become an observation."""
        letter = {"value": value.decode(), "code": error.code, "message": str(error), "evidence": evidence}
        say(dead=letter)


def main(given: dict[str, Any]) -> None:
    """Crawl, and print how it ended."""
    settings = Settings(data=Path(given["data"]), **given.get("settings", {}))
    rows = msgspec.convert(given["rows"], list[Row])
    if seconds := given.get("seconds"):
        threading.Timer(seconds, signal_me).start()
    outcomes = crawl(rows, settings, Lines(), None, given.get("every"), given.get("private", True))  # type: ignore[arg-type]
    say(outcomes=outcomes)


def say(**what: Any) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")


def signal_me() -> None:
    """End the crawl as an operator would."""
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
