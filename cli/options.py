"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option(help="Settings file; priceradar.toml here by default.")]
Currency = Annotated[str, typer.Option("--currency", help="Of rows that state none, ISO 4217.")]
Encoding = Annotated[str, typer.Option(help="Of a CSV file that is not UTF-8, such as gb18030.")]
RecordingPath = Annotated[Path, typer.Argument(metavar="RECORDING", help="A Parquet file, a CSV file or a folder.")]
SkipCorrupt = Annotated[bool, typer.Option("--skip-corrupt", help="Leave files out that cannot be read.")]


def check_currency(code: str) -> None:
    """UnknownCurrencyError where `--currency` names none."""
    from contracts.errors import UnknownCurrencyError
    from contracts.money import is_currency

    if not is_currency(code):
        raise UnknownCurrencyError(f"--currency must be an ISO 4217 code, was {code!r}")
