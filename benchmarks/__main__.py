"""`make bench`: every benchmark, or those named: `make bench ARGS="live backtest"`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

import msgspec

BENCHMARKS = {
    "live": "observations a second from Kafka to events in Kafka, beside the floor",
    "restore": "seconds until a worker is ready that has a million series to restore",
    "chaos": "events of workers killed, stopped, frozen and joined at random moments, beside an undisturbed run",
    "detection": "what the full rules find in a market of 14 million observations, and alerts drawn to look at",
    "backtest": "observations a second of a backtest, beside a Parquet scan and polars",
    "recrawl": "delay until a move is seen, beside round-robin",
    "matching": "precision and recall of matches by name",
    "feeds": "rows a second of a crawl of a feed, and its peak memory at ten times the rows",
    "extraction": "pages a second, beside extruct and price-parser",
    "accuracy": "F1 of extraction a field on real product pages, also without their markup",
    "forecast": "error of the forecast 8 weeks ahead, beside simple baselines",
    "daily": "error of the daily forecast and of its intervals, with stock-outs",
    "holidays": "what it brings to tell the daily forecast of holidays",
    "pricing": "SKUs decided a second",
    "mutation": "share of small mistakes in the pricing kernel that its tests notice",
    "alerts": "events a second through the alert book",
    "console": "time of a page with a year of data",
    "console_browser": "how fluid 10,000 open alerts are in Chromium",
    "evidence": "our policy against hold, match-lowest and a fixed 3 %, on real sales",
}


def main() -> int:
    """Run benchmarks and print what they measured as JSON lines."""
    there = {name: what for name, what in BENCHMARKS.items() if (Path(__file__).parent / f"{name}.py").is_file()}
    parser = argparse.ArgumentParser(
        prog="make bench", epilog="; ".join(f"{name}: {what}" for name, what in there.items())
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(there)}; all by default")
    names = parser.parse_args().names or list(there)
    unknown = sorted(set(names) - there.keys())
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(there)}")
    if not os.environ.get("PRICERADAR_EVALUATION_DATA"):
        print("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data", file=sys.stderr)
        return 2
    for name in names:
        print(f"{name}: {there[name]}")
        result = importlib.import_module(f"benchmarks.{name}").run()
        print(msgspec.json.encode({name: result}).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
