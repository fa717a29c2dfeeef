"""A command of ours that people start from the console: one at a time, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from contracts.errors import NotAllowedError
from ledger.store import Ledger
from runtime.supervisor import killed_with_parent, last_line


class Running(msgspec.Struct, frozen=True):
    """A command that has begun (epoch ms) and not ended."""

    name: str
    started_at: int


class Job:
    """Runs one command at a time; what it says goes to a file.

    Args:
        what: what it is called in messages, with its article.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._running: Running | None = None
        self._log = Path()

    def start(self, name: str, command: Sequence[str], log: Path, environment: dict[str, str], now_ms: int) -> None:
        """Begin; NotAllowedError while one runs."""
        with self._lock:
            if self.running() is not None:
                raise NotAllowedError(f"{self._what} is running already; wait until it has ended")
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as file:
                self._process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                    preexec_fn=killed_with_parent,  # noqa: PLW1509 one C call
                )
            self._running, self._log = Running(name, now_ms), log

    def running(self) -> Running | None:
        """What runs now."""
        return self._running if self._process is not None and self._process.poll() is None else None

    def failed(self) -> str:
        """What the last one said where it failed, else nothing."""
        if self._process is None or self._running is None or self._process.poll() in (None, 0):
            return ""
        return f"{self._running.name}: {last_line(self._log)}"

    def stop(self) -> None:
        """End what runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        if self._process is not None:
            self._process.wait()


def environment_of(ledger: Ledger, data: Path | None) -> dict[str, str]:
    """Where a command of ours finds this installation."""
    known = {**os.environ, "PRICERADAR_LEDGER": ledger.url}
    return known if data is None else {**known, "PRICERADAR_DATA": str(data)}
