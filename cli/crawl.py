"""`priceradar crawl`: look at every page of a watchlist and send what was seen to Kafka."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import BadInputError, UnavailableError


def crawl(
    watchlist: Annotated[Path, typer.Option(help="CSV or Excel with the columns competitor, url, sku")],
    once: Annotated[bool, typer.Option("--once", help="one round, then end")] = False,
    every: Annotated[float, typer.Option(help="seconds between rounds", min=0.1)] = 3600.0,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="also private and loopback addresses")] = False,
    encoding: Annotated[str, typer.Option(help="of a CSV file that is not UTF-8, such as gb18030")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only check the watchlist")] = False,
) -> None:
    """Fetch the pages of a watchlist, politely, and send one observation a page to Kafka.

    Example: PRICERADAR_KAFKA=localhost:9092 priceradar crawl --watchlist watchlist.csv --once
    """
    from crawlers.watchlist import read

    found = read(watchlist, encoding)
    for error in found.errors:
        print(f"priceradar: {error}; the row is left out", file=sys.stderr)
    if not found.rows:
        raise BadInputError(f"{watchlist} has no row that can be watched; give competitor, url, sku")
    if dry_run:
        print(f"{len(found.rows)} pages to watch, {len(found.errors)} rows left out")
        return
    from crawlers.run import run
    from runtime.metrics import serve_metrics
    from runtime.settings import load_settings

    settings = load_settings()
    port = serve_metrics(settings.metrics_port, settings.metrics_host)
    print(f"watching {len(found.rows)} pages; metrics at http://{settings.metrics_host}:{port}/metrics", flush=True)
    outcomes = run(found.rows, settings, None if once else every, allow_private, _progress)
    _progress(outcomes)
    if not outcomes["ok"]:
        raise UnavailableError(f"no page of {watchlist} gave an observation: {_summary(outcomes)}")


def _progress(outcomes: Counter[str]) -> None:
    print(f"{outcomes.total()} pages: {_summary(outcomes)}", flush=True)


def _summary(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in outcomes.most_common()) or "nothing fetched"
