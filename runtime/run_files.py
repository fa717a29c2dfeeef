"""Where a running process can be reached: `<data>/run/<name>.json` while it runs."""

from __future__ import annotations

import atexit
import os
from pathlib import Path

import msgspec


class Running(msgspec.Struct, frozen=True):
    """Address and process id of one process of an installation."""

    name: str
    address: str
    pid: int


def announce(data: Path, name: str, address: str) -> None:
    """Say where this process can be reached, until it ends."""
    path = data / "run" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(msgspec.json.encode(Running(name, address, os.getpid())))
    partial.replace(path)
    atexit.register(path.unlink, missing_ok=True)


def running(data: Path) -> list[Running]:
    """Every process that announced itself and still lives, by name."""
    found = []
    for path in sorted((data / "run").glob("*.json")):
        entry = msgspec.json.decode(path.read_bytes(), type=Running)
        if Path(f"/proc/{entry.pid}").exists() or not Path("/proc").exists():
            found.append(entry)
    return found
