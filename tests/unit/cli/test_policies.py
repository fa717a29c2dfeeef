from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cli.policies import in_force, named
from contracts.errors import BadPolicyError
from contracts.policy import DEFAULT, STEPS, Policy
from ledger import policies
from ledger.store import Ledger
from runtime.settings import Settings

CALM = msgspec.structs.replace(DEFAULT, name="calm", detection=msgspec.structs.replace(DEFAULT.detection, move_bp=700))
# Looks every 50 ms, then waits far longer than the test does.
WATCH = """
import sys, threading
from pathlib import Path
from cli import policies
from runtime.settings import Settings
policies.LOOK_SECONDS = 0.05
settings = Settings(data=Path(sys.argv[1]))
policies.end_when_another_is_in_force(settings, policies.in_force(settings).version)
print("watching", flush=True)
threading.Event().wait(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, ledger="", policy="default")


def put_into_force(settings: Settings, policy: Policy) -> None:
    ledger = Ledger.open(settings.ledger_url)
    with ledger.writing() as connection:
        policies.add(connection, policy, "ann", "", 1)
        policies.activate(connection, policy.version, "mei", tried=True, now_ms=2)
    ledger.close()


def test_what_people_put_into_force_counts_unless_the_settings_name_another(settings: Settings) -> None:
    assert in_force(settings) == DEFAULT
    assert not (settings.data / "ledger.sqlite").exists()  # asking makes no ledger
    put_into_force(settings, CALM)
    assert in_force(settings) == CALM
    assert in_force(settings.model_copy(update={"policy": "steps"})) == STEPS


def test_a_ledger_of_before_has_no_version_in_force(settings: Settings) -> None:
    import sqlite3

    sqlite3.connect(settings.data / "ledger.sqlite").close()
    (settings.data / "ledger.sqlite").touch()
    assert in_force(settings) == DEFAULT


def test_a_policy_is_found_by_name_file_or_version(settings: Settings, tmp_path: Path) -> None:
    put_into_force(settings, CALM)
    (tmp_path / "mine.toml").write_text("[detection]\nmove_bp = 300\n")
    assert named("steps", settings) == STEPS
    assert named(str(tmp_path / "mine.toml"), settings).detection.move_bp == 300
    assert named(CALM.version, settings) == CALM
    assert named(DEFAULT.version, settings) == DEFAULT
    for unknown in ("calm@000000000000", "nowhere.toml"):
        with pytest.raises(BadPolicyError):
            named(unknown, settings)


def test_a_process_ends_itself_when_another_version_is_in_force(settings: Settings) -> None:
    command = [sys.executable, "-c", WATCH, str(settings.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        assert process.poll() is None
        put_into_force(settings, CALM)
        assert process.wait(30) == -signal.SIGTERM
