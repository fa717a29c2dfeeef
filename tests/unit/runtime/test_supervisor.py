"""The supervisor starts again what died, gives up where that is no use, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from contracts.errors import UnavailableError
from runtime import supervisor as module
from runtime.supervisor import Child, Supervisor, last_line

FOREVER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs", {}, said.append) as running:
        yield running


def start(supervisor: Supervisor, code: str, essential: bool = False) -> Child:
    """A child that runs Python code instead of one of our commands."""
    child = Child("child", [sys.executable, "-c", code], supervisor.logs / "child.log", essential)
    supervisor.children.append(child)
    supervisor._spawn(child)
    return child


def pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def printed(child: Child) -> bool:
    return "up" in child.log.read_text()


def test_a_killed_child_is_started_again_and_it_is_said(supervisor: Supervisor, said: list[str]) -> None:
    child = start(supervisor, FOREVER)
    first = pid(child)
    os.kill(first, signal.SIGKILL)

    def back() -> bool:
        supervisor.check()
        return child.process is not None and pid(child) != first

    wait_until(back)
    assert psutil.pid_exists(pid(child))
    assert len(said) == 1
    assert "child ended with status -9" in said[0]


def test_one_that_dies_again_and_again_ends_everything_with_its_reason(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RESTARTS", 2)
    start(supervisor, "raise SystemExit('the disk is full')")

    def check_forever() -> bool:
        supervisor.check()
        return False

    with pytest.raises(UnavailableError, match="the disk is full"):
        wait_until(check_forever)


@pytest.mark.parametrize(("status", "essential"), [(3, True), (2, False)], ids=["essential", "wrong settings"])
def test_what_cannot_be_healed_is_not_started_again(supervisor: Supervisor, status: int, essential: bool) -> None:
    child = start(supervisor, f"raise SystemExit({status})", essential)
    assert child.process is not None
    child.process.wait()

    with pytest.raises(UnavailableError, match=f"ended with status {status}"):
        supervisor.check()


def test_stop_ends_also_those_that_will_not(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    children = [start(supervisor, FOREVER), start(supervisor, STUBBORN)]
    wait_until(lambda: all(map(printed, children)))
    pids = [pid(child) for child in children]

    supervisor.stop()

    assert not any(map(psutil.pid_exists, pids))


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from runtime.supervisor import Child, Supervisor\n"
        f"s = Supervisor(Path({str(tmp_path)!r}), {{}})\n"
        f"c = Child('c', [sys.executable, '-c', {FOREVER!r}], Path({str(tmp_path / 'c.log')!r}), False)\n"
        "s._spawn(c); print(c.process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()

    wait_until(lambda: not psutil.pid_exists(child))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it printed nothing"),
        ("one\ntwo\n\n", "two"),
        ('{"event": "gone", "level": "critical"}\n', "gone"),
        ('{"event": "x", "exception": "Traceback\\n  File\\nValueError: no"}', "ValueError: no"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_the_last_line_says_the_reason(tmp_path: Path, text: str, expected: str) -> None:
    log = tmp_path / "log"
    log.write_text(text)

    assert last_line(log) == expected
