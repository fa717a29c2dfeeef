"""`priceradar crawl`: look at watched pages, feeds, listings and sitemaps, and send what was seen to Kafka."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Config
from contracts.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from crawlers.pages.watchlist import Row
    from runtime.settings import Settings

MOST_ITEMS = 2_000_000
OF_SOURCES = ("source_pages", "rows", "bad_rows", "named")


def crawl(
    watchlist: Annotated[Path | None, typer.Option(help="CSV or Excel with the columns competitor, url, sku")] = None,
    once: Annotated[bool, typer.Option("--once", help="one round, then end")] = False,
    every: Annotated[float, typer.Option(help="seconds between rounds", min=0.1)] = 3600.0,
    matched: Annotated[bool, typer.Option("--matched", help="also the pages of products matched to ours")] = False,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="also private and loopback addresses")] = False,
    encoding: Annotated[str, typer.Option(help="of a CSV file that is not UTF-8, such as gb18030")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only check the watchlist and the sources")] = False,
    config: Config = None,
) -> None:
    """Fetch the pages of a watchlist, politely, and send one observation a page to Kafka.

    Feeds, listings and sitemaps that the file of `shops` names are read too; without a watchlist they alone.
    Products that nobody watches are noted there: `priceradar match` compares them with the catalogue.

    Example: PRICERADAR_KAFKA=localhost:9092 priceradar crawl --watchlist watchlist.csv --once
    """
    from crawlers.shops import read, read_sources
    from runtime.settings import load_settings

    rows = [] if watchlist is None else watched(watchlist, encoding)
    settings = load_settings(config)
    read(settings.shops)
    sources = read_sources(settings.shops)
    known = _matched(settings) if matched or sources else []
    rows += [row for row in known if row.url] if matched else []
    if not rows and not sources:
        raise typer.BadParameter("there is nothing to crawl; give --watchlist FILE, or sources in the file of `shops`")
    what = f"{len(rows)} pages" + f" and {len(sources)} sources" * bool(sources)
    if dry_run:
        print(f"{what} to watch")
        return
    from crawlers.job import Job
    from crawlers.run import run
    from crawlers.scheduling.autosave import autosave_of
    from runtime.metrics import serve_metrics
    from runtime.run_files import with_kafka

    settings = with_kafka(settings)
    port = serve_metrics(settings.metrics_port, settings.metrics_host)
    print(f"watching {what}; metrics at http://{settings.metrics_host}:{port}/metrics", flush=True)
    autosave = autosave_of(settings.data / "schedules", watchlist or Path("matched"))
    outcomes = run(Job(rows, settings, None if once else every, allow_private, known, autosave, _progress))
    _progress(outcomes)
    if not outcomes["ok"] + outcomes["rows"]:
        inside = "; shops inside your own network need --allow-private" * (
            not allow_private and outcomes["refused"] > 0
        )
        raise UnavailableError(f"nothing gave an observation: {_summary(outcomes)}{inside}")


def watched(watchlist: Path, encoding: str = "") -> list[Row]:
    """The pages of a watchlist, bad rows told and left out; BadInputError where there is none."""
    from crawlers.pages.watchlist import read

    found = read(watchlist, encoding)
    for error in found.errors:
        print(f"priceradar: {error}; the row is left out", file=sys.stderr)
    if not found.rows:
        raise BadInputError(f"{watchlist} has no row that can be watched; give competitor, url, sku")
    return list(found.rows)


def _matched(settings: Settings) -> list[Row]:
    """Competitors' products that are matched to ours, as far as there is a ledger."""
    from crawlers.pages.watchlist import Row
    from ledger import facts, matching
    from ledger.store import Ledger

    if not settings.ledger and not (settings.data / "ledger.sqlite").exists():
        return []
    ledger = Ledger.open(settings.ledger_url)
    try:
        with ledger.reading() as connection:
            found = matching.in_force(connection)
            categories = {item.sku: item.category for item in facts.items(connection, MOST_ITEMS)}
    finally:
        ledger.close()
    return [
        Row(
            competitor=one.competitor,
            url=one.url,
            sku=one.sku,
            product_id=one.product_id,
            category=categories.get(one.sku, ""),
            match_confidence=one.confidence,
        )
        for one in found
    ]


def _progress(outcomes: Counter[str]) -> None:
    pages = Counter({name: count for name, count in outcomes.items() if name not in OF_SOURCES})
    sources = ", ".join(f"{outcomes[name]} {name.replace('_', ' ')}" for name in OF_SOURCES if outcomes[name])
    print(f"{pages.total()} pages: {_summary(pages)}{'; ' * bool(sources)}{sources}", flush=True)


def _summary(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in outcomes.most_common()) or "nothing fetched"
