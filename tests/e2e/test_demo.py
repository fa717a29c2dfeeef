"""The whole system, as a user starts it: `priceradar demo`, from the shops' pages to alerts and proposals."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.started import left_behind, printed, started, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


def test_alerts_and_proposals_come_through_kafka_within_a_minute(tmp_path: Path) -> None:
    with started(tmp_path, "demo", "--data", str(tmp_path / "data"), "--seconds", "60") as process:
        process.wait(200)

    out = printed(tmp_path)
    assert process.returncode == 0, out
    assert re.search(r"^alert +\S", out, re.MULTILINE), out
    assert re.search(r"^markdown +\S+ .* -> .* \(-[0-3]\.\d%\)", out, re.MULTILINE), out
    assert re.search(r"Console: http://127\.0\.0\.1:\d+", out), out
    summary = re.search(r"In 6\d s: (\d+) batches .*, (\d+) market events, (\d+) alerts, (\d+) proposals", out)
    assert summary, out
    assert all(int(number) > 0 for number in summary.groups())
    assert "Traceback" not in out
    assert left_behind(tmp_path) == []


def test_ctrl_c_ends_every_process_within_seconds(tmp_path: Path) -> None:
    with started(tmp_path, "demo", "--data", str(tmp_path / "data")) as process:
        wait_for(tmp_path, r"Ready after", process, 90)
        assert len(left_behind(tmp_path)) >= 7  # demo, Kafka, four workers, console, crawl
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert process.returncode == 0, printed(tmp_path)
    assert left_behind(tmp_path) == []


def test_kill_9_leaves_nothing_behind(tmp_path: Path) -> None:
    with started(tmp_path, "demo", "--data", str(tmp_path / "data")) as process:
        wait_for(tmp_path, r"Ready after", process, 90)
        process.kill()
        process.wait()

    deadline = time.monotonic() + 20
    while left_behind(tmp_path):
        assert time.monotonic() < deadline, left_behind(tmp_path)
        time.sleep(0.1)
