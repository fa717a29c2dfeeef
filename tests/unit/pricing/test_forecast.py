"""Forecasts on sales whose truth is known, and the panel they are read into."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.forecast import walmart
from cli.forecast import forecast as command
from contracts.errors import BadInputError
from pricing.causal import causal
from pricing.choice import choose, level
from pricing.forecast import accuracy, forecast
from pricing.panel import Matrix, Panel, wmape
from pricing.rows import weeks_of
from pricing.seasonal import aligned, seasonal
from runtime.columns import columns_of
from runtime.sales_tables import read_sales, sales_of

FIRST = date(2024, 1, 1)


def year(weeks: int, series: int = 60, growth: float = 1.1, noise: float = 0.1, seed: int = 3) -> Matrix:
    """Sales with a season common to all, sizes of their own and 10 % growth a year."""
    chance = np.random.default_rng(seed)
    size = chance.lognormal(4, 1, (series, 1))
    week = np.arange(weeks)
    season = 1 + 0.5 * np.sin(2 * np.pi * week / 52) + 0.8 * (week % 52 == 47)
    result: Matrix = size * season * growth ** (week / 52) * chance.lognormal(0, noise, (series, weeks))
    return result


def named(units: Matrix, known: dict[str, Matrix] | None = None) -> Panel:
    return Panel(tuple(f"s{n}" for n in range(len(units))), FIRST, units, known or {})


def test_the_season_and_the_growth_are_carried_on() -> None:
    truth = named(year(112, growth=1.3))
    panel = truth.until(96)

    made = forecast(panel, 8)
    actual = truth.units[:, 96:104]
    assert choose(panel) is seasonal
    assert wmape(made.units, actual) < 0.12 < 0.2 < wmape(panel.units[:, 44:52], actual)
    inside = ((made.lower <= actual) & (actual <= made.upper)).mean()
    assert 0.7 < inside <= 0.95


def test_a_price_cut_that_is_planned_is_seen_coming() -> None:
    chance = np.random.default_rng(1)
    price = np.where(chance.random((30, 68)) < 0.25, 8.0, 10.0)
    units = 100 * (price / 10) ** -2.5 * chance.lognormal(0, 0.1, price.shape)
    panel = named(units[:, :60], {"price": price})

    assert choose(panel) is causal
    assert wmape(forecast(panel, 8).units, units[:, 60:]) < 0.11


def test_without_a_plan_the_usual_price_is_assumed() -> None:
    price = np.where(np.arange(60) % 5 == 0, 8.0, 10.0)[None, :].repeat(10, axis=0)
    units = 100 * (price / 10) ** -3

    made = forecast(named(units, {"price": price}), 4)
    assert np.allclose(made.units, 100, rtol=0.05)


def test_a_short_past_gives_the_recent_level() -> None:
    panel = named(np.full((2, 5), 7.0))

    assert choose(panel) is level
    assert np.allclose(forecast(panel, 3).units, 7.0)


def test_weeks_that_gain_christmas_eve_take_a_part_of_the_week_that_had_it() -> None:
    first = date(2010, 2, 6)
    units = np.ones((1, 98))
    units[0, 45] = 8.0  # 2010-12-18 to 24
    panel = Panel(("a",), first, units)

    row = aligned(units, panel, 8)[0]
    on = [panel.week(98 + n) for n in range(8)]
    assert on[0] == date(2011, 12, 24)
    assert row[0] == pytest.approx(6 / 7 + 8 / 7)


@given(
    st.integers(1, 70),
    st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=6),
    st.integers(1, 10),
)
def test_any_sales_give_a_finite_forecast_in_order(weeks: int, some: list[float | None], horizon: int) -> None:
    units = np.array([[np.nan if v is None else v for v in (some * weeks)[:weeks]] for _ in range(3)])
    units[0, 0] = 1.0

    made = forecast(named(units), horizon)
    assert np.isfinite(made.units).all()
    assert (made.lower <= made.units).all()
    assert (made.units <= made.upper).all()


def test_nothing_known_is_refused() -> None:
    with pytest.raises(BadInputError, match="at least one week"):
        forecast(named(np.full((1, 3), np.nan)), 2)
    with pytest.raises(BadInputError, match="horizon"):
        forecast(named(np.ones((1, 3))), 53)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_command_reads_csv_and_writes_weeks_ahead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"0{name},2024-0{1 + n // 4}-{1 + 7 * (n % 4):02d},{n + 1}\n" for name in (1, 2) for n in range(4))
    sales = write(tmp_path / "sales.csv", f"series,week,units\n{rows}")

    command(sales, tmp_path / "out.csv", weeks=2)
    lines = (tmp_path / "out.csv").read_text().replace('"', "").splitlines()
    assert lines[0] == "series,week,units,lower,upper"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["01", "2024-01-29"],
        ["01", "2024-02-05"],
        ["02", "2024-01-29"],
        ["02", "2024-02-05"],
    ]
    assert "2 series" in capsys.readouterr().out


def test_as_of_hides_units_and_keeps_plans(tmp_path: Path) -> None:
    rows = "".join(f"a,2024-01-{1 + 7 * n:02d},{10 + n},{5 + n}\n" for n in range(4))
    rows_read = read_sales(write(tmp_path / "s.csv", f"series,week,units,price\n{rows}"))

    panel = weeks_of(rows_read, date(2024, 1, 15))
    assert panel.units.tolist() == [[10, 11]]
    assert panel.known["price"].tolist() == [[5, 6, 7, 8]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("series,units\na,1\n", "lacks the column date or day or week; it has series, units"),
        ("series,week,units\na,soon,1\n", "row 2: a day must look like"),
        ("series,week,units\na,2024-01-01,1\na,2024-01-03,1\n", "row 3: weeks must begin on one weekday"),
        ("series,week,units\na,2024-01-01,many\n", "column units must hold numbers"),
        ("series,week,units\n", "no rows"),
        ("series,week,units\na,2024-01-01,\n", "no week with units"),
    ],
)
def test_bad_sales_are_refused_with_a_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        weeks_of(read_sales(write(tmp_path / "s.csv", text)))


@pytest.mark.parametrize("form", ["{}-{}", "{}_{}", "s{}b{}"])
def test_names_of_two_parts_are_groups(tmp_path: Path, form: str) -> None:
    rows = "".join(f"{form.format(s, b)},2024-01-01,1\n" for s in (1, 2, 3) for b in (1, 2))
    panel = weeks_of(read_sales(write(tmp_path / "s.csv", f"series,week,units\n{rows}")))

    assert set(panel.groups) == {"name part 1", "name part 2"}


def test_accuracy_is_reported_by_origin() -> None:
    assert set(accuracy(named(year(112)), (80, 96), 8)) == {80, 96}


@pytest.mark.evaluation
def test_real_sales_are_forecast_as_well_as_written_down(evaluation_data: Path) -> None:
    whole = weeks_of(sales_of(columns_of(walmart(evaluation_data), "Walmart")))
    origins = (72, 80, 88, 96)
    made = np.hstack([forecast(whole.until(origin), 8).units for origin in origins])

    assert wmape(made, whole.units[:, 72:104]) <= 0.085
