"""Where a running process can be reached: `<data>/run/<name>.json` while it runs."""

from __future__ import annotations

import atexit
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from contracts.errors import BadInputError, UnavailableError
from runtime.settings import Settings, load_settings

KAFKA = "kafka"


class Running(msgspec.Struct, frozen=True):
    """Address and process id of one process of an installation, and what it has to say to whoever started it."""

    name: str
    address: str
    pid: int
    note: str = ""


def announce(data: Path, name: str, address: str, note: str = "") -> None:
    """Say where this process can be reached, until it ends."""
    path = data / "run" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(msgspec.json.encode(Running(name, address, os.getpid(), note)))
    partial.replace(path)
    atexit.register(path.unlink, missing_ok=True)


def running(data: Path) -> list[Running]:
    """Every process that announced itself and still lives, by name."""
    found = []
    for path in sorted((data / "run").glob("*.json")):
        with suppress(FileNotFoundError, msgspec.DecodeError):  # it ended just now
            entry = msgspec.json.decode(path.read_bytes(), type=Running)
            if Path(f"/proc/{entry.pid}").exists() or not Path("/proc").exists():
                found.append(entry)
    return found


def with_kafka(settings: Settings) -> Settings:
    """Settings that name a Kafka: the one set, else the one that `priceradar up` runs here; BadInputError."""
    if settings.kafka:
        return settings
    own = next((entry.address for entry in running(settings.data) if entry.name == KAFKA), None)
    if own is None:
        raise BadInputError(
            f"there is no Kafka: set PRICERADAR_KAFKA=host:port, or start `priceradar up` on {settings.data}"
        )
    return settings.model_copy(update={"kafka": own})


def kafka_settings(config: Path | None = None) -> Settings:
    """Settings for a command that needs a Kafka which runs already; BadInputError."""
    return with_kafka(load_settings(config))


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold a data folder: two installations on one would fight over its Kafka. UnavailableError."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                f"PriceRadar runs on {data} already; stop it first, or set another folder with PRICERADAR_DATA"
            ) from error
        yield
