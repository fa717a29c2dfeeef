"""A crawl in a process of its own (a reactor starts once), without Kafka: every message is a line on standard output.

Argument: JSON with `data` (folder), `rows` (of the watchlist) and perhaps `settings`, `every`, `seconds` (then it is
asked to stop), `until` (it stops after so many observations), `private`, `scrapy` (settings of Scrapy), `names` (what
the names of hosts stand for, look-up by look-up, the last for ever), `public` (addresses that count as public),
`wanted` (places of rows that are asked for at the start) and `schedule` (file of what is learned).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import PriceRadarError
from contracts.observations import Observation
from contracts.topics import CrawlRequest
from crawlers import run
from crawlers.fetch import addresses
from crawlers.job import Job
from crawlers.pages.watchlist import Row
from crawlers.scheduling.autosave import Autosave
from runtime.settings import Settings


class Lines:
    """An outbox that says what it was given."""

    crowded = behind = False

    def __init__(self, until: int = 0) -> None:
        self._left = until

    def add(self, row: Observation) -> None:
        """An observation."""
        say(seen=msgspec.to_builtins(row))
        self._left -= 1
        if self._left == 0:
            signal_me()

    def flush(self) -> None:
        """Nothing waits."""

    def dead_letter(self, value: bytes, error: PriceRadarError, evidence: str) -> None:
        """Something that could not become an observation."""
        letter = {"value": value.decode(), "code": error.code, "message": str(error), "evidence": evidence}
        say(dead=letter)


class Wanted:
    """Requests for pages that are there at the start."""

    def __init__(self, rows: list[Row]) -> None:
        self._waiting = [CrawlRequest(row.competitor, row.product, row.url, "confirmation", 1) for row in rows]

    def take(self) -> list[CrawlRequest]:
        """All of them, once."""
        taken, self._waiting = self._waiting, []
        return taken


def main(given: dict[str, Any]) -> None:
    """Crawl, and print how it ended."""
    disguise(given)
    settings = Settings(data=Path(given["data"]), **given.get("settings", {}))
    rows = msgspec.convert(given["rows"], list[Row])
    if seconds := given.get("seconds"):
        threading.Timer(seconds, signal_me).start()
    wanted = Wanted([rows[place] for place in given.get("wanted", ())])
    autosave = Autosave(Path(given["schedule"])) if "schedule" in given else None
    every, private = given.get("every"), given.get("private", True)
    outbox = Lines(given.get("until", 0))
    job = Job(rows, settings, every, private, autosave=autosave)
    outcomes = run.crawl(job, outbox, wanted)  # type: ignore[arg-type]
    say(outcomes=outcomes, browser="scrapy_playwright" in sys.modules)


def disguise(given: dict[str, Any]) -> None:
    """Let names stand for addresses of loopback, and some of those for the open internet."""
    names, polite, is_public = given.get("names", {}), run.scrapy_settings, addresses.is_public

    def look_up(name: str) -> str:
        answers = names[name]
        return str(answers.pop(0) if len(answers) > 1 else answers[0])

    if names:
        socket.gethostbyname = look_up
    addresses.is_public = lambda address: address in given.get("public", ()) or is_public(address)
    run.scrapy_settings = lambda *known: {**polite(*known), **given.get("scrapy", {})}


def say(**what: Any) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")


def signal_me() -> None:
    """End the crawl as an operator would."""
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
