"""`priceradar import`: our own catalogue, stock, matches and sales, and other people's observations."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Config, Currency, Encoding, check_currency
from cli.progress import bar
from contracts.errors import BadInputError, BadRowError
from runtime.sheets import parquet_rows

SHOWN_ROWS = 20

group = typer.Typer(no_args_is_help=True, help="Bring in catalogue, stock, matches, sales, or observations.")
File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, Excel or Parquet file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report every bad row and change nothing.")]


class Refused:
    """Rows left out: the first are shown, all are counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: BadRowError) -> None:
        self.count += 1
        if self.count <= SHOWN_ROWS:
            print(f"priceradar: {error}", file=sys.stderr)
        elif self.count == SHOWN_ROWS + 1:
            print("priceradar: further bad rows are only counted", file=sys.stderr)

    def end(self) -> None:
        """Exit status 2 where there was any: whoever automates this should notice."""
        if self.count:
            raise typer.Exit(2)


@group.command("catalog")
def catalog(file: File, encoding: Encoding = "", dry_run: DryRun = False, config: Config = None) -> None:
    """Our products: sku, price, currency, and cost, fees, map, floor, name, category, brand, gtin, on_promotion.

    Example: priceradar import catalog catalog.csv --dry-run
    """
    _facts("catalog", file, encoding, dry_run, config)


@group.command("stock")
def stock(file: File, encoding: Encoding = "", dry_run: DryRun = False, config: Config = None) -> None:
    """Stock levels: sku, on_hand, and as_of (now where it is missing), inbound, inbound_at.

    Example: priceradar import stock stock.csv
    """
    _facts("stock", file, encoding, dry_run, config)


@group.command("matches")
def matches(file: File, encoding: Encoding = "", dry_run: DryRun = False, config: Config = None) -> None:
    """Which of a competitor's products is which of ours: competitor, product_id, sku, and confidence, status, url.

    Example: priceradar import matches matches.csv
    """
    _facts("matches", file, encoding, dry_run, config)


@group.command("sales")
def sales(file: File, encoding: Encoding = "", dry_run: DryRun = False, config: Config = None) -> None:
    """Units sold: sku, date (or interval_start and interval_end), units.

    And price, currency, on_promotion, out_of_stock (for some of that time there was none to sell).

    Example: priceradar import sales sales.csv
    """
    _facts("sales", file, encoding, dry_run, config)


@group.command("observations")
def observations(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file.")],
    dry_run: DryRun = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the recording; data/imports/NAME.")] = None,
    currency: Currency = "XXX",
    encoding: Encoding = "",
    column: Annotated[
        list[str] | None, typer.Option("--column", metavar="OURS=THEIRS", help="A column that has another name there.")
    ] = None,
    config: Config = None,
) -> None:
    """Prices seen elsewhere become a recording for backtests and replays, in the order of their time.

    Columns: observed_at, competitor, product_id, price (or price_cents, price_minor), and currency, available
    or availability, list_price, seller, price_type, promotion, sku, category, name, url.

    Example: priceradar import observations prices.csv --column competitor=SHOP --column product_id=EAN
    """
    from backtest.importing import ObservationImport
    from runtime.settings import load_settings

    if not file.is_file():
        raise BadInputError(f"{file} is not a file; name a CSV or Parquet file")
    if file.suffix.lower() in (".xlsx", ".xls"):
        raise BadInputError(f"{file} is an Excel workbook, and observations are many: save them as CSV or Parquet")
    check_currency(currency)
    settings = load_settings(config)
    folder = out or settings.data / "imports" / file.stem
    refused = Refused()
    with bar(f"import {file.name}", parquet_rows(file)) as progress:
        work = ObservationImport(file, currency, _columns(column or []), refused, progress, encoding)
        done = work.check() if dry_run else work.write(folder)
    print(
        f"{'would import' if dry_run else folder}: {done.rows:,} observations of {done.series:,} products, "
        f"{done.without_price:,} without a price, {done.reordered:,} put in order, {done.rejected:,} rows left out"
    )
    refused.end()


def _facts(kind: str, file: Path, encoding: str, dry_run: bool, config: Path | None) -> None:
    from contextlib import ExitStack

    from runtime.fact_rows import KINDS, FactFile, key_of
    from runtime.publish import Publisher
    from runtime.run_files import kafka_settings
    from runtime.settings import load_settings
    from streams.admin import ensure_topics

    if not file.is_file():
        raise BadInputError(f"{file} is not a file; name a CSV, Excel or Parquet file")
    settings = load_settings(config) if dry_run else kafka_settings(config)
    refused, count = Refused(), 0
    source = FactFile(file, kind, settings.currency, int(time.time() * 1000), refused, encoding)
    with ExitStack() as stack:
        publisher = None
        if not dry_run:
            ensure_topics(settings.kafka)
            publisher = stack.enter_context(Publisher(settings.kafka))
        progress = stack.enter_context(bar(f"import {file.name}", source.rows()))
        for fact in source.facts():
            if publisher is not None:
                publisher.send(KINDS[kind], key_of(fact), fact)
            count += 1
            progress(1)
    if source.ignored:
        print(f"priceradar: columns ignored: {', '.join(source.ignored)[:200]}", file=sys.stderr)
    done = "would import" if dry_run else "imported"
    print(f"{done} {count:,} rows of {kind}, {refused.count:,} left out")
    refused.end()


def _columns(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours or not theirs:
            raise BadInputError(f"--column must be OURS=THEIRS, was {pair!r}")
        found[ours] = theirs
    return found
