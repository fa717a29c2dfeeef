"""Forecasts and price elasticities as tables: CSV, or Parquet where the name ends so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from contracts.errors import BadInputError
from pricing.causal import best_recipe
from pricing.elasticities import elasticities
from pricing.outlook import Outlook
from pricing.panel import Panel

ELASTICITIES = ("category", "product", "rival", "elasticity", "lower", "upper", "rows", "refused")


def forecast_table(found: Outlook) -> pa.Table:
    """Series, week (or day), units, lower, upper: a row for each series and each of its steps ahead."""
    return pa.table(
        {
            "series": [name for name in found.names for _ in found.to_come],
            found.step: pa.array(found.to_come * len(found.names), pa.date32()),
            "units": found.ahead.units.round(4).ravel(),
            "lower": found.ahead.lower.round(4).ravel(),
            "upper": found.ahead.upper.round(4).ravel(),
        }
    )


def elasticity_table(panel: Panel) -> pa.Table:
    """Category, product, rival, elasticity, lower, upper, rows, refused.

    Without a rival it is the product's own price; without a product what is believed of any
    product of the category: a policy takes these rows as `pricing.elasticities`.

    Series are the same product where the recipe of the forecast groups them so, each its own
    otherwise; the text column `category`, where there is one, says which are alike.
    """
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
    return pa.table(dict(zip(ELASTICITIES, map(list, zip(*rows, strict=True)), strict=True)))


def write(table: pa.Table, out: Path) -> None:
    """As Parquet where the name ends so, else as CSV; OSError, BadInputError for a folder."""
    if out.is_dir():
        raise BadInputError(f"{out} is a folder; name the file to write")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".parquet":
        parquet.write_table(table, out)
    else:
        csv.write_csv(table, out, csv.WriteOptions(quoting_style="needed"))
