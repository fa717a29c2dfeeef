"""What the full rules find on market_recording: counts, a plot by day, and alerts drawn for people to look at.

`python -m benchmarks detection` prints the counts as JSON and writes the plot and the drawn alerts,
each with what the shop showed around it, to the folder that PRICERADAR_DETECTION_OUT names.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import tempfile
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from matplotlib.dates import DateFormatter

from backtest.recording import Recording
from backtest.runner import backtest
from contracts.policy import DEFAULT
from contracts.times import DAY_MS

DRAWN = 50
AROUND_DAYS = 12
PANELS = (
    ("Price moves", "PriceMoved"),
    ("Promotions found", "PromotionStarted"),
    ("Prices held back", "ObservationQuarantined"),
    ("Mass moves", "MassMove"),
)
SEVERITIES = (("red", "#c0392b"), ("yellow", "#e1b12c"), ("green", "#7f8c8d"))


def run() -> dict[str, object]:
    """Backtest, count, plot, draw."""
    data = Path(os.environ["PRICERADAR_EVALUATION_DATA"]) / "market_recording" / "observations.parquet"
    to = Path(os.environ.get("PRICERADAR_DETECTION_OUT") or Path(tempfile.gettempdir()) / "priceradar-detection")
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="priceradar-detection-") as folder:
        backtest(Recording(data), DEFAULT, Path(folder) / "out")
        events = _days(pl.read_parquet(Path(folder) / "out" / "events.parquet"))
        alerts = _days(pl.read_parquet(Path(folder) / "out" / "alerts.parquet")).filter(pl.col("status") == "opened")
    plot(events, alerts, to / "detection.png")
    loud = alerts.filter(pl.col("severity") != "green")
    (to / "drawn_of_all.txt").write_text(draw(alerts, pl.scan_parquet(data), seed=2026), "utf-8")
    (to / "drawn_of_loud.txt").write_text(draw(loud, pl.scan_parquet(data), seed=7), "utf-8")
    return {"written_to": str(to), **counts(events, alerts)}


def _days(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(day=pl.col("observed_at").cast(pl.Int64) // DAY_MS)


def counts(events: pl.DataFrame, alerts: pl.DataFrame) -> dict[str, object]:
    """Events by kind, moves by basis, alerts by kind and severity, and alerts a day."""
    days = int(alerts["day"].max() - alerts["day"].min() + 1)  # type: ignore[operator]
    loud = alerts.filter(pl.col("severity") != "green")
    return {
        "days": days,
        "events": _count(events, "kind"),
        "moves": _count(events.filter(pl.col("kind") == "PriceMoved"), "basis"),
        "alerts": _count(alerts, "kind"),
        "alerts_by_severity": _count(alerts, "severity"),
        "alerts_a_day": round(len(alerts) / days, 1),
        "yellow_or_red_a_day": round(len(loud) / days, 1),
    }


def _count(table: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(sorted(table.group_by(column).len().iter_rows()))


def plot(events: pl.DataFrame, alerts: pl.DataFrame, path: Path) -> None:
    """A panel for each kind of event, and one for the alerts by severity; a bar a day."""
    mpl.use("Agg")
    first, last = int(events["day"].min()), int(events["day"].max())  # type: ignore[arg-type]
    days = np.arange(first, last + 1)
    dates = [dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) for day in days]
    figure, axes = plt.subplots(len(PANELS) + 1, 1, figsize=(9, 10), sharex=True, layout="constrained")
    for axis, (title, kind) in zip(axes, PANELS, strict=False):
        axis.bar(dates, _by_day(events.filter(pl.col("kind") == kind), days), color="#2c6fbb", width=1.0)
        axis.set_title(title, loc="left", fontsize=10)
    below = np.zeros(len(days))
    for severity, colour in SEVERITIES:
        values = _by_day(alerts.filter(pl.col("severity") == severity), days)
        axes[-1].bar(dates, values, bottom=below, color=colour, width=1.0, label=severity)
        below += values
    axes[-1].set_title("Alerts opened", loc="left", fontsize=10)
    axes[-1].legend(frameon=False, ncols=3, fontsize=8)
    axes[-1].xaxis.set_major_formatter(DateFormatter("%d %b"))  # type: ignore[no-untyped-call]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _by_day(table: pl.DataFrame, days: np.ndarray) -> np.ndarray:
    return np.bincount((table["day"] - int(days[0])).to_numpy(), minlength=len(days))


def draw(alerts: pl.DataFrame, observations: pl.LazyFrame, seed: int) -> str:
    """Alerts drawn at random, each with the prices and availability the shop showed around it."""
    ordered = alerts.sort("alert_id")
    rows = sorted(random.Random(seed).sample(range(len(ordered)), DRAWN))
    drawn = ordered[rows]
    wanted = drawn.select("competitor", "product_id").unique().lazy()
    near = observations.join(wanted, on=["competitor", "product_id"], how="semi").collect()
    return "\n".join(_told(number, alert, near) for number, alert in enumerate(drawn.iter_rows(named=True), 1))


def _told(number: int, alert: dict[str, object], near: pl.DataFrame) -> str:
    at, span = pl.lit(alert["observed_at"]), dt.timedelta(days=AROUND_DAYS)
    same = (pl.col("competitor") == alert["competitor"]) & (pl.col("product_id") == alert["product_id"])
    around = near.filter(same & ((pl.col("observed_at") - at).abs() <= span)).sort("observed_at")
    shown = [
        f"{row['observed_at']:%m-%d} {row['price_cents']}{'' if row['available'] else ' out'}"
        for row in around.iter_rows(named=True)
    ]
    head = f"{number}. {alert['kind']} {alert['severity']} {alert['competitor']} {alert['product_id']}"
    return f"{head} {alert['observed_at']:%m-%d} {alert['headline']}\n   {', '.join(shown)}\n"
