"""A progress bar on standard error, silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backtest.recording import Recording


@contextmanager
def shown(title: str, recording: Recording, passes: int = 1) -> Iterator[Callable[[int], None]]:
    """Gives what to call with each number of rows done; lines about skipped files stay above the bar."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        rows = recording.rows()
        task = bar.add_task(title, total=None if rows is None else rows * passes)
        yield lambda rows: bar.update(task, advance=rows)
