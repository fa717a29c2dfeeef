"""The moves of a brief as CSV, for those who go on in a spreadsheet."""

from __future__ import annotations

import csv
import io

from alerts.escape import for_csv, link
from contracts.money import to_decimal
from contracts.times import to_iso
from reports.brief import Brief

COLUMNS = (
    "competitor",
    "product_id",
    "name",
    "sku",
    "currency",
    "before",
    "after",
    "change_percent",
    "ours",
    "at",
    "url",
)


def moves_csv(brief: Brief) -> str:
    """One line for each product that moved; no cell of it is a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for change in [*brief.cuts, *brief.rises]:
        names = map(for_csv, (change.competitor, change.product_id, change.name, change.sku, change.currency))
        amounts = (change.from_minor, change.to_minor, change.ours_minor)
        before, after, ours = ("" if minor is None else to_decimal(minor, change.currency) for minor in amounts)
        percent = f"{change.change_bp / 100:.2f}"
        writer.writerow([*names, before, after, percent, ours, to_iso(change.at), link(change.url)])
    return buffer.getvalue()
