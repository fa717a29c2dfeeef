"""Rows become weeks and days: what is summed, what is left open, what is a plan."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadInputError
from contracts.forecasts import Step
from contracts.sales_rows import SalesRows
from pricing.day_rows import days_of, forecasts
from pricing.outlook import by_day
from pricing.panel import Matrix
from pricing.rows import weeks_of

MONDAY = date(2026, 3, 2)
Cells = list[tuple[int, int, float]]


def rows_of(cells: Cells, step: Step = "day", **numbers: list[float]) -> SalesRows:
    """Rows of (series, steps after MONDAY, units)."""
    series, when, units = (np.array(column) for column in zip(*cells, strict=True))
    names = tuple("abcdef"[: int(series.max()) + 1])
    start = MONDAY.toordinal() + when * (1 if step == "day" else 7)
    found = {name: np.array(values, dtype=float) for name, values in numbers.items()}
    return SalesRows("sales.csv", step, names, series.astype(np.intp), start, units.astype(float), found)


def test_days_are_summed_to_weeks_that_begin_on_monday() -> None:
    rows = rows_of([(0, day, day + 1.0) for day in range(-2, 17)] + [(0, 3, 10.0)])
    panel = weeks_of(rows)

    assert panel.first == date(2026, 2, 23)  # the days before Monday are no whole week, nor are the last three
    assert np.array_equal(panel.units, [[np.nan, 38.0, 77.0]], equal_nan=True)


def test_a_till_that_writes_no_zeros_sold_nothing_on_days_without_a_row() -> None:
    steady = [(0, day, 1.0) for day in range(14)]
    assert weeks_of(rows_of([*steady, (1, 0, 5.0)])).units.tolist() == [[7, 7], [5, 0]]

    late = weeks_of(rows_of([*steady, (1, 9, 5.0)])).units  # nothing is known of the time before a first sale
    assert np.array_equal(late, [[7, 7], [np.nan, 7.0]], equal_nan=True)
    zeros = weeks_of(rows_of([*steady, (1, 0, 5.0), (1, 1, 0.0)])).units
    assert np.array_equal(zeros, [[7, 7], [np.nan, np.nan]], equal_nan=True)


def test_days_out_of_stock_count_for_nothing() -> None:
    cells = [(0, day, 0.0 if day in (5, 6) or 8 <= day < 12 else 10.0) for day in range(14)]
    out = [float(units == 0) for _, _, units in cells]

    assert weeks_of(rows_of(cells)).units.tolist() == [[50, 30]]
    panel = weeks_of(rows_of(cells, out_of_stock=out))
    assert np.array_equal(panel.units, [[70, np.nan]], equal_nan=True)  # of three open days a week is not known
    assert panel.known == {}


def test_weeks_out_of_stock_for_a_part_are_made_whole_or_left_open() -> None:
    rows = rows_of([(0, 0, 30.0), (0, 1, 4.0), (0, 2, 8.0)], "week", out_of_stock=[0.25, 1.0, np.nan])

    assert np.array_equal(weeks_of(rows).units, [[40, np.nan, 8]], equal_nan=True)


def test_plans_are_means_of_the_days_and_reach_ahead() -> None:
    cells = [(0, day, 2.0 if day < 14 else np.nan) for day in range(21)]
    promotion = [float(day % 7 == 0) for day in range(21)]
    panel = weeks_of(rows_of(cells, promotion=promotion), events={"fair": [date(2026, 3, 17)]})

    assert panel.units.tolist() == [[14, 14]]
    assert panel.known["promotion"] == pytest.approx(np.full((1, 3), 1 / 7))
    assert panel.known["fair"].tolist() == [[0, 0, 1]]


def test_as_of_a_day_hides_what_had_not_ended() -> None:
    cells = [(0, day, 1.0) for day in range(28)]

    assert weeks_of(rows_of(cells), date(2026, 3, 16)).weeks == 2
    assert weeks_of(rows_of(cells), date(2026, 3, 22)).weeks == 2
    assert days_of(rows_of(cells), date(2026, 3, 16)).units.shape == (1, 14)
    assert weeks_of(rows_of([(0, week, 1.0) for week in range(4)], "week"), date(2026, 3, 22)).weeks == 2


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (rows_of([(0, 0, np.nan)]), "no day with units"),
        (rows_of([(0, day, 1.0) for day in range(5)]), "no whole week with units"),
    ],
)
def test_rows_that_make_no_week_are_refused(rows: SalesRows, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        weeks_of(rows)


def test_weeks_are_no_days() -> None:
    with pytest.raises(BadInputError, match="needs a column date with daily sales"):
        days_of(rows_of([(0, 0, 1.0), (0, 1, 1.0)], "week"))
    with pytest.raises(BadInputError, match="no day with units before 2026-03-02"):
        days_of(rows_of([(0, 0, 1.0)]), MONDAY)


def daily_sales(count: int = 140, ahead: int = 14) -> tuple[Cells, list[float], list[float], Matrix]:
    chance = np.random.default_rng(4)
    price = np.where(chance.random(count + ahead) < 0.2, 8.0, 10.0)
    truth: Matrix = 50 * (price / 10) ** -3 * (1 + 0.5 * (np.arange(count + ahead) % 7 > 4))
    out = np.zeros(count + ahead)
    out[60:70] = 1.0
    sold = np.where(out > 0, 0.0, truth * chance.lognormal(0, 0.1, len(truth)))
    cells = [(0, day, float(sold[day]) if day < count else np.nan) for day in range(count + ahead)]
    return cells, price.tolist(), out.tolist(), truth[count:]


def test_days_ahead_follow_weekday_and_planned_price() -> None:
    cells, price, out, truth = daily_sales()
    found = by_day(days_of(rows_of(cells, price=price, out_of_stock=out)), 14)

    assert found.to_come[0] == date.fromordinal(MONDAY.toordinal() + 140)
    assert np.abs(found.ahead.units[0] - truth).sum() < 0.1 * truth.sum()
    assert ((found.ahead.lower[0] <= truth) & (truth <= found.ahead.upper[0])).mean() > 0.7


def test_holidays_of_the_calendar_are_known_by_the_day() -> None:
    days = list(range(0, 160, 20))
    cells = [(0, day, 90.0 if day in days else 30.0) for day in range(140)]
    sales = days_of(rows_of(cells), None, {"fair": [date.fromordinal(MONDAY.toordinal() + n) for n in days]})

    units = by_day(sales, 14).ahead.units[0]
    assert units[0] > 1.5 * units[1:].max()


def test_slow_and_new_series_get_their_recent_mean() -> None:
    cells = [(0, day, float(day % 4 == 0)) for day in range(60)] + [(1, 57, 6.0), (1, 58, 9.0), (1, 59, 0.0)]
    slow, new = forecasts(days_of(rows_of(cells)), 7, -2.0)

    assert slow[0] == pytest.approx(np.full(7, 0.25))
    assert slow[1].tolist() == [0.0] * 7
    assert new[0] == pytest.approx(np.full(7, 5.0))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.none() | st.floats(0, 1e6)), min_size=1, max_size=40),
    st.booleans(),
)
def test_any_rows_give_finite_days_in_order(cells: list[tuple[int, int, float | None]], out: bool) -> None:
    given_cells = [(0, 0, 1.0), *((row, day, np.nan if units is None else units) for row, day, units in cells)]
    extra = {"out_of_stock": [float(out and day % 3 == 0) for _, day, _ in given_cells]}
    made = by_day(days_of(rows_of(given_cells, **extra)), 9).ahead

    assert np.isfinite(made.units).all()
    assert (made.lower <= made.units).all()
    assert (made.units <= made.upper).all()
    assert (made.lower >= 0).all()
