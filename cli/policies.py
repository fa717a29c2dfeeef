"""Which policy is in force, and policies by name: shipped, a file, or a version of the ledger."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from contracts.errors import BadPolicyError, UnavailableError
from contracts.policy import DEFAULT, Policy
from ledger import policies
from ledger.database import READ_ONLY, connect
from runtime.policies import load_policy
from runtime.settings import Settings

LOOK_SECONDS = 5.0
T = TypeVar("T")


def is_fixed(settings: Settings) -> bool:
    """Whether the settings themselves name the policy: then what people put into force elsewhere does not count."""
    return settings.policy != DEFAULT.name


def in_force(settings: Settings) -> Policy:
    """The policy of the settings, else the version people put into force; UnavailableError."""
    if is_fixed(settings):
        return load_policy(settings.policy)
    return _asked(settings, policies.active) or DEFAULT


def named(name: str, settings: Settings) -> Policy:
    """A policy by the name of a shipped one, a file, or its version in the ledger: calm@3f2a...; BadPolicyError."""
    if "@" not in name or Path(name).is_file():
        return load_policy(name)
    found = _asked(settings, lambda connection: policies.find(connection, name))
    if found is None:
        raise BadPolicyError(f"the ledger has no policy of the version {name[:80]!r}; the console lists them")
    return found


def _asked(settings: Settings, question: Callable[[Connection], T | None]) -> T | None:
    engine = connect(settings.ledger_url)  # the whole ledger takes longer to import than the answer
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        engine.dispose()
        return None  # asking would make an empty one
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            return question(connection)
    except DBAPIError as error:
        raise UnavailableError(f"the ledger does not answer: {error.orig}") from error
    finally:
        engine.dispose()


def end_when_another_is_in_force(settings: Settings, version: str) -> None:
    """Watch from a thread, and ask this process to stop when people put another version into force.

    Whoever keeps the process running starts it again, and it goes on where it was with the new rules.
    """
    if not is_fixed(settings):
        threading.Thread(target=_watch, args=(settings, version), name="policy", daemon=True).start()


def _watch(settings: Settings, version: str) -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        try:
            if in_force(settings).version != version:
                os.kill(os.getpid(), signal.SIGTERM)
                return
        except UnavailableError:
            continue  # the ledger is away for a moment: the rules are those of before
