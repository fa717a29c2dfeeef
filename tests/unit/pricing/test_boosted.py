"""Gradient boosting as an extra: taken where held-out weeks say so, never missed where it is not installed."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import BadInputError
from pricing.boosted import ENOUGH, Boosted, library
from pricing.choice import HELD, method_for, missed, remembered, with_boosted
from pricing.forecast import forecast
from pricing.panel import Matrix, Panel, wmape
from pricing.seasonal import seasonal

WEEKS = ENOUGH + 3 * HELD


@pytest.fixture(scope="module", autouse=True)
def _lightgbm() -> None:
    try:
        library()
    except BadInputError as error:
        pytest.skip(str(error))


def panel_of(season: float, noise: float, series: int = 80, weeks: int = WEEKS + HELD) -> Panel:
    """Sales around a level of their own, with a season that comes again and noise that does not."""
    chance = np.random.default_rng(5)
    size = chance.lognormal(4, 1, (series, 1))
    wave = 1 + season * np.sin(2 * np.pi * (np.arange(weeks) + chance.integers(0, 52, (series, 1))) / 52)
    units: Matrix = size * wave * chance.lognormal(0, noise, (series, weeks))
    return Panel(tuple(f"s{n}" for n in range(series)), date(2023, 1, 2), units)


@pytest.fixture(scope="module")
def noisy() -> Panel:
    return panel_of(season=0.0, noise=0.5)


def without_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)


def test_it_learns_what_the_seasonal_forecast_is_always_off_by(noisy: Panel) -> None:
    past, actual = noisy.until(WEEKS), noisy.units[:, WEEKS:]

    auto = forecast(past, HELD, "auto")
    assert auto.method == "seasonal and boosted"
    assert wmape(auto.units, actual) < 0.95 * wmape(forecast(past, HELD).units, actual)
    inside = ((auto.lower <= actual) & (actual <= auto.upper)).mean()
    assert 0.7 < inside < 0.9


def test_where_held_out_weeks_speak_against_it_the_baseline_stands() -> None:
    chance, week = np.random.default_rng(5), np.arange(WEEKS)
    season = chance.lognormal(0, 0.3, (20, 52))[:, week % 52]
    campaign = 1 + 0.4 * ((week >= ENOUGH - 12) & (week < ENOUGH))  # learned as if it went on
    units = season * campaign * chance.lognormal(0, 0.03, (20, WEEKS))
    past = Panel(tuple(f"s{n}" for n in range(20)), date(2023, 1, 2), units)

    base, both = remembered(seasonal), with_boosted(seasonal, past, HELD)
    assert missed(both, past, ENOUGH) > missed(base, past, ENOUGH)
    auto, baseline = forecast(past, HELD, "auto"), forecast(past, HELD)
    assert auto.method == baseline.method == "seasonal"
    assert np.array_equal(auto.units, baseline.units)
    assert np.array_equal(auto.upper, baseline.upper)


def test_the_weeks_to_come_have_no_say(noisy: Panel) -> None:
    other = Panel(noisy.series, noisy.first, noisy.units.copy())
    other.units[:, WEEKS:] = 0.0

    assert np.array_equal(
        forecast(noisy.until(WEEKS), 4, "boosted").units, forecast(other.until(WEEKS), 4, "boosted").units
    )
    known, unknown = Boosted(noisy, HELD), Boosted(other, HELD)  # nor those after a past that is asked of
    assert np.array_equal(known(noisy.until(WEEKS), 4), unknown(other.until(WEEKS), 4))


def test_a_plan_that_last_year_had_not_is_seen(noisy: Panel) -> None:
    chance = np.random.default_rng(6)
    price = np.where(chance.random(noisy.units.shape) < 0.2, 8.0, 10.0)
    size = chance.lognormal(4, 1, (len(noisy.series), 1))
    units = size * (price / 10) ** -3 * chance.lognormal(0, 0.1, price.shape)
    panel = Panel(noisy.series, noisy.first, units[:, :WEEKS], {"price": price})

    blind, seeing = Panel(panel.series, panel.first, panel.units), Boosted(panel, HELD)
    assert wmape(seeing(panel, HELD), units[:, WEEKS:]) < 0.75 * wmape(seasonal(blind, HELD), units[:, WEEKS:])


def test_without_the_extra_auto_is_the_baseline_and_boosted_says_what_to_install(
    noisy: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_lightgbm(monkeypatch)
    past = noisy.until(WEEKS)

    assert np.array_equal(forecast(past, 4, "auto").units, forecast(past, 4).units)
    with pytest.raises(BadInputError, match=r"not installed; run pip install 'priceradar\[boosted\]'"):
        forecast(past, 4, "boosted")


def test_too_short_a_past_is_refused_by_name_and_left_to_the_baseline_otherwise(noisy: Panel) -> None:
    short = noisy.until(ENOUGH - 1)

    assert method_for(short, 4, "auto")[1] == "seasonal"
    with pytest.raises(BadInputError, match=f"needs {ENOUGH} weeks of history, was {ENOUGH - 1}"):
        forecast(short, 4, "boosted")


def test_how_sure_it_is_is_said_of_a_past_too_short_to_try_it_on(noisy: Panel) -> None:
    past, actual = noisy.until(ENOUGH), noisy.units[:, ENOUGH : ENOUGH + HELD]
    made = forecast(past, HELD, "boosted")

    assert 0.7 < ((made.lower <= actual) & (actual <= made.upper)).mean() < 0.95


def test_gaps_and_series_that_never_sold_are_borne(noisy: Panel) -> None:
    units = noisy.units[:10, : ENOUGH + HELD].copy()
    units[0], units[1], units[2, ::3] = 0.0, np.nan, np.nan
    made = forecast(Panel(noisy.series[:10], noisy.first, units), 52, "boosted")

    assert np.isfinite(made.units).all()
    assert (made.units >= 0).all()


def test_the_core_does_not_load_it() -> None:
    program = "import sys, pricing.forecast, pricing.boosted; sys.exit('lightgbm' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
