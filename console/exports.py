"""Tables as CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from alerts.escape import for_csv


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a mark that tells spreadsheets it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([for_csv(value) if isinstance(value, str) else value for value in row] for row in rows)
    return "\ufeff" + out.getvalue()
