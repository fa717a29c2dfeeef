"""Settings: file under environment, wrong ones refused in one line; which Kafka a command uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import BadInputError, BadPolicyError, UnavailableError
from contracts.policy import DEFAULT
from runtime.policies import load_policy
from runtime.run_files import KAFKA, alone, announce, running, with_kafka
from runtime.settings import CONFIG_VARIABLE, Settings, load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CONFIG_VARIABLE, "")
    for name in ("KAFKA", "DATA", "LEDGER", "POLICY"):
        monkeypatch.delenv(f"PRICERADAR_{name}", raising=False)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('kafka = "a:1"\ncurrency = "EUR"\n')
    monkeypatch.setenv("PRICERADAR_KAFKA", "b:2")

    settings = load_settings(config)

    assert (settings.kafka, settings.currency) == ("b:2", "EUR")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kafak = "a:1"', "kafak"),
        ("console_port = 70000", "70000"),
        ("kafka = ", "mine.toml"),
        (None, "does not exist"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    config = tmp_path / "mine.toml"
    if text is not None:
        config.write_text(text)

    with pytest.raises(BadInputError, match=said) as caught:
        load_settings(config)
    assert "\n" not in str(caught.value)


def test_the_ledger_is_sqlite_in_the_data_folder_unless_set(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).ledger_url == f"sqlite:///{tmp_path}/ledger.sqlite"
    assert Settings(ledger="postgresql://h/d").ledger_url == "postgresql://h/d"


def test_a_command_finds_the_kafka_that_runs_on_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with pytest.raises(BadInputError, match="PRICERADAR_KAFKA"):
        with_kafka(settings)

    announce(tmp_path, KAFKA, "127.0.0.1:9")

    assert with_kafka(settings).kafka == "127.0.0.1:9"
    assert with_kafka(Settings(data=tmp_path, kafka="other:1")).kafka == "other:1"


def test_a_process_that_died_without_a_word_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kafka.json").write_text('{"name": "kafka", "address": "h:1", "pid": 999999999}')
    (tmp_path / "run" / "torn.json").write_text("{")

    assert running(tmp_path) == []


def test_two_installations_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(UnavailableError, match="already"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_policy_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    path = tmp_path / "winter.toml"
    path.write_text("[pricing]\ncap_bp = 200\n")

    assert load_policy("default") is DEFAULT
    assert load_policy(str(path)).pricing.cap_bp == 200
    with pytest.raises(BadPolicyError, match="neither a file nor one of default"):
        load_policy("summer")
    path.write_bytes(b"\xff")
    with pytest.raises(BadPolicyError, match="UTF-8"):
        load_policy(str(path))
