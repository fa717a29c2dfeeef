"""What it brings to tell the daily forecast of holidays, on a year of a grocery shop: `make bench ARGS=holidays`.

The 40 largest categories of Complete Journey, forecast every week from 84 days, as the live agent
does. Prices are left out: a category has many.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import parquet

from contracts.errors import UnavailableError
from contracts.markets import Holiday
from pricing.daily import Days, daily
from pricing.demand import DAILY_DAYS

HORIZONS = (28, 7)
LARGEST = 40
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
    first, units = _units(Path(folder) / "complete_journey")
    feasts = [Holiday(name, day) for name, day in FEASTS.items()]
    days = [date.fromordinal(first + number) for number in range(units.shape[1])]
    free = np.array([any(one.holds(day) for one in feasts) for day in days])
    told = {"told": free, "not_told": np.zeros(len(free), dtype=bool)}
    return {
        name: {f"{horizon}_days": _rolling(first, units, flags, free, horizon) for horizon in HORIZONS}
        for name, flags in told.items()
    }


def _rolling(first: int, units: np.ndarray, told: np.ndarray, free: np.ndarray, horizon: int) -> dict[str, float]:
    off, sold = np.zeros(3), np.zeros(3)
    for origin in range(DAILY_DAYS, units.shape[1] - horizon, 7):
        start, end = origin - DAILY_DAYS, origin + horizon
        feast = free[origin:end]
        for row in units:
            known = Days(first + start, row[start:origin], np.ones(end - start), holiday=told[start:end])
            made, actual = daily(known, -2.0), row[origin:end]
            if made is not None:
                apart = np.abs(made.units - actual)
                off += abs(made.total[0] - actual.sum()), apart.sum(), apart[feast].sum()
                sold += actual.sum(), actual.sum(), actual[feast].sum()
    return dict(zip(("sums", "days", "holidays"), np.round(off / sold, 4).tolist(), strict=True))


def _units(folder: Path) -> tuple[int, np.ndarray]:
    """The first day, and units by category and day."""
    sales = parquet.read_table(
        folder / "transactions.parquet", columns=["product_id", "quantity", "transaction_timestamp"]
    )
    products = parquet.read_table(folder / "products.parquet", columns=["product_id", "product_category"])
    category = dict(zip(*(products[name].to_pylist() for name in products.column_names), strict=True))
    product, quantity = sales["product_id"].to_numpy(), sales["quantity"].to_numpy()
    day = sales["transaction_timestamp"].to_numpy().astype("datetime64[D]").astype(int)
    known, of_product = np.unique(product, return_inverse=True)
    names, of_category = np.unique([category.get(one) or "" for one in known.tolist()], return_inverse=True)
    usable = (quantity > 0) & (quantity <= MOST_IN_A_BASKET) & (names != "")[of_category][of_product]
    units = np.zeros((len(names), int(day.max() - day.min()) + 1))
    np.add.at(units, (of_category[of_product][usable], day[usable] - day.min()), quantity[usable])
    largest = np.argsort(-units.sum(axis=1))[:LARGEST]
    return date(1970, 1, 1).toordinal() + int(day.min()), units[largest]


if __name__ == "__main__":
    print(run())
