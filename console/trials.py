"""Backtests that people start from the console: one at a time, as a process of its own, and their results."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from console.job import Job
from contracts.errors import NotFoundError

SHOWN = 100
COMMAND = (sys.executable, "-m", "cli", "backtest")


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
        self.job = Job("a backtest")

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
        self.folder.mkdir(parents=True, exist_ok=True)
        choices = ["--policy", policy, "--compare", other, "--out", str(self.folder / name)]
        command = [*self._command, str(recordings), *choices]
        self.job.start(name, command, self.folder / f"{name}.log", environment, now_ms)

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
