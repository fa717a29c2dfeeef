"""`priceradar match`: which products of competitors are which of ours."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Config, Encoding
from contracts.errors import BadInputError
from runtime.sheets import Sheet

if TYPE_CHECKING:
    from crawlers.matching.products import Offered

MOST_ITEMS = 2_000_000


def match(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="CSV: competitor, product_id, name, brand, gtin, mpn.")
    ] = None,
    encoding: Encoding = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be matched.")] = False,
    config: Config = None,
) -> None:
    """Match competitors' products to our catalogue by GTIN, MPN with brand, or name.

    Without FILE those that the crawl found in feeds, listings and sitemaps and that nobody watches yet.
    Sure matches count at once, doubtful ones wait in the console for a person, the rest is dropped. What a
    person has said of a match stays. The catalogue is what `priceradar import catalog` brought in. The pricing
    worker tells Kafka what changed, as soon as it runs.

    Example: priceradar match their-products.csv --dry-run
    """
    from crawlers.matching import assortment
    from ledger import facts, matching
    from ledger.store import Ledger
    from runtime.settings import load_settings

    settings = load_settings(config)
    theirs, errors = assortment.offered(_rows(file, encoding)) if file else (_discovered(settings.data), [])
    for error in errors:
        print(f"priceradar: {file} {error}; the row is left out", file=sys.stderr)
    now_ms = int(time.time() * 1000)
    ledger = Ledger.open(settings.ledger_url)
    try:
        with ledger.reading() as connection:
            items = facts.items(connection, MOST_ITEMS)
        if not items:
            raise BadInputError("the catalogue is empty; bring it in with `priceradar import catalog FILE`")
        found = assortment.matches(assortment.catalogue(items), theirs, now_ms)
        counts = Counter(one.status for one in found)
        if not dry_run:
            with ledger.writing() as connection:
                matching.expire(connection, now_ms)
                matching.record_found(connection, found, now_ms)
    finally:
        ledger.close()
    print(
        f"{len(theirs)} products: {counts['auto']} matched, {counts['review']} to review, "
        f"{len(theirs) - counts['auto'] - counts['review']} without a match, {len(errors)} rows left out"
    )
    if errors:
        raise typer.Exit(2)


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, str]]]:
    for line, row in Sheet(path, encoding, ("competitor", "product_id")).rows():
        yield line, {str(key): str(value).strip() for key, value in row.items() if key}


def _discovered(data: Path) -> list[Offered]:
    from crawlers.sources.discovered import Discovered
    from crawlers.storage.pages import FILE

    if not (data / FILE).exists():
        raise BadInputError(f"the crawl has found nothing in {data} yet; give a FILE, or crawl feeds or listings first")
    discovered = Discovered(data / FILE)
    try:
        return list(discovered.products())
    finally:
        discovered.close()
