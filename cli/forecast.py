"""`priceradar forecast SALES --out FILE`: units ahead for every series, by the week or by the day, with intervals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Encoding
from cli.progress import bar
from contracts.errors import BadInputError
from contracts.forecasts import Model, Step

DAYS = 7  # of a week


def forecast(
    sales: Annotated[Path, typer.Argument(metavar="SALES", help="CSV, Excel or Parquet: what was sold, and plans.")],
    out: Annotated[
        Path, typer.Option("--out", help="Where to write series, week, units, lower, upper (CSV, Parquet).")
    ],
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=52, help="How many weeks ahead.")] = 8,
    by: Annotated[Step, typer.Option("--by", help="day: a row for each day ahead; SALES must be daily.")] = "week",
    as_of: Annotated[str, typer.Option("--as-of", help="As if that day had just begun: later units are hidden.")] = "",
    calendar: Annotated[Path | None, typer.Option("--calendar", help="Holidays and such: date, event.")] = None,
    model: Annotated[
        Model,
        typer.Option(
            "--model",
            help="baseline: numpy alone. boosted: its mean with gradient boosting (needs LightGBM)."
            " auto: boosted where it is installed and was nearer for the last weeks.",
        ),
    ] = "auto",
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw history, forecast and interval: .png, .svg or .html.")
    ] = None,
    elasticities: Annotated[
        Path | None, typer.Option("--elasticities", help="Write price elasticities by product, with intervals, too.")
    ] = None,
    encoding: Encoding = "",
) -> None:
    """Forecast units of every series, with an 80 % interval.

    SALES has a row for each series and week: series (or sku), week (its first
    day), units. Or for each day, with date in place of week: days are summed to
    weeks from Monday to Sunday, unless --by day asks for days. Delimiters and
    decimal commas are recognised.

    Further columns help. price, promotion and any other number or yes/no that is
    known ahead: give rows for weeks to come, their units empty. out_of_stock:
    units of that time count for nothing. Words that stay the same for a series,
    such as category or shop, say which are alike. By the day only price,
    promotion, out_of_stock and the calendar are looked at.

    Examples:

    priceradar forecast sales.csv --out forecast.csv

    priceradar forecast tills.xlsx --by day --weeks 2 --out days.csv

    priceradar forecast old.parquet --as-of 2026-09-01 --out f.csv --plot f.html
    """
    # Small matrices: threads of BLAS that wait for one another cost more than they save.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from pricing import outlook
    from pricing.day_rows import days_of
    from pricing.rows import weeks_of
    from reports.forecast_tables import elasticity_table, forecast_table, write
    from runtime.columns import day_of
    from runtime.sales_tables import read_events, read_sales

    if plot:
        from reports.forecast_plot import plot_of, refuse_ending, write_plot  # matplotlib is slow to import

        refuse_ending(plot)
    if by == "day" and (elasticities or model == "boosted"):
        raise BadInputError("--elasticities and --model boosted are for weeks; leave them out with --by day")
    day = day_of(as_of, "--as-of") if as_of else None
    events = read_events(calendar, encoding) if calendar else {}
    with bar("Reading", None) as told:
        rows = read_sales(sales, encoding, told)
    if by == "week":
        panel = weeks_of(rows, day, events)
        with bar("Forecasting", None):
            found = outlook.by_week(panel, weeks, model)
            if elasticities:
                write(elasticity_table(panel), elasticities)
    else:
        with bar("Forecasting", len(rows.names)) as told:
            found = outlook.by_day(days_of(rows, day, events), weeks * DAYS, told)
    write(forecast_table(found), out)
    if plot:
        write_plot(plot_of(found, sales.name), plot)
    ahead = found.to_come
    print(f"{out}: {len(found.names)} series, {len(ahead)} {by}s from {ahead[0]}, {found.ahead.method}")
