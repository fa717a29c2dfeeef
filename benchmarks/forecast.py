"""How good the forecast is, 8 weeks ahead, on real sales: `python -m benchmarks.forecast`.

Everything goes the way of the `priceradar forecast` command, with --as-of at each origin.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from contracts.errors import UnavailableError
from contracts.forecasts import Model
from pricing.forecast import forecast
from pricing.panel import Forecast, Matrix, Panel, wmape
from pricing.rows import weeks_of
from runtime.columns import columns_of
from runtime.sales_tables import sales_of

HORIZON = 8
NEAR = 0.15
MEASURES = {
    "wmape": "wmape",
    "accuracy": "accuracy",
    "accuracy_of_sums": "of sums",
    "within_15_percent": "near",
    "units_within_15_percent": "units near",
    "inside_80_interval": "inside",
}
MODELS: tuple[Model, ...] = ("baseline", "auto")
FORCED: tuple[Model, ...] = (*MODELS, "boosted")
EPOCH = date(1989, 9, 14)  # of the orange juice weeks; only the order matters


def run() -> dict[str, object]:
    """By data set and model: WMAPE, accuracy and the share of weeks inside the 80 % interval, in all and by origin."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        raise UnavailableError("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    data = Path(folder)
    found = {
        "walmart": _rolling(walmart(data), (72, 80, 88, 96), FORCED, _last_year),
        "orange_juice": _rolling(orange_juice(data), (68, 76, 84, 92), MODELS, _recent_mean),
    }
    for name, figures in found.items():
        _print_table(name, figures)
    return dict(found)


def _print_table(name: str, figures: dict[str, Any]) -> None:
    """By model a line for each origin and one for all together."""
    print(f"{name}, {HORIZON} weeks ahead; simple rule {figures['simple_wmape']:.4f}")
    print(f"{'model':10}{'origin':12}" + "".join(f"{head:>11}" for head in MEASURES.values()) + "  method")
    for model in (one for one in FORCED if one in figures):
        for origin, row in [*figures[model]["by_origin"].items(), ("together", figures[model])]:
            cells = "".join(f"{row[measure]:11.4f}" for measure in MEASURES)
            print(f"{model:10}{origin:12}{cells}  {row.get('method', '')}")


def _rolling(
    table: pa.Table, origins: tuple[int, ...], models: tuple[Model, ...], simple: Callable[[Panel], Matrix]
) -> dict[str, Any]:
    rows = sales_of(columns_of(table, "evaluation data"))
    whole = weeks_of(rows)
    panels = [weeks_of(rows, whole.week(origin)) for origin in origins]
    actuals = [whole.units[:, origin : origin + HORIZON] for origin in origins]
    missed = wmape(np.hstack([simple(panel) for panel in panels]), np.hstack(actuals))
    found: dict[str, Any] = {model: _scores(panels, actuals, model) for model in models}
    return {**found, "simple_wmape": round(missed, 4)}


def _scores(panels: list[Panel], actuals: list[Matrix], model: Model) -> dict[str, object]:
    began = time.process_time()
    made = [forecast(panel, HORIZON, model) for panel in panels]
    seconds = time.process_time() - began
    by_origin = {
        str(panel.week(panel.weeks)): {"method": one.method, **_measured(one, actual)}
        for panel, one, actual in zip(panels, made, actuals, strict=True)
    }
    units, lower, upper = (np.hstack([getattr(one, name) for one in made]) for name in ("units", "lower", "upper"))
    together = Forecast(units, lower, upper)
    return {**_measured(together, np.hstack(actuals)), "cpu_seconds": round(seconds, 1), "by_origin": by_origin}


def _measured(made: Forecast, actual: Matrix) -> dict[str, float]:
    """Accuracy is 1 - WMAPE, of weeks and of what a series sells in all weeks of a block.

    And the share of series and weeks forecast within 15 %, and of the units sold in them.
    """
    seen = ~np.isnan(actual)
    near = seen & (np.abs(made.units - actual) <= NEAR * np.abs(actual))
    missed = wmape(made.units, actual)
    return {
        "wmape": round(missed, 4),
        "accuracy": round(1 - missed, 4),
        "accuracy_of_sums": round(1 - wmape(_sums(made.units, seen), _sums(actual, seen)), 4),
        "within_15_percent": round(float(near.sum() / seen.sum()), 3),
        "units_within_15_percent": round(float(np.abs(actual[near]).sum() / np.abs(actual[seen]).sum()), 3),
        "inside_80_interval": round(float(((made.lower <= actual) & (actual <= made.upper))[seen].mean()), 3),
    }


def _sums(units: Matrix, seen: npt.NDArray[np.bool_]) -> Matrix:
    """Units of each series in each block of HORIZON weeks, of those that were reported."""
    sums: Matrix = np.where(seen, units, 0.0).reshape(len(units), -1, HORIZON).sum(axis=2)
    return sums


def _last_year(panel: Panel) -> Matrix:
    return panel.units[:, panel.weeks - 52 : panel.weeks - 52 + HORIZON]


def _recent_mean(panel: Panel) -> Matrix:
    return np.repeat(np.nanmean(panel.units[:, -4:], axis=1, keepdims=True), HORIZON, axis=1)


def walmart(data: Path) -> pa.Table:
    """Sales by store-department and week, of those that have every week."""
    table = parquet.read_table(data / "walmart" / "weekly_sales.parquet")
    series = [
        f"{store}-{dept}" for store, dept in zip(table["Store"].to_pylist(), table["Dept"].to_pylist(), strict=True)
    ]
    table = pa.table({"series": series, "week": table["Date"], "units": table["Weekly_Sales"].cast(pa.float64())})
    counts = table.group_by("series").aggregate([("units", "count")])
    complete = counts.filter(pc.equal(counts["units_count"], pc.max(counts["units_count"])))["series"]
    return table.filter(pc.is_in(table["series"], complete))


def orange_juice(data: Path) -> pa.Table:
    """Units by store-brand and week, with its price, promotions and the prices of all eleven brands."""
    table = parquet.read_table(data / "dominicks_oj" / "orange_juice.parquet")
    prices = np.stack([table[f"price{n}"].to_numpy() for n in range(1, 12)], axis=1)
    brand = table["brand"].to_numpy()
    series = [f"{s}-{b}" for s, b in zip(table["store"].to_pylist(), brand, strict=True)]
    columns = {
        "series": series,
        "week": [EPOCH + timedelta(weeks=week) for week in table["week"].to_pylist()],
        "units": np.exp(table["logmove"].to_numpy()),
        "price": prices[np.arange(len(brand)), brand - 1],
        "promotion": table["deal"],
        "feature": table["feat"],
    }
    return pa.table(columns | {f"price{n + 1}": prices[:, n] for n in range(11)})


if __name__ == "__main__":
    for name, figures in run().items():
        print(name, figures)
