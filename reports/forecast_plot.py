"""What was sold, what is forecast and between which bounds, for the series that sell most: PNG, SVG or a page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from alerts.escape import clean
from contracts.errors import BadInputError
from pricing.outlook import Outlook
from reports.plots import DOWN, FAINT, OURS, png, style, svg

MOST, COLUMNS = 12, 3
BACK = 8  # times the horizon, of history, that are shown
FEWEST_BACK = 60
LONGEST_NAME = 40
ENDINGS = (".png", ".svg", ".html")


def refuse_ending(path: Path) -> None:
    """BadInputError for a plot that is none of ENDINGS, before anything long is done."""
    if path.suffix.lower() not in ENDINGS:
        raise BadInputError(f"a plot ends in {', '.join(ENDINGS)}, was {path.name!r}; name it so")


def plot_of(found: Outlook, title: str) -> Figure:
    """A panel for each of the MOST series that are forecast to sell most."""
    with mpl.rc_context(style()):
        shown = np.argsort(-found.ahead.units.sum(axis=1), kind="stable")[:MOST].tolist()
        wide = min(COLUMNS, len(shown))
        high = -(-len(shown) // wide)
        figure = Figure(figsize=(max(6.0, 4.0 * wide), 2.2 * high + 0.8), layout="constrained")
        panels = list(figure.subplots(high, wide, squeeze=False).flat)
        for row, axes in zip(shown, panels, strict=False):
            _draw(axes, found, row)
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        more = f": {len(shown)} of {len(found.names)} series, those that sell most" if len(found.names) > MOST else ""
        figure.suptitle(f"{clean(title)}{more}", fontsize=10)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, ncols=3, loc="outside lower center", frameon=False)
    return figure


def _draw(axes: Any, found: Outlook, row: int) -> None:
    until, horizon = found.units.shape[1], len(found.to_come)
    first = max(0, until - max(BACK * horizon, FEWEST_BACK))
    axes.plot(found.starts[first:until], found.units[row, first:], color=OURS, linewidth=1, label="sold")
    ahead = found.ahead
    axes.plot(found.to_come, ahead.units[row], color=DOWN, marker=".", markersize=3, linewidth=1.4, label="forecast")
    bounds = (ahead.lower[row], ahead.upper[row])
    axes.fill_between(found.to_come, *bounds, color=DOWN, alpha=0.2, linewidth=0, label="80 % interval")
    axes.set_title(f" {clean(found.names[row])[:LONGEST_NAME]}", fontsize=9, loc="left")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    locator: Any = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def write_plot(figure: Figure, path: Path) -> None:
    """PNG, SVG or a page that needs nothing else, by the ending; BadInputError, OSError."""
    refuse_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix.lower()
    if ending == ".png":
        path.write_bytes(png(figure))
    else:
        path.write_text(svg(figure) if ending == ".svg" else _page(figure), encoding="utf-8")


def _page(figure: Figure) -> str:
    title = escape(figure.get_suptitle())
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{title}</title><style>svg{{max-width:100%;height:auto}}</style>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{svg(figure)}</body></html>\n'
