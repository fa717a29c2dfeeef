"""`priceradar up`: the whole system on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Config


def up(
    config: Config = None,
    watchlist: Annotated[Path | None, typer.Option(help="Crawl these pages too, again and again.")] = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two rounds of the crawl.")] = 900,
) -> None:
    """Run everything on this machine until Ctrl-C: workers, console and, where none is named, our own Kafka.

    Data stay in the data folder; a second `up` goes on where the first stopped.

    Example: priceradar up --config priceradar.toml --watchlist shops.csv
    """
    from rich.console import Console

    from cli.crawl import watched
    from cli.machine import WORKERS, machine, until_asked_to_stop
    from crawlers.shops import read_sources
    from runtime.settings import load_settings

    screen = Console(highlight=False)
    settings = load_settings(config)
    sources = read_sources(settings.shops)
    if watchlist is not None:
        watched(watchlist)  # a wrong one is told before anything starts
    with until_asked_to_stop() as stop, machine(settings, screen.print) as running:
        if watchlist is not None or sources:
            pages = ("--watchlist", str(watchlist)) if watchlist is not None else ()
            running.supervisor.start("crawl", "crawl", *pages, "--every", str(every))
        entries = running.wait_ready((*WORKERS, "console")).values()
        for entry in entries:
            screen.print(f"  {entry.name:<10} {entry.address}")
        for note in (entry.note for entry in entries if entry.note):
            screen.print(note, soft_wrap=True)
        screen.print(f"PriceRadar runs; logs in {running.logs}. Ctrl-C stops it.", soft_wrap=True)
        while not stop.wait(0.5):
            running.check()
        screen.print("Stopping")
