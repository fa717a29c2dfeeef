"""`priceradar up` on a machine where nothing is set up yet: who starts it can sign in, import, and end it."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.e2e.started import PRICERADAR, left_behind, printed, started, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

SETTINGS = """
data = "there"
currency = "EUR"
console_port = 0
"""


def test_from_nothing_to_an_administrator_and_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "catalog.csv").write_text("sku;price;cost\nA;19,90;12\n", "utf-8")

    with started(tmp_path, "up", "--config", "ours.toml") as process:
        wait_for(tmp_path, "PriceRadar runs", process, 90)
        found = re.search(r"Open (http://\S+)/login with the code (\w+)", printed(tmp_path))
        assert found, printed(tmp_path)
        address, code = found.groups()
        with httpx.Client(base_url=address, follow_redirects=True) as browser:
            token = re.search(r'name="token" value="([^"]+)"', browser.get("/login").text)
            assert token
            form = {"name": "mei", "password": "correct horse", "code": code, "token": token.group(1)}
            assert browser.post("/setup", data=form).status_code == 200
            assert browser.get("/alerts").status_code == 200
        catalog = [str(PRICERADAR), "import", "catalog", "catalog.csv", "--config", "ours.toml"]
        done = subprocess.run(catalog, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout) == (0, "imported 1 rows of catalog, 0 left out\n"), done.stderr

        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert process.returncode == 0, printed(tmp_path)
    assert "Traceback" not in printed(tmp_path)
    assert left_behind(tmp_path) == []
