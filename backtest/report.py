"""The report of a backtest: one HTML file without scripts, its plots inline SVG."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from backtest.outlook import Range
from backtest.tally import SIZES_BP, Tally
from contracts.money import exponent
from contracts.times import DAY_MS

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #d8dee4;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}"
    ".pair{display:flex;gap:1rem}figure{margin:0;flex:1;min-width:0}"
)
MOST_LINES = 12


def render(summary: dict[str, Any], tallies: Sequence[Tally]) -> str:
    """The page of one policy, or of two side by side; every text that comes from a recording is escaped."""
    summaries = [summary, *([summary["compare"]] if "compare" in summary else [])]
    policies = [str(one["policy"]) for one in summaries]
    plots: tuple[tuple[str, Callable[[Tally], str]], ...] = (
        ("Moves a day, by competitor", lambda tally: _days(tally.events_by_day)),
        ("Alerts a day, by competitor", lambda tally: _days(tally.alerts_by_day)),
        ("Moves by size", _sizes),
        ("Price index: 100 is the market's median, above it we are dearer", lambda tally: _index(tally.index.days)),
        ("Proposals a day", lambda tally: _days(tally.proposals_by_day)),
        ("Units a day that the proposals of a day change, as the demand model expects", lambda t: _ranges(t.units, 1)),
        ("Margin a day that they change", _margins),
        ("Held back, by guard", lambda tally: _bars(tally.guards)),
    )
    parts = [
        f"<h1>Backtest of {escape(' beside '.join(policies))}</h1>",
        f"<p>{escape(str(summary['recording']))}</p>",
        _table(summaries),
        _difference(summary.get("difference", {}), policies),
        _again(summary.get("decided_again", {}), policies),
        *(_section(title, policies, [plot(tally) for tally in tallies]) for title, plot in plots),
    ]
    head = f'<meta charset="utf-8"><title>PriceRadar backtest</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _table(summaries: Sequence[dict[str, Any]]) -> str:
    columns = [_flat(summary) for summary in summaries]
    names = dict.fromkeys(name for column in columns for name in column)
    head = "".join(f"<th>{escape(str(summary['policy']))}</th>" for summary in summaries)
    rows = [f"<tr><th></th>{head}</tr>"]
    for name in names:
        cells = "".join(f"<td class=n>{escape(_number(column.get(name, 0)))}</td>" for column in columns)
        rows.append(f"<tr><td>{escape(name.replace('_', ' '))}</td>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _difference(found: dict[str, dict[str, int]], policies: Sequence[str]) -> str:
    if not found:
        return ""
    names = ("in both", *(f"only {policy}" for policy in policies))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = [
        f"<tr><td>{kind}</td>{''.join(f'<td class=n>{side[kind]:,}</td>' for side in found.values())}</tr>"
        for kind in found["both"]
    ]
    return f"<h2>Events that only one raises</h2><table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _again(found: dict[str, Any], policies: Sequence[str]) -> str:
    if not found.get("cases"):
        return ""
    head = "".join(f"<th>{escape(policy)}</th>" for policy in policies)
    rows = [
        f"<tr><td>{escape(name.replace('_', ' '))}</td>"
        + "".join(f"<td class=n>{found[side].get(name, 0):,}</td>" for side in ("first", "second"))
        + "</tr>"
        for name in sorted({*found["first"], *found["second"]}, key=lambda name: (name != "proposed", name))
    ]
    told = (
        f"From the signals of the first run: {found['both']:,} proposed by both,"
        f" {found['only_first']:,} by the first alone, {found['only_second']:,} by the second alone."
    )
    table = f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"
    return f"<h2>The same {found['cases']:,} decisions under both policies</h2><p>{told}</p>{table}"


def _flat(summary: dict[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in summary.items():
        if name in ("policy", "recording", "skipped_files", "compare", "difference", "decided_again"):
            continue
        if isinstance(value, dict):
            found.update({f"{name}: {key}": number for key, number in value.items() if not isinstance(number, dict)})
            for key, more in value.items():
                if isinstance(more, dict):
                    found.update({f"{name}: {key} {end}": number for end, number in more.items()})
        else:
            found[name] = value
    return found


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _section(title: str, policies: Sequence[str], charts: Sequence[str]) -> str:
    named = [f"<h3>{escape(policy)}</h3>" if len(policies) > 1 else "" for policy in policies]
    shown = [f"<figure>{name}{chart or '<p>None.</p>'}</figure>" for name, chart in zip(named, charts, strict=True)]
    return f"<h2>{escape(title)}</h2><div class=pair>{''.join(shown)}</div>"


def _days(counts: Counter[tuple[int, str]]) -> str:
    if not counts:
        return ""
    figure, axes = _figure()
    first, last = min(day for day, _ in counts), max(day for day, _ in counts)
    days = range(first, last + 1)
    totals: Counter[str] = Counter()
    for (_, name), count in counts.items():
        totals[name] += count
    moments = list(map(_moment, days))
    for name, _ in totals.most_common(MOST_LINES):
        axes.plot(moments, [counts[day, name] for day in days], label=_plain(name), linewidth=1)
    axes.legend(fontsize="x-small", ncol=3, frameon=False)
    figure.autofmt_xdate()
    return _svg(figure)


def _index(days: dict[int, int]) -> str:
    if not days:
        return ""
    figure, axes = _figure()
    axes.plot([_moment(day) for day in sorted(days)], [days[day] / 100 for day in sorted(days)], linewidth=1)
    axes.axhline(100, linewidth=0.5, color="grey")
    figure.autofmt_xdate()
    return _svg(figure)


def _margins(tally: Tally) -> str:
    charts = []
    for currency in sorted({currency for currency, _day in tally.margin}):
        days = {day: change for (other, day), change in tally.margin.items() if other == currency}
        charts.append(f"<p>{escape(currency)}</p>{_ranges(days, 10 ** exponent(currency))}")
    return "".join(charts)


def _ranges(days: dict[int, Range], unit: int) -> str:
    if not days:
        return ""
    figure, axes = _figure()
    found = sorted(days.items())
    middle = [change.expected / unit for _day, change in found]
    below = [(change.expected - change.lower) / unit for _day, change in found]
    above = [(change.upper - change.expected) / unit for _day, change in found]
    axes.errorbar([_moment(day) for day, _change in found], middle, [below, above], fmt="o", markersize=3, linewidth=1)
    axes.axhline(0, linewidth=0.5, color="grey")
    axes.set_ylabel("expected, and at the ends of the 80 % intervals")
    figure.autofmt_xdate()
    return _svg(figure)


def _moment(day: int) -> datetime:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC)


def _sizes(tally: Tally) -> str:
    if not tally.sizes:
        return ""
    figure, axes = _figure()
    labels = [f"{edge / 100:g}" for edge in SIZES_BP]
    for direction, offset in (("down", -0.2), ("up", 0.2)):
        heights = [tally.sizes[direction, edge] for edge in SIZES_BP]
        axes.bar([place + offset for place in range(len(labels))], heights, width=0.4, label=direction)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlabel("from, % of the previous price")
    axes.legend(frameon=False)
    return _svg(figure)


def _bars(counts: Counter[str]) -> str:
    if not counts:
        return ""
    figure, axes = _figure()
    names = [name for name, _ in counts.most_common()][::-1]
    axes.barh([_plain(name) for name in names], [counts[name] for name in names])
    return _svg(figure)


def _figure() -> tuple[Any, Any]:
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _plain(text: str) -> str:
    # matplotlib reads dollars as mathematics and hides labels that begin with an underscore.
    return " " + text.replace("$", r"\$")[:40]


def _svg(figure: Any) -> str:
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "priceradar", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
