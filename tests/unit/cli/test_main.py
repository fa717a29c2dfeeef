"""Exit status 0 fine, 1 the work failed, 2 wrong usage or bad input; an error is one line."""

from __future__ import annotations

import sys

import pytest
import typer

from cli import main
from contracts.errors import BadInputError, UnavailableError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """The application replaced by one whose command raises what the test puts in here."""
    app, errors = typer.Typer(), list[Exception]()

    @app.command()
    def work() -> None:
        raise errors[0]

    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr(sys, "argv", ["priceradar"])
    return errors


def _status() -> int | str | None:
    with pytest.raises(SystemExit) as stop:
        main.main()
    return stop.value.code


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (BadInputError("a price must be positive, was -1"), 2, "priceradar: a price must be positive, was -1\n"),
        (UnavailableError("Kafka does not answer"), 1, "priceradar: Kafka does not answer\n"),
        (typer.Exit(3), 3, ""),
        (typer.Abort(), 130, ""),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 0, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_is_one_line_and_an_exit_status(
    failing: list[Exception], capsys: pytest.CaptureFixture[str], error: Exception, status: int, line: str
) -> None:
    failing.append(error)

    assert _status() == status
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("arguments", [["nonsense"], ["crawl", "--nonsense"], ["crawl"], ["worker", "nonsense"]])
def test_wrong_usage_is_one_line_that_says_where_to_read_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["priceradar", *arguments])

    assert _status() == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.endswith("--help\n")


def test_help_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["priceradar", "--help"])

    assert _status() == 0
