"""How good the forecast is, 8 weeks ahead, on real sales: `python -m benchmarks.forecast`.

Everything goes the way of the `priceradar forecast` command, with --as-of at each origin.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from cli.forecast import panel_of
from contracts.errors import UnavailableError
from pricing.forecast import forecast
from pricing.panel import Matrix, Panel, wmape

HORIZON = 8
EPOCH = date(1989, 9, 14)  # of the orange juice weeks; only the order matters


def run() -> dict[str, object]:
    """WMAPE and the share of weeks inside the 80 % interval, by data set and origin."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        raise UnavailableError("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    data = Path(folder)
    return {
        "walmart": _rolling(_walmart(data), (72, 80, 88, 96), baseline=_last_year),
        "orange_juice": _rolling(orange_juice(data), (68, 76, 84, 92), baseline=_recent_mean),
    }


def _rolling(table: pa.Table, origins: tuple[int, ...], baseline: object) -> dict[str, object]:
    whole = panel_of(table, None, {}, "evaluation data")
    forecasts: list[Matrix] = []
    simple: list[Matrix] = []
    actuals: list[Matrix] = []
    inside: list[float] = []
    for origin in origins:
        panel = panel_of(table, whole.week(origin), {}, "evaluation data")
        made = forecast(panel, HORIZON)
        actual = whole.units[:, origin : origin + HORIZON]
        seen = ~np.isnan(actual)
        forecasts.append(made.units)
        simple.append(baseline(panel))  # type: ignore[operator]
        actuals.append(actual)
        inside.append(float(((made.lower <= actual) & (actual <= made.upper))[seen].mean()))
    return {
        "wmape": round(wmape(np.hstack(forecasts), np.hstack(actuals)), 4),
        "baseline_wmape": round(wmape(np.hstack(simple), np.hstack(actuals)), 4),
        "by_origin": {
            str(whole.week(o)): round(wmape(f, a), 4) for o, f, a in zip(origins, forecasts, actuals, strict=True)
        },
        "inside_80_interval": [round(share, 3) for share in inside],
    }


def _last_year(panel: Panel) -> Matrix:
    return panel.units[:, panel.weeks - 52 : panel.weeks - 52 + HORIZON]


def _recent_mean(panel: Panel) -> Matrix:
    return np.repeat(np.nanmean(panel.units[:, -4:], axis=1, keepdims=True), HORIZON, axis=1)


def _walmart(data: Path) -> pa.Table:
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
