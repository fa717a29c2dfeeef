"""A streams worker that dies like kill -9 between two of its steps: `... BOOTSTRAP FOLDER STEP`."""

from __future__ import annotations

import os
import sys
from typing import Any

import faust.events

import streams.worker
from benchmarks.chaos_worker import main
from runtime.outlet import Outlet
from streams.partition import Partition

STEPS = (
    (Partition, "take"),  # the state has moved on
    (Partition, "restore"),
    (Partition, "draft"),
    (Partition, "made_safe"),  # the checkpoint is whole, nothing is acknowledged
    (Outlet, "add"),
    (Outlet, "_flush"),
    (Outlet, "settle"),
    (streams.worker, "write"),  # chunks and manifest
    (faust.events.Event, "ack"),
)
left = 0


def counted(owner: Any, name: str) -> None:
    """Make a step end the process where it is the one."""
    step = getattr(owner, name)

    def passed(*args: Any, **named: Any) -> Any:
        global left  # noqa: PLW0603 one process, one count
        left -= 1
        if left <= 0:
            os._exit(137)
        return step(*args, **named)

    setattr(owner, name, passed)


if __name__ == "__main__":
    left = int(sys.argv[3])
    for owner, name in STEPS:
        counted(owner, name)
    main(sys.argv[1], sys.argv[2])
