"""Starts the processes of one machine, watches them, and leaves none behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from contracts.errors import UnavailableError
from runtime.broker import die_with_parent

STOP_SECONDS = 10.0
BAD_INPUT = 2  # the exit status of wrong settings: starting again does not correct them
MOST_RESTARTS = 5  # within RESTART_WINDOW_SECONDS: a process that dies faster will not heal
RESTART_WINDOW_SECONDS = 300.0


class Child:
    """One process: its command, its log, and how often it was started lately."""

    def __init__(self, name: str, command: Sequence[str], log: Path, essential: bool) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.essential = essential
        self.process: subprocess.Popen[bytes] | None = None
        self.starts: list[float] = []
        self.not_before = 0.0


class Supervisor:
    """Processes that start together and stop together; a context manager.

    A worker that dies is started again with growing pauses (crash-only: it goes on from its
    checkpoint); one that dies too often, or one that is essential, ends everything with one line.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str], say: Callable[[str], None] = print) -> None:
        self.logs = logs
        self.environment = {**os.environ, **environment}
        self.say = say
        self.children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str, essential: bool = False) -> Child:
        """Start `priceradar <arguments>` with its output in `<logs>/<name>.log`."""
        command = [sys.executable, "-m", "cli", *arguments]
        child = Child(name, command, self.logs / f"{name}.log", essential)
        self.children.append(child)
        self._spawn(child)
        return child

    def check(self) -> None:
        """Start again what has died; UnavailableError where that is no use."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, child.process.returncode)
            elif child.process is None and time.monotonic() >= child.not_before:
                self._spawn(child)

    def stop(self) -> None:
        """Ask every process to stop, the last started first, and end what does not."""
        alive = [child for child in reversed(self.children) if child.process is not None]
        for child in alive:
            self._signal(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in alive:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._signal(child, signal.SIGKILL)
                child.process.wait()
        self.children = []

    def _spawn(self, child: Child) -> None:
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,  # Ctrl-C reaches us, and we stop the children in order
                preexec_fn=killed_with_parent,  # noqa: PLW1509 one C call
            )
        child.starts.append(time.monotonic())

    def _died(self, child: Child, status: int) -> None:
        child.process = None
        recent = [start for start in child.starts if start > time.monotonic() - RESTART_WINDOW_SECONDS]
        reason = f"{child.name} ended with status {status}: {last_line(child.log)} (see {child.log})"
        if child.essential or status == BAD_INPUT or len(recent) > MOST_RESTARTS:
            raise UnavailableError(reason)
        pause = 0.5 * 2 ** (len(recent) - 1)
        child.not_before = time.monotonic() + pause
        self.say(f"{reason}; starting it again in {pause:.1f} s")

    @staticmethod
    def _signal(child: Child, number: int) -> None:
        assert child.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, number)


def killed_with_parent() -> None:
    """In a child before exec: nobody is left to insist, so nothing may stay that ignores SIGTERM."""
    die_with_parent(signal.SIGKILL)


def last_line(log: Path) -> str:
    """The last line of a log that says something, at most 300 characters."""
    if not log.is_file():
        return "it printed nothing"
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    text = next((line for line in reversed(lines) if line.strip()), "it printed nothing")
    with contextlib.suppress(msgspec.DecodeError):
        record = msgspec.json.decode(text, type=dict[str, Any])
        text = (str(record.get("exception") or record.get("event") or text)).strip().splitlines()[-1]
    return text[:300]
