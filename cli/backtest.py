"""`priceradar backtest`: what a policy would have done on recorded streams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def backtest(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="A Parquet file, a CSV file or a folder.")],
    policy: Annotated[
        str, typer.Option("--policy", help="A policy file, one that ships (default, steps), or a version.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; an earlier backtest there is replaced.")],
    compare: Annotated[str, typer.Option("--compare", help="A second policy, side by side.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Of rows that state none, ISO 4217.")] = "XXX",
    skip_corrupt: Annotated[bool, typer.Option("--skip-corrupt", help="Leave files out that cannot be read.")] = False,
) -> None:
    """Run a policy over a recording: summary.json, events, alerts and proposals.parquet, report.html.

    Example: priceradar backtest data/recordings --policy default --compare mine.toml --out result
    """
    from backtest.progress import shown
    from backtest.recording import Recording
    from backtest.runner import backtest as run
    from cli.policies import named
    from contracts.errors import UnknownCurrencyError
    from contracts.money import is_currency
    from runtime.settings import load_settings

    if not is_currency(currency):
        raise UnknownCurrencyError(f"--currency must be an ISO 4217 code, was {currency!r}")
    settings = load_settings()
    first, second = named(policy, settings), named(compare, settings) if compare else None
    source = Recording(recording, currency, skip_corrupt)
    title = f"{first.name} beside {second.name}" if second else first.name
    with shown(title, source, 2 if second else 1) as progress:
        done = run(source, first, out, progress, second)
    moves = done.tally.moves
    print(
        f"{out}: {done.counts['observations']:,} observations, {moves['step'] + moves['drift']:,} moves, "
        f"{done.tally.alerts:,} alerts, {done.tally.proposals.total():,} proposals"
    )
