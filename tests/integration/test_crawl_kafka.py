"""The crawl against the demo's shops and a real Kafka: every page, right partition, right order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.codec import decode_observations
from contracts.observations import Observation
from contracts.partition import series_partition
from contracts.topics import OBSERVATIONS
from demo.market import Market
from demo.samples import watchlist, write_watchlist
from tests.integration.kept import records

pytestmark = pytest.mark.kafka


def priceradar(*arguments: str, kafka: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRICERADAR_KAFKA": kafka}
    command = [str(Path(sys.executable).with_name("priceradar")), *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def observations(kafka: str) -> list[tuple[int, Observation]]:
    return [(m.partition, row) for m in records(kafka, OBSERVATIONS.name) for row in decode_observations(m.value)]


def test_one_round_gives_one_observation_a_page_on_the_partition_of_its_series(kafka: str, tmp_path: Path) -> None:
    with Market(speed=0.0) as market:
        path = write_watchlist(tmp_path / "watchlist.csv", market.addresses)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"corner,{market.addresses['corner']}/p/9999,OWN-X,9999,,\nbad row,not a url,X,,,\n")
        result = priceradar("crawl", "--watchlist", str(path), "--once", "--allow-private", kafka=kafka, cwd=tmp_path)
        expected = {(row.competitor, row.product_id, row.sku) for row in watchlist(market.addresses)}
    assert result.returncode == 0, result.stderr
    assert "60 ok" in result.stdout
    assert "line 63" in result.stderr
    rows = observations(kafka)
    assert {(row.competitor, row.product_id, row.sku) for _, row in rows} == expected
    assert all(partition == series_partition(row.competitor, row.product_id) for partition, row in rows)
    assert all(row.price_minor and row.currency == "CNY" and row.availability == "InStock" for _, row in rows)
    dead = records(kafka, OBSERVATIONS.dead)
    assert [dict(m.headers)["error.type"] for m in dead] == [b"bad_page"]
    assert b"9999" in dead[0].value


def test_loopback_is_refused_unless_allowed(kafka: str, tmp_path: Path) -> None:
    with Market() as market:
        path = write_watchlist(tmp_path / "watchlist.csv", market.addresses)
        result = priceradar("crawl", "--watchlist", str(path), "--once", kafka=kafka, cwd=tmp_path)
    assert result.returncode == 1
    assert "60 refused" in result.stdout


def test_without_kafka_the_error_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "watchlist.csv"
    path.write_text("competitor,url,sku\na,http://example.com/p,S\n", encoding="utf-8")
    result = priceradar("crawl", "--watchlist", str(path), "--once", kafka="127.0.0.1:1", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "does not answer" in result.stderr
