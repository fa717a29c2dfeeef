"""`priceradar forecast SALES --weeks 8 --out FILE`: units a week ahead for every series, with an 80 % interval."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import BadInputError
from contracts.forecasts import Model
from runtime.sheets import Sheet, not_decoded, written

if TYPE_CHECKING:
    import pyarrow as pa

    from pricing.panel import Forecast, Panel

KEYS = ("series", "week", "units")


def forecast(
    sales: Annotated[Path, typer.Argument(metavar="SALES", help="CSV or Parquet: series, week, units[, price, ...].")],
    out: Annotated[Path, typer.Option("--out", help="Where to write series, week, units, lower, upper.")],
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=52, help="How many weeks ahead.")] = 8,
    as_of: Annotated[str, typer.Option("--as-of", help="Use only weeks that ended by this day (2026-11-23).")] = "",
    calendar: Annotated[Path | None, typer.Option("--calendar", help="CSV: date, event (holidays and such).")] = None,
    model: Annotated[
        Model, typer.Option("--model", help="auto: boosted takes part where it was nearer for the last weeks.")
    ] = "auto",
    elasticities: Annotated[
        Path | None, typer.Option("--elasticities", help="Write price elasticities by product, with intervals, too.")
    ] = None,
) -> None:
    """Forecast units a week for every series; `week` is its first day.

    Every further column is taken into account. One that is known ahead (a planned price or
    promotion) is used where SALES has rows for weeks to come, their units empty; with
    --as-of, units of later weeks are not looked at.

    Example: priceradar forecast sales.csv --weeks 8 --out forecast.csv
    """
    # Small matrices: threads of BLAS that wait for one another cost more than they save.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from pricing.forecast import forecast as compute

    table = read_table(sales)
    day = _day(as_of, "--as-of") if as_of else None
    panel = panel_of(table, day, _events(calendar) if calendar else {}, str(sales))
    result = compute(panel, weeks, model)
    write_table(panel, result, out)
    if elasticities:
        write_elasticities(panel, elasticities)
    print(f"{out}: {len(panel.series)} series, {weeks} weeks from {panel.week(panel.weeks)}, {result.method}")


def write_elasticities(panel: Panel, out: Path) -> None:
    """Category, product, rival, elasticity, lower, upper, rows, refused.

    Without a rival it is the product's own price; without a product what is believed of any
    product of the category: a policy takes these rows as `pricing.elasticities`.

    Series are the same product where the recipe of the forecast groups them so, each its own
    otherwise; the text column `category`, where there is one, says which are alike.
    """
    import pyarrow as pa

    from pricing.causal import best_recipe
    from pricing.elasticities import elasticities

    labels = best_recipe(panel).labels
    products = labels if len(set(labels)) > 1 else panel.series
    category = panel.groups.get("category")
    kinds = dict(zip(products, category, strict=True)) if category else {}
    found = elasticities(panel, products, kinds)
    rows = [(kind, "", "", one.mean, one.lower, one.upper, one.rows, "") for kind, one in found.categories.items()]
    for product in found.products:
        own, kind = product.own, kinds.get(product.product, "")
        rows.append((kind, product.product, "", own.mean, own.lower, own.upper, own.rows, own.refused or ""))
        rows += [(kind, product.product, rival, *three, own.rows, "") for rival, three in product.cross.items()]
    names = ("category", "product", "rival", "elasticity", "lower", "upper", "rows", "refused")
    _write(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), out)


def read_table(path: Path) -> pa.Table:
    """A CSV or Parquet file with at least the columns series, week and units; BadInputError."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    if not path.is_file():
        raise BadInputError(f"{path} does not exist; give a CSV or Parquet file")
    try:
        if path.suffix == ".parquet":
            table = parquet.read_table(path)
        else:
            text = csv.ConvertOptions(
                column_types={"series": pa.string(), "week": pa.string()}, strings_can_be_null=True
            )
            how = written(path)
            read, parse = csv.ReadOptions(encoding=how.encoding), csv.ParseOptions(delimiter=how.delimiter)
            table = csv.read_csv(path, read, parse, text)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in KEYS if name not in table.column_names]
    if missing:
        raise BadInputError(f"{path} needs the columns series, week and units; {', '.join(missing)} missing")
    return table


