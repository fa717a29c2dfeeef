"""What the contract tests share: does a command line of ours parse?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest
import typer

from cli.main import app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def parses() -> Callable[[Sequence[str]], None]:
    """Parse arguments of `priceradar` without running anything; raises click.UsageError."""
    return _parse


def _parse(arguments: Sequence[str]) -> None:
    command: click.Command = typer.main.get_command(app)
    context = command.make_context("priceradar", list(arguments))
    while isinstance(command, click.Group):
        rest = [*context.protected_args, *context.args]
        if not rest:
            raise click.UsageError("a command is missing", context)
        name, found, rest = command.resolve_command(context, rest)
        if found is None or name is None:
            raise click.UsageError("no such command", context)
        command = found
        context = _make_context(command, name, rest, context)


def _make_context(command: click.Command, name: str, rest: list[str], parent: click.Context) -> click.Context:
    try:
        return command.make_context(name, rest, parent=parent)
    except click.BadParameter as error:
        # A file that the reader is to bring need not exist here.
        if "does not exist" not in error.message:
            raise
        return click.Context(command, parent=parent, info_name=name)
