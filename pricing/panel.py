"""Weekly sales of many series side by side: rows are series, columns are weeks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Panel:
    """Sales and what is known beside them.

    Args:
        series: names of the n series.
        first: first day of the first week.
        units: n x T, nan where nothing was reported.
        known: by name n x (T + H): what is planned or known for the weeks to come too,
            such as price and promotion; nan where it is not.
        groups: by name, for each series the label of a group it belongs to.
    """

    series: tuple[str, ...]
    first: date
    units: Matrix
    known: dict[str, Matrix] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def weeks(self) -> int:
        """How many weeks of sales there are."""
        return int(self.units.shape[1])

    def week(self, number: int) -> date:
        """First day of a week, counted from 0; later ones than the last reported are the weeks ahead."""
        return self.first + number * WEEK

    def until(self, weeks: int) -> Panel:
        """The panel as it was known after so many weeks; plans stay known."""
        return Panel(self.series, self.first, self.units[:, :weeks], self.known, self.groups)


@dataclass(frozen=True)
class Forecast:
    """Units expected, n x H, with an 80 % interval, and by which method."""

    units: Matrix
    lower: Matrix
    upper: Matrix
    method: str = ""


def wmape(forecast: Matrix, actual: Matrix) -> float:
    """Sum of absolute errors over the sum of actual units; weeks that were not reported do not count."""
    seen = ~np.isnan(actual)
    return float(np.abs(forecast - actual)[seen].sum() / np.abs(actual[seen]).sum())
