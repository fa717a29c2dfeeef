"""`priceradar brief` over a ledger and a recording: HTML, CSV and PDF."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.store import Ledger
from reports import pdf as printer
from reports.brief import brief_of
from reports.periods import week
from reports.sources import gather
from tests.integration.inbox import served
from tests.unit.reports.samples import fill


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    fill(ledger, tmp_path / "recordings")
    ledger.close()
    return tmp_path


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PRICERADAR_DATA": str(folder), "PATH": "/usr/bin:/bin", **more}
    command = [sys.executable, "-m", "cli", "brief", "--out", str(folder / "out"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)


def test_a_week_and_its_month_are_written(installation: Path) -> None:
    done = run(installation, "--week", "2026-W47", "--lang", "zh", "--no-pdf")

    assert done.returncode == 0, done.stderr
    page = (installation / "out" / "brief-2026-W47-zh.html").read_text(encoding="utf-8")
    assert "竞品动态简报 2026-W47" in page
    assert "扫地机器人" in page
    assert (installation / "out" / "moves-2026-W47.csv").read_text(encoding="utf-8-sig").count("\n") > 30
    assert run(installation, "--month", "2026-11", "--no-pdf").returncode == 0


def test_it_is_mailed_with_its_plots_and_files(installation: Path) -> None:
    with served() as (inbox, url):
        channels = json.dumps({"board": url, "chat": "slack+http://127.0.0.1:9/x"})
        arguments = ("--week", "2026-W47", "--lang", "zh", "--mail", "board")
        done = run(installation, *arguments, "--no-pdf", PRICERADAR_CHANNELS=channels)
        assert done.returncode == 0, done.stderr
        refused = run(installation, "--mail", "chat", PRICERADAR_CHANNELS=channels)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "'chat' is no smtp:// channel of the settings; those are: board" in refused.stderr
        (mail,) = inbox.mails

    assert mail["Subject"] == "竞品动态简报 2026-W47"
    html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None
    assert text is not None
    assert "3 家竞品共" in text.get_content()
    pictures = {part["Content-ID"][1:-1] for part in mail.walk() if part.get_content_type() == "image/png"}
    assert pictures == set(re.findall(r'src="cid:(\w+)"', html.get_content())) == {"days", "cuts", "index", "brought"}
    assert not re.search(r'<(script|svg)|href="(?!https://shop\.example/)', html.get_content())
    assert [part.get_filename() for part in mail.iter_attachments()] == ["moves-2026-W47.csv"]


def test_wrong_usage_is_one_line(installation: Path) -> None:
    for arguments in (["--week", "last"], ["--week", "2026-W47", "--month", "2026-11"]):
        done = run(installation, *arguments)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def test_a_pdf_is_printed_and_without_a_browser_drawn(installation: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{installation / 'ledger.sqlite'}")
    brief = brief_of(gather(week("2026-W47"), ledger, installation / "recordings"))
    ledger.close()

    printer.draw(brief, "zh", installation / "drawn.pdf")
    assert (installation / "drawn.pdf").read_bytes().startswith(b"%PDF")
    assert len(brief.cuts) > 20
    assert {shop.name for shop in brief.shops} == {"tianmao", "jd", "蓝鲸商城"}
    assert brief.watch.false_positives == 1
    assert [act.units_after is not None for act in brief.acts] == [True, True]

    chromium = printer.browser()
    if chromium is None:
        pytest.skip("there is no Chromium here")
    page = installation / "page.html"
    page.write_text("<!doctype html><title>x</title>x", encoding="utf-8")
    printer.print_page(page, installation / "printed.pdf", chromium)
    assert (installation / "printed.pdf").read_bytes().startswith(b"%PDF")
