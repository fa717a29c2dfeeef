"""Commands that run on: started as people start them, watched by what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PRICERADAR = Path(sys.executable).with_name("priceradar")


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running command in `folder`, without our settings; ended at the latest with the block."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PRICERADAR_")}
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(
            [str(PRICERADAR), *arguments], stdout=out, stderr=out, text=True, cwd=folder, env=environment
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def printed(folder: Path) -> str:
    """What the command in `folder` has printed."""
    return (folder / "out").read_text("utf-8")


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[str], seconds: float) -> None:
    """Wait for a line; fails where the command ends before, or the time is up."""
    deadline = time.monotonic() + seconds
    while not re.search(pattern, printed(folder), re.MULTILINE):
        assert process.poll() is None, f"ended with {process.returncode}:\n{printed(folder)}"
        assert time.monotonic() < deadline, f"no {pattern!r} within {seconds} s:\n{printed(folder)}"
        time.sleep(0.1)


def left_behind(folder: Path) -> list[str]:
    """Command lines of processes that still work in the folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        data = (process.info["environ"] or {}).get("PRICERADAR_DATA", "")
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line or str(folder) in data:
            found.append(line)
    return found
