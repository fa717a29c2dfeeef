"""Whatever people type or name: one line that says what was wrong, and exit status 2; never a traceback."""

from __future__ import annotations

import logging
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import main

Tried = Callable[[str], tuple[int, str]]


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tried:
    """Exit status and what the command said, run in a folder with files that are wrong in every way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # a worker sets its own
    (tmp_path / "folder.csv").mkdir()
    for name in ("empty.csv", "empty.parquet"):
        (tmp_path / name).touch()
    for name in ("bytes.csv", "bytes.parquet", "bytes.xlsx"):
        (tmp_path / name).write_bytes(b"\x00\x01\x02\xff")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "prices.csv").write_text("observed_at,competitor,product_id,price\n2026-01-01,shop,p1,1.00\n")
    (tmp_path / "sales.csv").write_text("series,week,units\nmilk,2026-01-05,3\n")

    def run(line: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["priceradar", *shlex.split(line)])
        with pytest.raises(SystemExit) as stop:
            main.main()
        said = capsys.readouterr()
        return int(str(stop.value.code)), said.out + said.err

    return run


KINDS = ("catalog", "stock", "matches", "sales", "observations")
FILES = ("empty.csv", "other.csv", "bytes.csv", "empty.parquet", "bytes.parquet", "bytes.xlsx", "missing.csv", ".")


@pytest.mark.parametrize(
    "command",
    [
        *(f"import {kind} {file} --dry-run" for kind in KINDS for file in FILES),
        *(f"backtest {file} --policy default --out result" for file in FILES if file != "."),
        *(f"forecast {file} --out forecast.csv" for file in FILES),
        *(f"crawl --watchlist {file} --dry-run" for file in FILES),
        *(f"match {file} --dry-run" for file in FILES),
        *(f"extract --list {file}" for file in FILES),
        *(f"extract {file}" for file in FILES),
        "up --watchlist missing.csv",
        "up --watchlist other.csv",
    ],
)
def test_a_file_that_is_no_good_is_named_in_one_line(tried: Tried, command: str) -> None:
    status, said = tried(command)

    assert (status, said.count("\n")) == (2, 1), said
    assert said.startswith("priceradar: ")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("backtest prices.csv --policy default --out other.csv/result", "other.csv"),
        ("import observations prices.csv --out other.csv", "other.csv"),
        ("forecast sales.csv --out other.csv/forecast.csv", "other.csv"),
        ("forecast sales.csv --out folder.csv", "folder.csv"),
        ("brief --no-pdf --out other.csv/briefs", "other.csv"),
        ("demo --data other.csv --seconds 1", "other.csv"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_in_one_line(tried: Tried, command: str, place: str) -> None:
    status, said = tried(command)

    assert status == 2, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("priceradar: ")
    assert place in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("settings", "command", "told"),
    [
        ({"LEDGER": "nonsense"}, "doctor", "the ledger's URL is not usable"),
        ({"LEDGER": "nonsense"}, "users list", "the ledger's URL is not usable"),
        ({"LEDGER": "mysql://host/db"}, "explain some-id", "was mysql"),
        ({"LEDGER": "sqlite:///bytes.csv"}, "explain some-id", "file is not a database"),
        ({"DATA": "other.csv"}, "up", "other.csv cannot be used"),
        ({"DATA": "other.csv/data"}, "users list", "other.csv/data cannot be used"),
        ({"KAFKA": "nonsense"}, "dead list", "setting kafka: must be host:port"),
        ({"KAFKA": "127.0.0.1:1"}, "shadow --policy steps", "Kafka at 127.0.0.1:1 does not answer"),
        ({"KAFKA": "127.0.0.1:1"}, "worker streams", "Kafka at 127.0.0.1:1 does not answer"),
        ({"CHANNELS": "x"}, "doctor", "tables are JSON"),
        ({"LOG_LEVEL": "loud"}, "doctor", "setting log_level"),
        ({"CONFIG": "missing.toml"}, "doctor", "missing.toml does not exist"),
        ({"POLICY": "missing.toml"}, "doctor", "neither a file nor one of"),
        ({}, "console --demo-login --host nosuch.invalid", "the console cannot listen on nosuch.invalid"),
        ({}, "console --demo-login --host 0.0.0.0", "for loopback only"),
        ({}, "brief --recordings missing", "--recordings missing is not a folder"),
        ({}, "users add ann", "--password-file"),
        ({}, "users add ann --password-file empty.csv", "a password must have"),
    ],
)
def test_a_wrong_setting_or_option_is_told_without_a_traceback(
    tried: Tried, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], command: str, told: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"PRICERADAR_{name}", value)

    status, said = tried(command)

    assert status in (1, 2)
    assert told in said
    assert command == "doctor" or said.count("\n") == 1


def test_a_port_that_is_taken_is_told_in_one_line(tried: Tried) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        status, said = tried(f"console --port {port}")

    assert (status, said.count("\n")) == (2, 1)
    assert f"127.0.0.1:{port}: Address already in use; choose another" in said
