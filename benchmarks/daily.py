"""How good the daily forecast is on the one public set with stock, price and sales: `python -m benchmarks.daily`.

The last 224 days, as blocks of 56, 28 and 7. At each origin nothing later is known but prices.
Sales of days without stock count as they are: an outage ahead is an error of the forecast.
"""

from __future__ import annotations

import csv
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import UnavailableError
from contracts.facts import UnitsSold
from contracts.times import DAY_MS
from pricing.daily import DailyForecast, Days, daily, outages
from pricing.demand import AHEAD_DAYS, SalesHistory

LAST_DAYS = 224
KEPT_DAYS = 84  # of which the live agent knows the sales
LIVE = ("outages_told", "outages_not_told")
ELASTICITY = -2.0  # what the shipped policy assumes


def run() -> dict[str, Any]:
    """WMAPE by day and of weekly sums, by origin, and the share of days and sums inside the 80 % interval."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        raise UnavailableError("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    first, units, price, out = _read(Path(folder) / "small" / "brazil_stock_price_sales.csv")
    found = {f"blocks_of_{horizon}_days": _rolling(first, units, price, out, horizon) for horizon in (56, 28, 7)}
    return {**found, "live_agent": {told: _live(units, price, out, told == "outages_told") for told in LIVE}}


def _rolling(first: int, units: np.ndarray, price: np.ndarray, out: np.ndarray, horizon: int) -> dict[str, Any]:
    rows, origins = [], range(len(units) - LAST_DAYS, len(units), horizon)
    sellable = ~outages(units, out)
    for origin in origins:
        made = daily(Days(first, units[:origin], price[: origin + horizon], out=out[:origin]), ELASTICITY)
        if made is None:
            raise UnavailableError(f"no forecast on day {origin}")
        block = slice(origin, origin + horizon)
        mean = np.full(horizon, np.nanmean(units[origin - 28 : origin]))
        rows.append(_scores(made, mean, units[block], sellable[block]))
    total = {name: np.sum([row[name] for row in rows], axis=0) for name in rows[0]}
    wmape = {name: round(float(total[name][0] / total[name][1]), 4) for name in total}
    by_origin = {
        datetime.fromordinal(first + origin).date().isoformat(): round(float(row["weekly"][0] / row["weekly"][1]), 4)
        for origin, row in zip(origins, rows, strict=True)
    }
    return {**wmape, "weekly_by_origin": by_origin}


def _live(units: np.ndarray, price: np.ndarray, out: np.ndarray, told: bool) -> dict[str, float]:
    """What the agent's forecast of four weeks is off by, of what they sold a day on days that could sell.

    Asked every week, from the first day that it knows as much as it ever does.
    """
    seen = np.flatnonzero(~np.isnan(units)).tolist()
    reports = [_report(day, units[day], price[day], bool(told and out[day])) for day in seen]
    sellable = ~outages(units, out) & ~np.isnan(units)
    off, sold, inside, origins = 0.0, 0.0, 0, range(KEPT_DAYS, len(units) - AHEAD_DAYS, 7)
    for origin in origins:
        history = SalesHistory()
        for report in (one for one in reports if one.interval_end <= origin * DAY_MS):
            history.add(report)
        made = history.forecast(origin * DAY_MS)
        if made is None:
            raise UnavailableError(f"no forecast on day {origin}")
        block = slice(origin, origin + AHEAD_DAYS)
        actual = float(units[block][sellable[block]].mean())
        off, sold = off + abs(made.mean - actual), sold + actual
        inside += made.lower <= actual <= made.upper
    return {"wmape": round(off / sold, 4), "inside_80": round(inside / len(origins), 3), "origins": len(origins)}


def _report(day: int, units: float, price: float, out: bool) -> UnitsSold:
    start = day * DAY_MS
    known = None if np.isnan(price) else round(price * 100)
    return UnitsSold("A", start, start + DAY_MS, float(units), known, "BRL", out_of_stock=out)


def _scores(
    made: DailyForecast, mean: np.ndarray, actual: np.ndarray, sellable: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Error and units, or hits and tries, by measure."""
    seen = ~np.isnan(actual)
    can = seen & sellable
    sold, guess, plain = (
        np.where(seen, values, 0.0).reshape(-1, 7).sum(axis=1) for values in (actual, made.units, mean)
    )
    share = made.units[can].sum() / made.units.sum()
    inside = (made.lower <= actual) & (actual <= made.upper)
    return {
        "daily": (np.abs(made.units - actual)[seen].sum(), actual[seen].sum()),
        "weekly": (np.abs(guess - sold).sum(), sold.sum()),
        "weekly_mean_of_28_days": (np.abs(plain - sold).sum(), sold.sum()),
        "daily_where_it_could_sell": (np.abs(made.units - actual)[can].sum(), actual[can].sum()),
        "days_inside_80": (inside[seen].sum(), seen.sum()),
        "days_inside_80_where_it_could_sell": (inside[can].sum(), can.sum()),
        "sums_inside_80_where_it_could_sell": (
            float(made.total[1] * share <= actual[can].sum() <= made.total[2] * share),
            1.0,
        ),
    }


def _read(path: Path) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """First day, and by calendar day: units, price, and whether less than half a usual day was on hand."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(datetime.strptime(r["Date"], "%d-%m-%Y").date().toordinal(), r) for r in csv.DictReader(file)]  # noqa: DTZ007
    first, last = rows[0][0], rows[-1][0]
    units, stock, price = (np.full(last - first + 1, np.nan) for _ in range(3))
    for day, row in rows:
        units[day - first], stock[day - first] = float(row["Sales"]), float(row["Stock"])
        price[day - first] = float(row["Price"]) or np.nan
    known = np.maximum.accumulate(np.where(np.isnan(stock), 0, np.arange(len(stock))))
    stock = stock[known]
    before = np.r_[np.inf, stock[:-1]]
    out = stock <= 0
    for day in range(len(units)):
        past = units[max(0, day - 56) : day]
        usual = np.median(past[past > 0]) if (past > 0).any() else 0.0
        out[day] |= max(stock[day], before[day]) < usual / 2
    return first, units, price, out


if __name__ == "__main__":
    for name, figures in run().items():
        print(name, figures)
