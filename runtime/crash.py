"""Crash-only: what cannot go on ends at once, and what was not acknowledged is delivered again."""

from __future__ import annotations

import logging
import os
from typing import NoReturn

log = logging.getLogger(__name__)


def crash(error: BaseException) -> NoReturn:
    """End the process at once with status 70.

    Faust itself would acknowledge the message on which an agent failed, and lose it.
    """
    log.critical("this worker cannot go on and ends itself", exc_info=error)
    logging.shutdown()
    os._exit(70)