def panel_of(table: pa.Table, as_of: date | None, events: dict[str, list[date]], where: str) -> Panel:
    """Rows of sales as a panel; weeks after the last one with units hold plans only."""
    import numpy as np

    from pricing.panel import Panel

    if table.num_rows == 0:
        raise BadInputError(f"{where} holds no rows")
    names, series = _codes([str(value) for value in table["series"].to_pylist()])
    days = np.array(
        [_day(value, f"{where} row {row}").toordinal() for row, value in enumerate(_plain(table["week"]), 2)]
    )
    first = int(days.min())
    offsets = days - first
    if (offsets % 7).any():
        row = int(np.flatnonzero(offsets % 7)[0])
        raise BadInputError(
            f"{where} row {row + 2}: weeks must begin on one weekday, was {date.fromordinal(int(days[row]))}"
            f" beside {date.fromordinal(first)}"
        )
    week = offsets // 7
    units = _numbers(table["units"], "units", where)
    if as_of is not None:
        units = np.where(days + 7 <= as_of.toordinal(), units, np.nan)
    if np.isnan(units).all():
        raise BadInputError(f"{where} has no week with units{f' that ended by {as_of}' if as_of else ''}")
    shape = (len(names), int(week.max()) + 1)
    last = int((as_of.toordinal() - first) // 7) if as_of is not None else int(week[~np.isnan(units)].max()) + 1
    placed = _place(units, series, week, shape)[:, :last]
    known, groups = _columns(table, series, week, shape, where)
    known |= {name: _event_column(on, first, shape) for name, on in events.items()} if known else {}
    return Panel(names, date.fromordinal(first), placed, known, groups | _name_parts(names))


def _columns(table: pa.Table, series: Any, week: Any, shape: tuple[int, int], where: str) -> tuple[dict[str, Any], Any]:
    """Numbers are known ahead; texts that never change within a series are groups."""
    import pyarrow as pa

    known: dict[str, Any] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for name in table.column_names:
        if name in KEYS:
            continue
        column = table[name].combine_chunks()
        if pa.types.is_integer(column.type) and _constant(series, column, shape[0]):
            column = column.cast(pa.string())
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            labels: dict[int, set[str]] = {}
            for row, value in zip(series, column.to_pylist(), strict=True):
                labels.setdefault(int(row), set()).add(value or "")
            if all(len(values) == 1 for values in labels.values()):
                groups[name] = tuple(next(iter(labels[row])) for row in range(shape[0]))
            else:
                known[name] = _place([float(bool(value)) for value in column.to_pylist()], series, week, shape)
        elif not pa.types.is_null(column.type):
            known[name] = _place(_numbers(column, name, where), series, week, shape)
    return known, groups


def _constant(series: Any, column: Any, count: int) -> bool:
    """Whether a column of numbers is the same in all weeks of a series and names a group of several."""
    import numpy as np

    values = column.fill_null(-1).to_numpy(zero_copy_only=False)
    first = np.zeros(count, dtype=values.dtype)
    first[series] = values
    return bool((first[series] == values).all()) and 1 < len(np.unique(first)) <= count // 2


def _name_parts(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Groups from names like store-product or s12b3: each part that several series share."""
    import re

    parts = [re.split(r"[^0-9A-Za-z.]+", name) for name in names]
    if all(len(split) == 1 for split in parts):
        parts = [re.split(r"(?<=[0-9])(?=[A-Za-z])", name) for name in names]
    if len({len(split) for split in parts}) != 1 or len(parts[0]) < 2:
        return {}
    columns = {f"name part {number + 1}": tuple(split[number] for split in parts) for number in range(len(parts[0]))}
    return {name: labels for name, labels in columns.items() if 1 < len(set(labels)) <= len(names) // 2}


def _place(values: Any, series: Any, week: Any, shape: tuple[int, int]) -> Any:
    """One column as a matrix; where a series has a week twice, the later row counts."""
    import numpy as np

    matrix = np.full(shape, np.nan)
    matrix[series, week] = values
    return matrix


def _event_column(days: list[date], first: int, shape: tuple[int, int]) -> Any:
    import numpy as np

    row = np.zeros(shape[1])
    for day in days:
        at = (day.toordinal() - first) // 7
        if 0 <= at < shape[1]:
            row[at] += 1
    return np.repeat(row[None, :], shape[0], axis=0)


def _codes(values: list[str]) -> tuple[tuple[str, ...], Any]:
    import numpy as np

    places: dict[str, int] = {}
    codes = np.array([places.setdefault(value, len(places)) for value in values])
    return tuple(places), codes


def _numbers(column: Any, name: str, where: str) -> Any:
    import pyarrow as pa

    try:
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
        raise BadInputError(f"{where}: column {name} must hold numbers, was {column.type}: {error}") from error


def _plain(column: Any) -> list[Any]:
    return list(column.to_pylist())


def _day(value: Any, where: str) -> date:
    if hasattr(value, "date"):
        value = value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise BadInputError(f"{where}: a day must look like 2026-11-23, was {value!r}") from None


def _events(path: Path) -> dict[str, list[date]]:
    """Days by event from a CSV with the columns date and event (or name, holiday)."""
    if not path.is_file():
        raise BadInputError(f"calendar {path} does not exist; give a CSV with the columns date and event")
    events: dict[str, list[date]] = {}
    for line, row in Sheet(path).rows():
        name = row.get("event") or row.get("name") or row.get("holiday") or "event"
        events.setdefault(str(name), []).append(_day(row.get("date") or row.get("week"), f"{path} row {line}"))
    return events


def write_table(panel: Panel, result: Forecast, out: Path) -> None:
    """Series, week, units, lower, upper as CSV, or Parquet where the name ends so."""
    import pyarrow as pa

    horizon = result.units.shape[1]
    ahead = [panel.week(panel.weeks + number) for number in range(horizon)]
    table = pa.table(
        {
            "series": [name for name in panel.series for _ in ahead],
            "week": pa.array(ahead * len(panel.series), pa.date32()),
            "units": result.units.round(4).ravel(),
            "lower": result.lower.round(4).ravel(),
            "upper": result.upper.round(4).ravel(),
        }
    )
    _write(table, out)


def _write(table: pa.Table, out: Path) -> None:
    """As Parquet where the name ends so, else as CSV."""
    from pyarrow import csv, parquet

    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".parquet":
        parquet.write_table(table, out)
    else:
        csv.write_csv(table, out, csv.WriteOptions(quoting_style="needed"))
