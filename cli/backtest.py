"""`priceradar backtest`: what a policy would have done on recorded streams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Config, Currency, RecordingPath, SkipCorrupt, check_currency


def backtest(
    recording: RecordingPath,
    policy: Annotated[
        str, typer.Option("--policy", help="A policy file, one that ships (default, steps), or a version.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; an earlier backtest there is replaced.")],
    compare: Annotated[str, typer.Option("--compare", help="A second policy, side by side.")] = "",
    currency: Currency = "XXX",
    skip_corrupt: SkipCorrupt = False,
    config: Config = None,
) -> None:
    """Run a policy over a recording: summary.json, events, alerts and proposals.parquet, report.html.

    Example: priceradar backtest data/recordings --policy default --compare mine.toml --out result
    """
    from backtest.progress import shown
    from backtest.recording import Recording
    from backtest.runner import backtest as run
    from cli.policies import named
    from runtime.settings import load_settings

    check_currency(currency)
    settings = load_settings(config)
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
