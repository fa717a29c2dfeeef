"""A recording sent back into Kafka is the same messages, in the order they happened."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backtest.importing import ObservationImport
from backtest.recording import Recording
from backtest.runner import Run
from cli.main import app
from contracts.codec import encode
from contracts.policy import DEFAULT
from contracts.topics import OBSERVATIONS, PARTITIONS, TOPICS
from runtime.settings import Settings
from streams.partition import Partition
from tests.integration.kept import values
from tests.integration.test_recorder import ends

pytestmark = pytest.mark.kafka


def test_a_recording_comes_back_as_it_was(kafka: str, settings: Settings, tmp_path: Path) -> None:
    chance = random.Random(3)
    lines = [
        f"2025-03-{day:02}T{hour:02}:00:00,shop,p{product},{chance.choice([10, 10, 10.4, 8, 12])}"
        for day in range(1, 28)
        for hour in range(0, 24, 6)
        for product in range(40)
    ]
    (tmp_path / "in.csv").write_text("observed_at,competitor,product_id,price\n" + "\n".join(lines), "utf-8")
    ObservationImport(tmp_path / "in.csv", "EUR", {}, lambda error: pytest.fail(str(error))).write(tmp_path / "rec")
    environment = {"PRICERADAR_KAFKA": kafka, "PRICERADAR_DATA": str(settings.data)}

    result = CliRunner().invoke(app, ["replay", str(tmp_path / "rec")], env=environment)

    assert result.exit_code == 0, result.output
    assert "4,320 observations" in result.output
    assert sum(ends(kafka, OBSERVATIONS.name).values()) > 0
    replayed = []
    for number in range(PARTITIONS):
        partition = Partition(number, DEFAULT.detection)
        for offset, value in enumerate(values(kafka, OBSERVATIONS.name, number)):
            replayed += [encode(event) for event in partition.take(offset, value)[0]]
    before = {topic.name: ends(kafka, topic.name) for topic in TOPICS}
    beside = ["shadow", "--policy", "steps", "--past", "--seconds", "5"]
    tried = CliRunner().invoke(app, beside, env=environment)
    assert tried.exit_code == 0, tried.output
    told = json.loads(tried.stdout.splitlines()[-1])
    assert told["both"]["PriceMoved"] > 100
    lines = list(map(json.loads, tried.stdout.splitlines()[:-1]))
    settled = sum(line["only"] is None for line in lines)
    apart = sum(sum(told[side].values()) for side in ("only_live", "only_shadow"))
    assert len(lines) - 2 * settled == apart > 0
    assert {topic.name: ends(kafka, topic.name) for topic in TOPICS} == before  # it acts on nothing
    expected = [encode(event) for _number, event in Run(Recording(tmp_path / "rec"), DEFAULT).events()]
    assert len(expected) > 100
    assert sorted(replayed) == sorted(expected)


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "fast", "inf"])
def test_a_speed_that_is_none(speed: str) -> None:
    result = CliRunner().invoke(app, ["replay", "x", "--speed", speed])

    assert "--speed must be a number above zero" in str(result.exception)
