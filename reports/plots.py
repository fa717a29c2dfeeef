"""The plots of a brief, as figures: SVG for the page, PNG for e-mail. Letters become outlines."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alerts.escape import clean
from reports.brief import Brief
from reports.words import Language, word

CJK = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei",
       "PingFang SC", "SimHei", "Noto Serif CJK SC", "Noto Serif CJK JP")  # fmt: skip
DOWN, UP, OURS, FAINT = "#c62f2f", "#2b6cb0", "#1b1f24", "#b6bec8"
MOST_SHOPS, MOST_CUTS, MOST_ACTS = 12, 8, 10

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def plots(brief: Brief, language: Language) -> dict[str, Figure]:
    """Figures by name: days, cuts, index, brought; those without anything to show are left out."""
    with mpl.rc_context(style()):
        found = {
            "days": _days(brief, language),
            "cuts": _cuts(brief),
            "index": _index(brief, language),
            "brought": _brought(brief, language),
        }
    return {name: figure for name, figure in found.items() if figure is not None}


def svg(figure: Figure) -> str:
    """An <svg> element; the same figure gives the same text."""
    buffer = io.StringIO()
    _save(figure, buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def png(figure: Figure) -> bytes:
    """A picture for mail programs, which show no SVG."""
    buffer = io.BytesIO()
    _save(figure, buffer, format="png", dpi=144)
    return buffer.getvalue()


@contextmanager
def drawn() -> Iterator[None]:
    """Draw what names hold, also letters that no font here has: they show as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def _save(figure: Figure, buffer: Any, **options: Any) -> None:
    with mpl.rc_context(style()), drawn():
        figure.savefig(buffer, **options)


@cache
def style() -> Any:
    """Settings of matplotlib for all plots: fonts that are there, outlines for letters."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return {
        "font.family": ["DejaVu Sans", *(name for name in CJK if name in there)],
        "svg.hashsalt": "priceradar",
        "svg.fonttype": "path",
        "axes.unicode_minus": False,
        "text.parse_math": False,  # a dollar in a product's name is no formula
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": FAINT,
        "font.size": 9,
    }


def _figure(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8, height), layout="constrained")
    return figure, figure.subplots()


def _days(brief: Brief, language: Language) -> Figure | None:
    if not any(down or up for _, down, up in brief.by_day):
        return None
    figure, axes = _figure(1.9)
    labels = [f"{brief.period.local(day):%m-%d}" for day, _, _ in brief.by_day]
    places = range(len(labels))
    axes.bar(places, [-down for _, down, _ in brief.by_day], color=DOWN, label=word("cuts", language))
    axes.bar(places, [up for _, _, up in brief.by_day], color=UP, label=word("rises", language))
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.set_xticks(places[:: max(1, len(labels) // 10)], labels[:: max(1, len(labels) // 10)])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.legend(frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, 1.2))
    return figure


def _cuts(brief: Brief) -> Figure | None:
    shown = brief.cuts[:MOST_CUTS][::-1]
    if not shown:
        return None
    names = [f"{_short(cut.name or cut.sku or cut.product_id, 26)}  ·  {_short(cut.competitor, 14)}" for cut in shown]
    figure, axes = _figure(0.4 + 0.23 * len(shown))
    bars = axes.barh(range(len(shown)), [-cut.change_bp / 100 for cut in shown], color=DOWN, height=0.62)
    axes.bar_label(bars, [f"-{abs(cut.change_bp) / 100:.1f} %" for cut in shown], padding=4)
    axes.set_yticks(range(len(shown)), names)
    axes.margins(x=0.12)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    return figure


def _index(brief: Brief, language: Language) -> Figure | None:
    shops = [shop for shop in brief.shops if shop.index_now is not None][:MOST_SHOPS]
    if not shops:
        return None
    shops = sorted(shops, key=lambda shop: -(shop.index_now or 0))
    figure, axes = _figure(0.9 + 0.3 * len(shops))
    for place, shop in enumerate(shops):
        now = shop.index_now or 0.0
        if shop.index_before is not None:
            axes.plot([shop.index_before, now], [place, place], color=FAINT, linewidth=2, zorder=1)
            axes.plot(shop.index_before, place, "o", color=FAINT, zorder=2)
        axes.plot(now, place, "o", color=DOWN if now < 100 else UP, zorder=3)
        axes.annotate(f"{now:.1f}", (now, place), textcoords="offset points", xytext=(0, 6), ha="center", fontsize=8)
    axes.axvline(100, color=OURS, linewidth=0.8, linestyle="--", zorder=0)
    axes.set_yticks(range(len(shops)), [_short(shop.name, 20) for shop in shops])
    axes.margins(x=0.1, y=0.15)
    axes.set_xlabel(f"{word('index', language)}    ○ {word('at_start', language)}   ● {word('at_end', language)}")
    return figure


def _brought(brief: Brief, language: Language) -> Figure | None:
    acts = [act for act in brief.acts if act.units_before is not None and act.units_after is not None][:MOST_ACTS]
    if not acts:
        return None
    figure, axes = _figure(0.9 + 0.4 * len(acts))
    places: Sequence[float] = [float(place) for place in range(len(acts))]
    axes.barh([p + 0.19 for p in places], [a.units_before or 0 for a in acts], 0.36, color=FAINT,
              label=word("units_before", language))  # fmt: skip
    axes.barh([p - 0.19 for p in places], [a.units_after or 0 for a in acts], 0.36, color=UP,
              label=word("units_after", language))  # fmt: skip
    axes.set_yticks(places, [_short(act.name or act.decision.sku, 26) for act in acts])
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return figure


def _short(name: str, most: int) -> str:
    plain = clean(name)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
