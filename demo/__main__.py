"""`python -m demo [--seed N] [--speed X] [--watchlist FILE] [--sources FILE]`: the demo's shops until asked to stop.

Prints one line of JSON with the shops' addresses and the watchlist's path, then serves.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from demo.market import Market
from demo.samples import write_sources, write_watchlist


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Three demo shops with moving prices.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--watchlist", type=Path, default=None, help="write the watchlist of all pages here")
    parser.add_argument(
        "--sources", type=Path, default=None, help="write a shops file with a feed, sitemap and listing"
    )
    parser.add_argument("--on-first-visit", action="store_true", help="prices start to move at the first visit")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stop.set())
    with Market(options.seed, options.speed, options.on_first_visit) as market:
        path = write_watchlist(options.watchlist, market.addresses) if options.watchlist else None
        if options.sources:
            write_sources(options.sources, market.addresses)
        line = json.dumps({"shops": market.addresses, "watchlist": str(path) if path else None})
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
