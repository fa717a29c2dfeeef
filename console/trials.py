"""Backtests that people start from the console: one at a time, as a process of its own, and their results."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import NotAllowedError, NotFoundError
from runtime.supervisor import killed_with_parent, last_line

SHOWN = 100
COMMAND = (sys.executable, "-m", "cli", "backtest")


class Running(msgspec.Struct, frozen=True):
    """A backtest that has begun (epoch ms) and not ended."""

    name: str
    started_at: int


class Result(msgspec.Struct, frozen=True):
    """A backtest that ended: what its summary.json says, also of the second policy, and whether a report is there."""

    name: str
    summary: dict[str, Any]
    other: dict[str, Any]
    report: bool


class Beside(msgspec.Struct, frozen=True):
    """A policy beside the one in force: name of the backtest, and counts of the one in force and of the other."""

    name: str
    observations: int
    alerts: tuple[object, object]
    proposals: tuple[object, object]


class Trials:
    """Starts backtests and reads what they wrote.

    Args:
        data: folder of the installation; results lie in `backtests` there.
        command: what runs a backtest; the tests have a faster one.
    """

    def __init__(self, data: Path | None, command: Sequence[str] = COMMAND) -> None:
        self._data, self._command = data, list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._running: Running | None = None

    @property
    def folder(self) -> Path:
        """Where results lie."""
        return (self._data or Path("data")) / "backtests"

    @property
    def recordings(self) -> Path | None:
        """The recording to try policies on; None where nothing was recorded yet."""
        folder = self._data / "recordings" if self._data else None
        return folder if folder is not None and any(folder.rglob("*.parquet")) else None

    def start(self, name: str, policy: str, other: str, environment: dict[str, str], now_ms: int) -> None:
        """Begin a backtest of two versions; NotFoundError without a recording, NotAllowedError while one runs."""
        recordings = self.recordings
        if recordings is None:
            raise NotFoundError("nothing has been recorded yet: the recorder fills <data>/recordings")
        with self._lock:
            if self.running() is not None:
                raise NotAllowedError("a backtest is running already; wait until it has ended")
            self.folder.mkdir(parents=True, exist_ok=True)
            choices = ["--policy", policy, "--compare", other, "--out", str(self.folder / name)]
            with self._log(name).open("wb") as log:
                self._process = subprocess.Popen(
                    [*self._command, str(recordings), *choices],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                    preexec_fn=killed_with_parent,  # noqa: PLW1509 one C call
                )
            self._running = Running(name, now_ms)

    def running(self) -> Running | None:
        """The backtest that runs now."""
        return self._running if self._process is not None and self._process.poll() is None else None

    def failed(self) -> str:
        """What the last backtest said where it failed, else nothing."""
        if self._process is None or self._running is None or self._process.poll() in (None, 0):
            return ""
        return f"{self._running.name}: {last_line(self._log(self._running.name))}"

    def stop(self) -> None:
        """End what runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        if self._process is not None:
            self._process.wait()

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def results(self) -> list[Result]:
        """Backtests that ended, the newest first."""
        if not self.folder.is_dir():
            return []
        found = sorted(self.folder.glob("*/summary.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [_read(path.parent) for path in found[:SHOWN]]

    def report(self, name: str) -> Path:
        """The report of a backtest; NotFoundError."""
        for path in self.folder.glob("*/report.html"):
            if path.parent.name == name:
                return path
        raise NotFoundError(f"no backtest is named {name[:80]!r}")

    def beside(self, active: str, version: str) -> Beside | None:
        """The newest backtest that set a version beside the one in force."""
        for one in self.results():
            sides = {str(side.get("policy")): side for side in (one.summary, one.other)}
            if one.other and sides.keys() == {active, version}:
                pairs = [(sides[active].get(key), sides[version].get(key)) for key in ("alerts", "proposals")]
                return Beside(one.name, int(one.summary.get("observations", 0)), pairs[0], pairs[1])
        return None


def _read(folder: Path) -> Result:
    try:
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
    except (OSError, ValueError):
        summary = {}
    summary = summary if isinstance(summary, dict) else {}
    other = summary.get("compare")
    return Result(folder.name, summary, other if isinstance(other, dict) else {}, (folder / "report.html").is_file())
