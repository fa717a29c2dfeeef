"""`priceradar forecast` from the command line: what it reads, writes, draws and refuses."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from cli.main import main
from pricing.outlook import Outlook
from pricing.panel import Forecast
from reports.forecast_plot import MOST, plot_of, write_plot

FIRST = date(2026, 6, 1)  # a Monday


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["priceradar", "forecast", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """Two products by the day, as a German Excel writes them; the last ten days are plans."""
    chance = np.random.default_rng(2)
    lines = ["SKU;Datum;Date;Units;Price;Promotion"]
    for sku, mean in (("tea", 40), ("milk", 90)):
        for day in range(100):
            units = chance.poisson(mean * (1.5 if day % 7 > 4 else 1.0)) if day < 90 else ""
            lines.append(f"{sku};x;{FIRST + timedelta(day)};{units};9,90;no")
    path = tmp_path / "days.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path


def test_days_are_forecast_by_the_week(
    tmp_path: Path, days: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, days, "--weeks", 3, "--out", tmp_path / "weeks.csv") == 0

    table = csv.read_csv(tmp_path / "weeks.csv")
    assert table.column_names == ["series", "week", "units", "lower", "upper"]
    assert table["week"].to_pylist()[:3] == [date(2026, 8, 24), date(2026, 8, 31), date(2026, 9, 7)]
    assert table["units"].to_pylist()[:3] == pytest.approx([320] * 3, rel=0.1)
    assert capsys.readouterr().out.endswith("weeks.csv: 2 series, 3 weeks from 2026-08-24, level\n")


def test_days_are_forecast_by_the_day_where_that_is_asked(
    tmp_path: Path, days: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "days.parquet"
    assert run(monkeypatch, days, "--by", "day", "--weeks", 2, "--out", out) == 0

    table = parquet.read_table(out)
    assert table.column_names == ["series", "day", "units", "lower", "upper"]
    assert table["day"].to_pylist()[0] == date(2026, 8, 30)  # a Sunday
    units = table["units"].to_numpy()
    assert units[:3] == pytest.approx([60, 40, 40], rel=0.12)
    assert "2 series, 14 days from 2026-08-30, daily" in capsys.readouterr().out


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("HTML", b"<!doctype html>")])
def test_a_plot_is_drawn_beside_the_table(
    tmp_path: Path, days: Path, monkeypatch: pytest.MonkeyPatch, ending: str, begins: bytes
) -> None:
    plot = tmp_path / "new" / f"plot.{ending}"
    assert run(monkeypatch, days, "--out", tmp_path / "out.csv", "--plot", plot) == 0

    assert plot.read_bytes().startswith(begins)


def test_a_plot_shows_what_sells_most_and_hostile_names_stay_text(tmp_path: Path) -> None:
    count, horizon = MOST + 3, 2
    units = np.arange(1.0, count + 1)[:, None] * np.ones((count, 5))
    units[:, 2] = np.nan
    ahead = units[:, :horizon]
    starts = tuple(FIRST + timedelta(7 * week) for week in range(5 + horizon))
    names = tuple(f"$x_{n}$<script>" for n in range(count))
    figure = plot_of(Outlook("week", names, starts, units, Forecast(ahead, ahead * 0.8, ahead * 1.2)), "<b>.csv")

    titles = [axes.get_title(loc="left").strip() for axes in figure.axes if axes.get_visible()]
    assert titles == [names[n] for n in range(count - 1, count - 1 - MOST, -1)]
    sold, made = figure.axes[0].lines
    assert (len(sold.get_xdata()), len(made.get_xdata())) == (5, horizon)
    write_plot(figure, tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert f"&lt;b&gt;.csv: {MOST} of {count} series" in page


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--plot", "plot.pdf"], "a plot ends in .png, .svg, .html, was 'plot.pdf'"),
        (["--by", "day", "--model", "boosted"], "are for weeks; leave them out with --by day"),
        (["--model", "boosted"], "the boosted model needs"),
        (["--as-of", "yesterday"], "--as-of: a day must look like 2026-11-23, was 'yesterday'"),
        (["--calendar", "none.csv"], "calendar none.csv does not exist"),
        (["--encoding", "klingon"], "unknown encoding: klingon"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path,
    days: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    monkeypatch.setattr("pricing.choice.library", lambda: None)  # it may not load on a machine without OpenMP
    assert run(monkeypatch, days, "--out", tmp_path / "out.csv", *words) == 2

    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_weeks_cannot_be_forecast_by_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pa.table({"series": ["a", "a"], "week": [FIRST, FIRST + timedelta(7)], "units": [1, 2]})
    parquet.write_table(table, tmp_path / "weeks.parquet")

    assert run(monkeypatch, tmp_path / "weeks.parquet", "--by", "day", "--out", tmp_path / "out.csv") == 2
    assert "needs a column date with daily sales" in capsys.readouterr().err


def test_without_the_extra_boosted_says_what_to_install(
    tmp_path: Path, days: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    assert run(monkeypatch, days, "--model", "boosted", "--out", tmp_path / "out.csv") == 2
    assert "run pip install 'priceradar[boosted]'" in capsys.readouterr().err
    assert run(monkeypatch, days, "--model", "auto", "--out", tmp_path / "out.csv") == 0
