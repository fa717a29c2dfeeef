"""What it brings to tell the daily forecast of holidays, on a year of a grocery shop: `make bench ARGS=holidays`.

The 40 largest categories of Complete Journey, forecast every week from 84 days, as the live agent
does. Prices are left out: a category has many. And how often the sum of four weeks lies inside its
80 % interval, of these and of the 150 best sold products.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import parquet

from contracts.errors import UnavailableError
from contracts.markets import Holiday
from pricing.daily import DailyForecast, Days, daily
from pricing.demand import AHEAD_DAYS, DAILY_DAYS

HORIZONS = (28, 7)
LARGEST, PRODUCTS = 40, 150
MOST_IN_A_BASKET = 100  # more is fuel
FEASTS = {
    "New Year": "01-01",
    "Easter": "2017-04-16",
    "Memorial Day": "2017-05-29",
    "Independence Day": "07-04",
    "Labor Day": "2017-09-04",
    "Thanksgiving": "2017-11-23",
    "Christmas": "12-25",
}


def run() -> dict[str, Any]:
    """WMAPE of the sum of the days ahead, of single days, and of single holidays, with and without being told."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        raise UnavailableError("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    sets = Path(folder) / "complete_journey"
    first, units = _units(sets)
    feasts = [Holiday(name, day) for name, day in FEASTS.items()]
    days = [date.fromordinal(first + number) for number in range(units.shape[1])]
    free = np.array([any(one.holds(day) for one in feasts) for day in days])
    told = {"told": free, "not_told": np.zeros(len(free), dtype=bool)}
    by_horizon = {
        name: {f"{horizon}_days": _rolling(first, units, flags, free, horizon) for horizon in HORIZONS}
        for name, flags in told.items()
    }
    return {**by_horizon, "inside_80": {"categories": _inside(first, units), "products": _inside(*_products(sets))}}


def _inside(first: int, units: np.ndarray) -> dict[str, float]:
    """The share of sums of four weeks inside the interval, and of how many: where the daily model gives one."""
    no_feasts = np.zeros(units.shape[1], dtype=bool)
    asked = _asked(first, units, no_feasts, AHEAD_DAYS)
    hits = [made.total[1] <= actual.sum() <= made.total[2] for _origin, made, actual in asked]
    return {"share": round(float(np.mean(hits)), 3), "sums": len(hits)}


def _asked(
    first: int, units: np.ndarray, told: np.ndarray, horizon: int
) -> Iterator[tuple[int, DailyForecast, np.ndarray]]:
    """Each week's day, what is forecast of each row then, and what it sold; without those the model says nothing of."""
    for origin in range(DAILY_DAYS, units.shape[1] - horizon, 7):
        start, end = origin - DAILY_DAYS, origin + horizon
        for row in units:
            made = daily(Days(first + start, row[start:origin], np.ones(end - start), holiday=told[start:end]), -2.0)
            if made is not None:
                yield origin, made, row[origin:end]


def _rolling(first: int, units: np.ndarray, told: np.ndarray, free: np.ndarray, horizon: int) -> dict[str, float]:
    off, sold = np.zeros(3), np.zeros(3)
    for origin, made, actual in _asked(first, units, told, horizon):
        feast, apart = free[origin : origin + horizon], np.abs(made.units - actual)
        off += abs(made.total[0] - actual.sum()), apart.sum(), apart[feast].sum()
        sold += actual.sum(), actual.sum(), actual[feast].sum()
    return dict(zip(("sums", "days", "holidays"), np.round(off / sold, 4).tolist(), strict=True))


def _units(folder: Path) -> tuple[int, np.ndarray]:
    """The first day, and units by category and day."""
    products = parquet.read_table(folder / "products.parquet", columns=["product_id", "product_category"])
    category = dict(zip(*(products[name].to_pylist() for name in products.column_names), strict=True))
    first, known, units = _sold(folder)
    names, of_category = np.unique([category.get(one) or "" for one in known.tolist()], return_inverse=True)
    together = np.zeros((len(names), units.shape[1]))
    np.add.at(together, of_category, units)
    return first, _largest(together[names != ""], LARGEST)


def _products(folder: Path) -> tuple[int, np.ndarray]:
    """The first day, and units of the best sold products by day."""
    first, _known, units = _sold(folder)
    return first, _largest(units, PRODUCTS)


def _sold(folder: Path) -> tuple[int, np.ndarray, np.ndarray]:
    """The first day, ids of products, and units by product and day."""
    sales = parquet.read_table(
        folder / "transactions.parquet", columns=["product_id", "quantity", "transaction_timestamp"]
    )
    known, product = np.unique(sales["product_id"].to_numpy(), return_inverse=True)
    quantity = sales["quantity"].to_numpy()
    day = sales["transaction_timestamp"].to_numpy().astype("datetime64[D]").astype(int)
    usable = (quantity > 0) & (quantity <= MOST_IN_A_BASKET)
    units = np.zeros((len(known), int(day.max() - day.min()) + 1))
    np.add.at(units, (product[usable], day[usable] - day.min()), quantity[usable])
    return date(1970, 1, 1).toordinal() + int(day.min()), known, units


def _largest(units: np.ndarray, count: int) -> np.ndarray:
    return units[np.argsort(-units.sum(axis=1))[:count]]


if __name__ == "__main__":
    print(run())
