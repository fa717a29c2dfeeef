"""Crash-only: what cannot go on ends at once, and what was not acknowledged is delivered again."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable
from typing import NoReturn

import faust
from aiokafka.errors import ProducerClosed

log = logging.getLogger(__name__)


def crash(error: BaseException) -> NoReturn:
    """End the process at once with status 70.

    Faust itself would acknowledge the message on which an agent failed, and lose it.
    """
    log.critical("this worker cannot go on and ends itself", exc_info=error)
    logging.shutdown()
    os._exit(70)


def crash_unless_stopping(app: faust.App, error: BaseException) -> None:
    """The same, except that a worker asked to stop may find its producer closed: what it could not send comes again."""
    if not (app.should_stop and isinstance(error, ProducerClosed)):
        crash(error)


async def or_crash(work: Awaitable[object]) -> None:
    """Await work whose data errors were handled: what it still raises is the infrastructure or a bug."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 see above
        crash(error)
