"""Sales of many series as columns: what a table of people's holds, before it becomes weeks or days of a forecast."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from contracts.forecasts import Step


@dataclass(frozen=True)
class SalesRows:
    """R rows of n series.

    Args:
        where: the file, for messages.
        step: what a row is the sales of.
        names: of the n series.
        series: R, the place of each row's series in `names`.
        start: R, first day of each row (date.toordinal).
        units: R, nan where the row only says what is planned.
        numbers: further columns by name, R each, nan where a row says nothing; a flag is 0 or 1.
        texts: further columns of words by name, R each.
        lines: R, where in the file each row is.
    """

    where: str
    step: Step
    names: tuple[str, ...]
    series: npt.NDArray[np.intp]
    start: npt.NDArray[np.int64]
    units: npt.NDArray[np.float64]
    numbers: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lines: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def place(self, row: int) -> str:
        """Where a row is, for messages."""
        return f"{self.where} row {int(self.lines[row]) if len(self.lines) else row + 1}"
