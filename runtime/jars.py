"""The jars of our own Kafka: fetched once by jgo, checked against the committed lock before use."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from contracts.errors import TamperedError, UnavailableError

ROOT = Path(__file__).resolve().parent.parent
SPEC, LOCK = ROOT / "jgo.toml", ROOT / "jgo.lock.toml"
FETCH_SECONDS = 600


def locked_jars(lock: Path = LOCK) -> dict[str, str]:
    """File name and SHA-256 of every jar the lock names."""
    entries = tomllib.loads(lock.read_text("utf-8"))["dependencies"]
    return {_file_name(entry): entry["sha256"] for entry in entries}


def _file_name(entry: dict[str, str]) -> str:
    classifier = f"-{entry['classifier']}" if entry.get("classifier") else ""
    return f"{entry['artifactId']}-{entry['version']}{classifier}.{entry['packaging']}"


def cache_folder() -> Path:
    """Where jars are kept for all installations of this user: $XDG_CACHE_HOME/priceradar."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "priceradar"


def kafka_folder() -> Path:
    """Folder of the jars of exactly this lock."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    return cache_folder() / f"kafka-{digest}"


def jars_present() -> bool:
    """Whether every locked jar was fetched already; says nothing about their checksums."""
    folder = kafka_folder()
    return all(_find(folder, name) for name in locked_jars())


def kafka_classpath(say: Callable[[str], None] = lambda _line: None) -> str:
    """Classpath of exactly the locked jars, fetched where they are missing.

    Raises:
        UnavailableError: they are missing and cannot be fetched.
        TamperedError: a jar has not the checksum of the lock.
    """
    folder, locked = kafka_folder(), locked_jars()
    if not jars_present():
        say(f"Fetching Apache Kafka, {len(locked)} jars, once for this machine")
        _fetch(folder)
    return os.pathsep.join(str(checked(folder, name, sha256)) for name, sha256 in locked.items())


def checked(folder: Path, name: str, sha256: str) -> Path:
    """Path of a jar whose bytes have this checksum; TamperedError, UnavailableError."""
    path = _find(folder, name)
    if path is None:
        raise UnavailableError(f"{name} is not in {folder} after fetching: {_advice()}")
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != sha256:
        raise TamperedError(f"{path} must have sha256 {sha256} as locked, was {actual}: delete {folder} and try again")
    return path


def _find(folder: Path, name: str) -> Path | None:
    path = folder / name
    return path if path.is_file() else None


def _fetch(folder: Path) -> None:
    # Two processes may start at once: each fetches into a folder of its own, the first to finish wins.
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    repository = str(cache_folder() / "maven")
    command = [sys.executable, "-m", "jgo", "--quiet", "--resolver", "python", "--file", str(SPEC)]
    command += ["--cache-dir", str(partial), "--repo-cache", repository, "--links", "copy", "sync"]
    partial.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise UnavailableError(f"Apache Kafka cannot be fetched ({lines[-1][:200]}): {_advice()}")
        # Where below its cache folder jgo links the jars differs between its versions and ways of being called.
        flat = partial / "flat"
        flat.mkdir()
        for jar in list(partial.rglob("*.jar")):
            jar.replace(flat / jar.name)
        if not folder.exists():
            flat.rename(folder)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"Apache Kafka was not fetched within {FETCH_SECONDS} s: {_advice()}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _advice() -> str:
    return "connect to the package registries once, or name a running Kafka with PRICERADAR_KAFKA=host:port"
