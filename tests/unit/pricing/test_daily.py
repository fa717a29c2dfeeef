"""Daily demand on sales whose truth is known: weekdays, prices, promotions, outages, and what the agent is told."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.facts import UnitsSold
from contracts.markets import Holiday
from contracts.times import DAY_MS, from_iso
from pricing.daily import Days, daily, outages
from pricing.demand import SalesHistory
from tests.unit.pricing.samples import NOW, sales

FIRST = date(2026, 1, 5).toordinal()  # a Monday
AHEAD = 28
WEEK = np.array([0.7, 0.8, 0.9, 1.0, 1.2, 1.6, 0.8])


def shop(days: int = 140, seed: int = 3, noise: float = 0.1) -> tuple[Days, np.ndarray]:
    """A hundred units a day, more on Saturdays, elasticity -2.5, promotions worth a half; and the truth ahead."""
    chance = np.random.default_rng(seed)
    length = days + AHEAD
    price = np.where(chance.random(length) < 0.3, 8.0, 10.0)
    promoted = chance.random(length) < 0.1
    truth = 100 * WEEK[np.arange(length) % 7] * (price / 10) ** -2.5 * np.exp(0.4 * promoted)
    units = (truth * chance.lognormal(0, noise, length))[:days]
    return Days(FIRST, units, price, promoted), truth[days:]


def test_weekday_price_and_promotion_are_told_apart() -> None:
    days, truth = shop()
    made = daily(days, -2.0)

    assert made is not None
    assert np.abs(made.units - truth).sum() / truth.sum() < 0.06
    assert made.elasticity == pytest.approx(-2.5, abs=0.25)
    assert made.total[0] == pytest.approx(truth.sum(), rel=0.05)
    assert made.total[1] < truth.sum() < made.total[2]


def test_intervals_hold_about_four_days_of_five() -> None:
    shares = []
    for seed in range(8):
        days, truth = shop(seed=seed, noise=0.3)
        made = daily(days, -2.0)
        actual = truth * np.random.default_rng(seed + 100).lognormal(0, 0.3, AHEAD)
        assert made is not None
        shares.append(((made.lower <= actual) & (actual <= made.upper)).mean())

    assert 0.65 < np.mean(shares) < 0.92


def test_an_outage_is_no_loss_of_demand() -> None:
    days, truth = shop()
    units = days.units.copy()
    units[-12:] = 0.0
    made = daily(Days(FIRST, units, days.price, days.promoted), -2.0)

    assert made is not None
    assert made.total[0] == pytest.approx(truth.sum(), rel=0.06)
    known = np.zeros(len(units), dtype=bool)
    known[-2:] = True
    half = days.units.copy()
    half[-2:] *= 0.3  # ran out during the day
    assert daily(Days(FIRST, half, days.price, days.promoted, out=known), -2.0).total[0] == pytest.approx(  # type: ignore[union-attr]
        truth.sum(), rel=0.06
    )


def test_chance_explains_empty_days_of_a_slow_seller() -> None:
    slow = np.array([1.0, 0, 0, 0, 2, 0, 0, 0, 0, 1])
    quick = np.array([50.0, 60, 0, 0, 0, 0, 55, 0, 40, 61])
    none = np.zeros(10, dtype=bool)

    assert not outages(slow, none).any()
    assert np.flatnonzero(outages(quick, none)).tolist() == [2, 3, 4, 5]
    assert not outages(np.r_[np.full(30, 50.0), np.zeros(40)], np.zeros(70, dtype=bool)).any()


def test_a_product_that_did_not_sell_at_first_has_a_finite_interval() -> None:
    units = np.r_[np.zeros(60), np.full(80, 20.0)]
    made = daily(Days(FIRST, units, np.full(168, 9.0)), -2.0)

    assert made is not None
    assert np.isfinite([*made.total, *made.lower, *made.upper]).all()
    assert made.total[0] == pytest.approx(20 * 28, rel=0.15)  # the empty days count, the older the less


def test_few_days_or_slow_sales_are_refused() -> None:
    assert daily(Days(FIRST, np.full(10, 50.0), np.full(20, 9.0)), -2.0) is None
    assert daily(Days(FIRST, np.full(60, 1.0), np.full(70, 9.0)), -2.0) is None
    assert daily(Days(FIRST, np.full(60, 9.0), np.full(60, 9.0)), -2.0) is None


@given(st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=60), st.floats(0.01, 1e6), st.integers(1, 30))
def test_any_days_give_a_finite_forecast_in_order(some: list[float | None], price: float, horizon: int) -> None:
    units = np.array([np.nan if value is None else value for value in some * 3])
    prices = np.full(len(units) + horizon, price)
    prices[::3] = np.nan

    made = daily(Days(FIRST, units, prices), -2.0)
    if made is not None:
        assert np.isfinite(made.units).all()
        assert (made.lower <= made.units).all()
        assert (made.units <= made.upper).all()
        assert made.total[1] <= made.total[0] <= made.total[2]


def history(reports: list[UnitsSold]) -> SalesHistory:
    made = SalesHistory()
    for report in reports:
        made.add(report)
    return made


def test_the_agent_hears_what_demand_is_at_todays_price() -> None:
    cut = [
        UnitsSold(s.sku, s.interval_start, s.interval_end, 40.0, 7_000, "CNY") if number < 3 else s
        for number, s in enumerate(sales(days=80))
    ]
    made = history(cut).forecast(NOW)

    assert made is not None
    assert 25 < made.mean < 45  # three days of 40 at a lower price: not the mean of 80 days, not 20
    assert made.lower < made.mean < made.upper


def test_an_empty_shelf_does_not_make_cover_look_long() -> None:
    reports = [
        UnitsSold(s.sku, s.interval_start, s.interval_end, 0.0, 10_000, "CNY") if number < 6 else s
        for number, s in enumerate(sales(days=60))
    ]

    made = history(reports).forecast(NOW)
    assert made is not None
    assert made.mean == pytest.approx(20.0, rel=0.02)


@pytest.mark.parametrize("days", [60, 15])  # by the daily model, and by the weighted mean
def test_days_known_to_be_out_of_stock_say_nothing_of_demand(days: int) -> None:
    def sold(s: UnitsSold, number: int, known: bool) -> UnitsSold:
        """Sold out at midday, every third day: too short to be told from chance."""
        half = {"units": 8.0, "out_of_stock": known} if number % 3 == 0 else {}
        return msgspec.structs.replace(s, **half)

    told, untold = (
        history([sold(s, number, known) for number, s in enumerate(sales(days=days))]).forecast(NOW)
        for known in (True, False)
    )
    assert told is not None
    assert untold is not None
    assert told.mean == pytest.approx(20.0, rel=0.02)
    assert untold.mean < 17


def test_who_was_never_in_stock_has_an_unknown_demand() -> None:
    weekly = [UnitsSold("A", NOW - n * 7 * DAY_MS, NOW - (n - 1) * 7 * DAY_MS, 7.0, out_of_stock=True) for n in (1, 2)]
    daily_reports = [msgspec.structs.replace(s, out_of_stock=True) for s in sales(days=40)]

    assert history(weekly).forecast(NOW) is None
    assert history(daily_reports).forecast(NOW) is None
    assert history([*weekly, UnitsSold("A", NOW - 21 * DAY_MS, NOW - 14 * DAY_MS, 70.0)]).forecast(NOW).mean == 10  # type: ignore[union-attr]


TODAY = date(2026, 6, 22)


def fair(weeks: int) -> Holiday:
    """Four days of a fair, from a Thursday on, so many weeks from today."""
    first = TODAY + timedelta(days=3 + 7 * weeks)
    return Holiday("fair", first.isoformat(), (first + timedelta(days=3)).isoformat())


def sold_at_fairs(fairs: list[Holiday]) -> list[UnitsSold]:
    """Ten a day and thirty at a fair, for 80 Chinese days."""
    days = [TODAY - timedelta(days=number) for number in range(1, 81)]
    starts = [from_iso(f"{day}T00:00:00+08:00") for day in days]
    units = [30.0 if any(one.holds(day) for one in fairs) else 10.0 for day in days]
    return [
        UnitsSold("A", start, start + DAY_MS, sold, 1_000, "CNY") for start, sold in zip(starts, units, strict=True)
    ]


def test_holidays_are_kept_apart_from_usual_days_and_counted_where_they_come() -> None:
    past, ahead = [fair(-9), fair(-6), fair(-2)], fair(1)
    reports, now = sold_at_fairs(past), from_iso(f"{TODAY}T00:00:00+08:00")

    def mean(*told: Holiday) -> float:
        made = history(reports).forecast(now, told)
        assert made is not None
        return made.mean

    assert mean(*past) == pytest.approx(10.0, rel=0.05)
    assert mean(*past, ahead) == pytest.approx((24 * 10 + 4 * 30) / 28, rel=0.05)
    assert mean() > 11  # the fair of two weeks ago is taken for usual


def test_other_holidays_are_another_question() -> None:
    made, past = history(sold_at_fairs([fair(-2)])), (fair(-2),)
    now = from_iso(f"{TODAY}T00:00:00+08:00")

    assert made.forecast(now) != made.forecast(now, past)
    assert made.forecast(now) == history(sold_at_fairs([fair(-2)])).forecast(now)
    assert made.elasticity(now, -2.0, holidays=past).refused == "steady_price"


def test_order_of_arrival_and_asking_twice_change_nothing() -> None:
    reports = sales(days=60)
    one, other = history(reports), history(reports[::-1])

    first = one.forecast(NOW)
    assert first == one.forecast(NOW) == other.forecast(NOW)
    earlier = one.forecast(NOW - 10 * DAY_MS)
    assert earlier == history([s for s in reports if s.interval_end <= NOW - 10 * DAY_MS]).forecast(NOW - 10 * DAY_MS)


def test_weekly_reports_and_a_long_silence() -> None:
    weekly = [UnitsSold("A", NOW - (n + 1) * 7 * DAY_MS, NOW - n * 7 * DAY_MS, 70.0) for n in range(6)]
    made = history(weekly).forecast(NOW)

    assert made is not None
    assert made.mean == pytest.approx(10.0)
    assert history(weekly).forecast(NOW + 57 * DAY_MS) is None
