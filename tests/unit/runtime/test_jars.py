"""Our own Kafka runs exactly the jars that the lock names, or not at all."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from contracts.errors import TamperedError, UnavailableError
from runtime import jars


def test_the_lock_names_kafka_and_a_checksum_for_every_jar() -> None:
    locked = jars.locked_jars()

    assert "kafka_2.13-4.3.0.jar" in locked
    assert len(locked) > 30
    assert all(re.fullmatch(r"[0-9a-f]{64}", checksum) for checksum in locked.values())


@pytest.mark.parametrize("path", [jars.SPEC, jars.LOCK], ids=lambda path: path.name)
def test_no_registry_is_named(path: Path) -> None:
    assert "http" not in path.read_text("utf-8").lower()


def test_a_jar_with_the_right_bytes_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"jar")

    assert jars.checked(tmp_path, "a.jar", hashlib.sha256(b"jar").hexdigest()) == tmp_path / "a.jar"


@pytest.mark.parametrize("where", ["jars", "envs/org/apache/kafka/0123/modules"])
def test_jars_are_found_wherever_jgo_puts_them(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(jars, "locked_jars", lambda: {"a.jar": hashlib.sha256(b"jar").hexdigest()})

    def sync(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        linked = Path(command[command.index("--cache-dir") + 1]) / where
        linked.mkdir(parents=True)
        (linked / "a.jar").write_bytes(b"jar")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(jars.subprocess, "run", sync)

    assert jars.kafka_classpath() == str(jars.kafka_folder() / "a.jar")
    assert [path.name for path in jars.cache_folder().iterdir()] == [jars.kafka_folder().name]


def test_a_changed_jar_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"something else")

    with pytest.raises(TamperedError, match=r"a\.jar must have sha256 .* delete .* and try again"):
        jars.checked(tmp_path, "a.jar", hashlib.sha256(b"jar").hexdigest())


def test_a_missing_jar_says_how_to_go_on_without_registries(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="PRICERADAR_KAFKA=host:port"):
        jars.checked(tmp_path, "a.jar", "0" * 64)


def test_without_registries_the_error_is_one_line_and_nothing_half_fetched_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said: list[str] = []

    with pytest.raises(UnavailableError, match="cannot be fetched") as caught:
        jars.kafka_classpath(said.append)

    assert "\n" not in str(caught.value)
    assert len(said) == 1
    assert not list((tmp_path / "priceradar").glob("kafka-*"))
