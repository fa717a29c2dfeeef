"""Our own Kafka runs exactly the jars that the lock names, or not at all."""

from __future__ import annotations

import hashlib
import re
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


def test_a_jar_with_the_right_bytes_is_taken_from_either_folder(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "a.jar").write_bytes(b"jar")

    assert jars.checked(tmp_path, "a.jar", hashlib.sha256(b"jar").hexdigest()) == tmp_path / "modules" / "a.jar"


def test_a_changed_jar_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "a.jar").write_bytes(b"something else")

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
