"""The whole system on one machine: Kafka (ours where none is named), workers, console."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from contracts.errors import UnavailableError
from runtime.broker import OwnKafka
from runtime.run_files import KAFKA, Running, alone, announce, running
from runtime.settings import Settings
from runtime.supervisor import Supervisor
from streams.admin import ensure_topics

WORKERS = ("streams", "recorder", "pricing", "alerts")
READY_SECONDS = 180.0  # on a slow machine that must first compile the rules

Say = Callable[[str], None]


class Machine:
    """A running installation.

    Attributes:
        settings: with the Kafka that is really used.
        supervisor: to start further processes with.
    """

    def __init__(self, settings: Settings, supervisor: Supervisor, broker: OwnKafka | None) -> None:
        self.settings = settings
        self.supervisor = supervisor
        self.broker = broker

    def check(self) -> None:
        """Heal what can be healed; UnavailableError where something that all need has died."""
        if self.broker is not None:
            self.broker.check()
        self.supervisor.check()

    def wait_ready(self, names: tuple[str, ...]) -> dict[str, Running]:
        """Wait until these processes have announced their addresses; returns all that have."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self.check()
            found = {entry.name: entry for entry in running(self.settings.data)}
            if found.keys() >= set(names):
                return found
            if time.monotonic() > deadline:
                missing = ", ".join(sorted(set(names) - found.keys()))
                raise UnavailableError(f"{missing} did not start within {READY_SECONDS:.0f} s, see {self.logs}")
            time.sleep(0.1)

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.supervisor.logs


@contextmanager
def machine(settings: Settings, say: Say, console: tuple[str, ...] = ()) -> Iterator[Machine]:
    """Start everything, in the order it depends on, and stop it in the opposite one.

    Args:
        console: further arguments of `priceradar console`.
    """
    with ExitStack() as stack:
        stack.enter_context(alone(settings.data))
        for stale in (settings.data / "run").glob("*.json"):
            stale.unlink()
        broker = None
        if not settings.kafka:
            broker = stack.enter_context(OwnKafka(settings.data / "kafka", say=say))
            settings = settings.model_copy(update={"kafka": broker.bootstrap})
            announce(settings.data, KAFKA, broker.bootstrap)
        ensure_topics(settings.kafka)
        _prepare_ledger(settings)
        supervisor = stack.enter_context(Supervisor(settings.data / "logs", environment(settings), say))
        for name in WORKERS:
            supervisor.start(name, "worker", name)
        supervisor.start("console", "console", *console)
        yield Machine(settings, supervisor, broker)


def environment(settings: Settings) -> dict[str, str]:
    """The settings that child processes must share, as PRICERADAR_* variables."""
    shared: dict[str, Any] = {
        "KAFKA": settings.kafka,
        "DATA": settings.data.absolute(),
        "LEDGER": settings.ledger_url,
        "POLICY": settings.policy,
        "CURRENCY": settings.currency,
        "LOG_LEVEL": settings.log_level,
    }
    return {f"PRICERADAR_{key}": str(value) for key, value in shared.items()} | {"PYTHONUNBUFFERED": "1"}


def _prepare_ledger(settings: Settings) -> None:
    from ledger.store import Ledger

    Ledger.open(settings.ledger_url).close()  # migrate once, before several processes open it


@contextmanager
def until_asked_to_stop() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; the handlers of before are put back."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
