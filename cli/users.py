"""`priceradar users`: who may sign in to the console."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Config

if TYPE_CHECKING:
    from ledger.store import Ledger

group = typer.Typer(help="Who may sign in to the console, and as what.", no_args_is_help=True)


@contextmanager
def _ledger(config: Path | None) -> Iterator[Ledger]:
    from ledger.store import Ledger
    from runtime.settings import load_settings

    ledger = Ledger.open(load_settings(config).ledger_url)
    try:
        yield ledger
    finally:
        ledger.close()


@group.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The name they sign in with.")],
    role: Annotated[str, typer.Option(help="viewer, analyst, pricing, marketing_director, ..., admin.")] = "viewer",
    password_file: Annotated[Path | None, typer.Option(help="Read the password from here, not from you.")] = None,
    sso: Annotated[bool, typer.Option("--sso", help="They sign in with [oidc] and have no password here.")] = False,
    config: Config = None,
) -> None:
    """Let somebody sign in; asks for the password.

    Example: priceradar users add ann --role marketing_director
    """
    import time

    from contracts.errors import BadInputError

    if not name.strip() or len(name) > 100 or name.startswith("demo-"):
        raise BadInputError(f"a name has 1 to 100 characters and does not begin with demo-, was {name[:40]!r}")
    try:
        given = password_file.read_text("utf-8").strip() if password_file else None
        password = None if sso else _asked() if given is None else given
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"the password file {password_file} cannot be read: {error}") from error
    with _ledger(config) as ledger:
        ledger.add_user(name, role, password, time.time_ns() // 1_000_000, _actor())
    print(f"{name} may sign in as {role}")


def _asked() -> str:
    from contracts.errors import BadInputError

    if not sys.stdin.isatty():
        raise BadInputError("a password is asked for at a terminal; elsewhere name a --password-file")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise BadInputError("the two passwords differ; try again")
    return password


def _actor() -> str:
    try:
        return f"shell:{getpass.getuser()}"
    except (OSError, KeyError):
        return "shell"


@group.command("list")
def listed(config: Config = None) -> None:
    """Print everybody, with their role.

    Example: priceradar users list
    """
    from ledger import pages

    with _ledger(config) as ledger, ledger.reading() as connection:
        everybody = pages.people(connection)
    for person in everybody:
        print(f"{person.name}\t{person.role}{'  (disabled)' if person.disabled else ''}")
    if not everybody:
        print("nobody may sign in yet; see priceradar users add --help", file=sys.stderr)


@group.command("change")
def change(
    name: Annotated[str, typer.Argument(help="Who.")],
    role: Annotated[str | None, typer.Option(help="Their new role.")] = None,
    disable: Annotated[bool | None, typer.Option("--disable/--enable", help="Whether they may sign in.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    sso: Annotated[bool, typer.Option("--sso", help="They sign in with [oidc] from now on.")] = False,
    config: Config = None,
) -> None:
    """Change somebody's role or password, or let them in no more; it counts at once.

    Example: priceradar users change ann --role finance_director
    """
    import time

    from ledger import pages, users

    new, now = _asked() if password else None, time.time_ns() // 1_000_000
    with _ledger(config) as ledger:
        with ledger.writing() as connection:
            users.change(connection, name, now, _actor(), role=role, disabled=disable, password=new, elsewhere=sso)
        with ledger.reading() as connection:
            [person] = [one for one in pages.people(connection) if one.name == name]
    print(f"{name}: {person.role}, may {'not ' if person.disabled else ''}sign in")


@group.command("token")
def token(
    name: Annotated[str, typer.Argument(help="For whom the program acts.")],
    purpose: Annotated[str, typer.Option(help="What the key is for; people see it in the list.")] = "",
    days: Annotated[int, typer.Option(help="It ends after so many days, at most 366.")] = 90,
    config: Config = None,
) -> None:
    """Make a key for a program and print it, this once: Authorization: Bearer KEY.

    Example: priceradar users token ann --purpose "nightly export"
    """
    import time

    from ledger import tokens

    with _ledger(config) as ledger, ledger.writing() as connection:
        key = tokens.make(connection, name, purpose, time.time_ns() // 1_000_000, _actor(), days)
    print(key)


@group.command("tokens")
def token_list(config: Config = None) -> None:
    """Print every key's id, holder, purpose, when it was made and when it ends.

    Example: priceradar users tokens
    """
    from contracts.times import to_iso
    from ledger import tokens

    with _ledger(config) as ledger, ledger.reading() as connection:
        for one in tokens.listed(connection):
            revoked = f"  (revoked {to_iso(one.revoked_at)})" if one.revoked_at else ""
            times = f"{to_iso(one.created_at)}\t{to_iso(one.expires_at or one.created_at)}"
            print(f"{one.token_id}\t{one.user}\t{one.purpose}\t{times}{revoked}")


@group.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="The key's id, see priceradar users tokens.")], config: Config = None
) -> None:
    """End a key at once.

    Example: priceradar users revoke 3f2a90c1b7de
    """
    import time

    from ledger import tokens

    with _ledger(config) as ledger, ledger.writing() as connection:
        tokens.revoke(connection, token_id, time.time_ns() // 1_000_000, _actor())
    print(f"{token_id} no longer works")
