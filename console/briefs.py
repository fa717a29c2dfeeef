"""Briefs that people ask for in the console: written by `priceradar brief` beside it, kept in the data folder."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from console.job import Job
from contracts.errors import BadInputError, NotFoundError

SHOWN = 100
COMMAND = (sys.executable, "-m", "cli", "brief")
NAME = re.compile(r"brief-(\d{4}-W?\d{2})-(en|zh)")


class Kept(msgspec.Struct, frozen=True):
    """A brief that was written: of which week or month, in which language, when (epoch ms), and whether as PDF."""

    period: str
    lang: str
    made_at: int
    pdf: bool

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"brief-{self.period}-{self.lang}"


class Briefs:
    """Has briefs written and finds them.

    Args:
        data: folder of the installation; briefs lie in `briefs` there.
        command: what writes one; the tests have a faster one.
    """

    def __init__(self, data: Path | None, command: Sequence[str] = COMMAND) -> None:
        self.folder = (data or Path("data")) / "briefs"
        self._command = list(command)
        self.job = Job("a brief")

    def write(self, period: str, lang: str, environment: dict[str, str], now_ms: int) -> None:
        """Begin to write one; BadInputError, NotAllowedError while one is being written."""
        name = f"brief-{period}-{lang}"
        if not NAME.fullmatch(name):
            raise BadInputError(f"a brief is about 2026-W47 or 2026-11, in en or zh, was {period[:20]!r}, {lang[:5]!r}")
        which = "--week" if "W" in period else "--month"
        command = [*self._command, which, period, "--lang", lang, "--out", str(self.folder)]
        self.job.start(name, command, self.folder / f"{name}.log", environment, now_ms)

    def listed(self) -> list[Kept]:
        """Briefs that were written, the newest period first."""
        if not self.folder.is_dir():
            return []
        found = [(path, NAME.fullmatch(path.stem)) for path in self.folder.glob("brief-*.html")]
        kept = [
            Kept(match[1], match[2], int(path.stat().st_mtime * 1000), path.with_suffix(".pdf").is_file())
            for path, match in found
            if match
        ]
        return sorted(kept, key=lambda one: (one.period, one.lang), reverse=True)[:SHOWN]

    def file(self, name: str, suffix: str) -> Path:
        """A file of a brief: html, pdf, or csv (its moves); NotFoundError."""
        match = NAME.fullmatch(name)
        if match is not None and suffix in ("html", "pdf", "csv"):
            path = self.folder / (f"moves-{match[1]}.csv" if suffix == "csv" else f"{name}.{suffix}")
            if path.is_file():
                return path
        raise NotFoundError(f"no brief is named {name[:60]!r}")
