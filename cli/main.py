"""The `priceradar` command: one line an error, exit status 0 fine, 1 failed, 2 bad input.

Commands live one per module and import what they need when they run, so `--help` stays quick.
"""

from __future__ import annotations

import sys

import typer

from cli import (
    backtest,
    brief,
    console,
    crawl,
    dead,
    demo,
    doctor,
    explain,
    extract,
    forecast,
    import_,
    match,
    replay,
    shadow,
    up,
    users,
    worker,
)
from contracts.errors import BadInputError, PriceRadarError

WRONG_PLACE = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)

app = typer.Typer(
    name="priceradar",
    help="Watch competitors' prices, alert on moves over 5 %, propose markdowns of at most 3 %.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def priceradar() -> None:
    """Watch competitors' prices, alert on moves over 5 %, propose markdowns of at most 3 %."""


app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("worker")(worker.worker)
app.command("console")(console.console)
app.add_typer(users.group, name="users")
app.command("crawl")(crawl.crawl)
app.command("extract")(extract.extract)
app.add_typer(import_.group, name="import")
app.command("match")(match.match)
app.command("replay")(replay.replay)
app.command("backtest")(backtest.backtest)
app.command("shadow")(shadow.shadow)
app.command("forecast")(forecast.forecast)
app.command("explain")(explain.explain)
app.command("verify")(explain.verify)
app.command("brief")(brief.brief)
app.add_typer(dead.dead, name="dead")
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line and turn our errors into one line and an exit status."""
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except typer.TyperException as error:
        _say_usage(error)
        code = 2
    except BadInputError as error:
        print(f"priceradar: {error}", file=sys.stderr)
        code = 2
    except PriceRadarError as error:
        print(f"priceradar: {error}", file=sys.stderr)
        code = 1
    except BrokenPipeError:
        code = 0
    except OSError as error:  # a folder that cannot be made, a full disk, an address that is not known
        print(f"priceradar: {_of_system(error)}", file=sys.stderr)
        code = 2 if isinstance(error, WRONG_PLACE) else 1
    sys.exit(code if isinstance(code, int) else 0)


def _of_system(error: OSError) -> str:
    """What the operating system had against it, and where."""
    if error.filename is None:
        return str(error).splitlines()[0]
    return f"{error.filename} cannot be used: {error.strerror}; name another file or folder"


def _say_usage(error: typer.TyperException) -> None:
    """One line for wrong usage. Typer carries its own copy of click, whose classes it does not export."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    where = getattr(getattr(error, "ctx", None), "command_path", "priceradar")
    if message.strip():
        print(f"{where}: {message.rstrip('.')}; see {where} --help", file=sys.stderr)
