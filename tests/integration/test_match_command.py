"""`priceradar match` on a real Kafka: what it finds is on `catalog.matches.v1`, what people said of it stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.codec import decode
from contracts.facts import Match
from contracts.topics import MATCHES
from ledger import matching, pages
from ledger.store import Ledger
from runtime.settings import Settings
from tests.integration.test_match_verdicts import Start, start
from tests.integration.test_pricing_worker import NOW, read, wait_until

pytestmark = pytest.mark.kafka

__all__ = ["start"]  # a fixture
CATALOG = (
    "sku,price,currency,name,brand,gtin\nA,100.00,EUR,Chair oak,Acme,4006381333931\nB,50.00,EUR,Lamp round,Acme,\n"
)
THEIRS = "competitor,product_id,name,gtin\nshop,1,Stuhl,4006381333931\nshop,2,Zebra,\nshop,,Nothing,\n"


def command(kafka: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"PRICERADAR_DATA": str(folder), "PRICERADAR_KAFKA": kafka, "PYTHONPATH": str(Path.cwd())}
    call = [sys.executable, "-c", "from cli.main import main; main()", *arguments]
    return subprocess.run(call, capture_output=True, check=False, text=True, env=settings, cwd=folder, timeout=120)


def test_what_match_finds_reaches_kafka_and_a_verdict_stays(kafka: str, tmp_path: Path, start: Start) -> None:
    (tmp_path / "catalog.csv").write_text(CATALOG)
    (tmp_path / "theirs.csv").write_text(THEIRS)
    assert command(kafka, tmp_path, "import", "catalog", "catalog.csv").returncode == 0
    start(0)  # the worker notes the catalogue and tells Kafka of matches
    ledger = Ledger.open(Settings(data=tmp_path).ledger_url)
    wait_until(lambda: len(ledger.items()) == 2)
    for _ in range(2):  # finding the same again only renews it
        found = command(kafka, tmp_path, "match", "theirs.csv")
        assert found.returncode == 2, found.stderr
        assert "2 products: 1 matched, 0 to review, 1 without a match, 1 rows left out" in found.stdout
        assert "line 4" in found.stderr
    wait_until(lambda: ledger.owed_matches(10) == [])
    sent = {(match.competitor, match.product_id, match.sku, match.status) for match in published(kafka)}
    assert sent == {("shop", "1", "A", "auto")}

    with ledger.writing() as connection:
        matching.judge(connection, "shop", "1", "rejected", "ann", NOW)
    command(kafka, tmp_path, "match", "theirs.csv")
    wait_until(lambda: ledger.owed_matches(10) == [])
    assert [match.status for match in published(kafka)][-1] == "rejected"
    with ledger.reading() as connection:
        assert [row.status for row in pages.matches(connection, "rejected", 10)] == ["rejected"]
    ledger.close()


def published(kafka: str) -> list[Match]:
    return [decode(value, Match) for value in read(kafka, MATCHES.name)]
