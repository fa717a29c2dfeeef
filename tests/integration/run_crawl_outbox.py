"""An outbox of its own process: `python -m` style helper that adds rows as it is told on its standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from contracts.observations import Observation
from crawlers.messaging.outbox import Outbox
from crawlers.messaging.spool import Spool


def row(number: int) -> Observation:
    """The observation of a number: forty products in turn."""
    return Observation("shop", str(number % 40), 1_700_000_000_000 + number, 1000 + number, "EUR")


def main(bootstrap: str, spool: str) -> None:
    """Each line of input: how many rows there shall be in all. At the end of the input, close and wait."""
    outbox = Outbox(bootstrap, Spool(Path(spool)))
    added = 0
    for line in sys.stdin:
        for number in range(added, int(line)):
            outbox.add(row(number))
            if number % 20 == 0:
                outbox.flush()
        added = int(line)
        outbox.flush()
        sys.stdout.write(f"{added}\n")
        sys.stdout.flush()
    outbox.close(seconds=60)
