"""What the contract tests share: does a command line of ours parse?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import typer

from cli.main import app


@pytest.fixture
def parses() -> Callable[[Sequence[str]], None]:
    """Parse arguments of `priceradar` without running anything; raises typer.TyperException."""
    return _parse


def _parse(arguments: Sequence[str]) -> None:
    # Typer's own copy of click is not public, hence Any.
    command: Any = typer.main.get_command(app)
    name, context, rest = "priceradar", None, list(arguments)
    while True:
        context = _make_context(command, name, rest, context)
        if context is None or not hasattr(command, "resolve_command"):
            return
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])


def _make_context(command: Any, name: str, rest: list[str], parent: Any) -> Any:
    try:
        return command.make_context(name, rest, parent=parent)
    except typer.BadParameter as error:
        # A file that the reader is to bring need not exist here.
        if "does not exist" not in str(error):
            raise
        return None
