"""The price history of a product as one inline SVG: steps, since a price holds until the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup, escape

from contracts.money import format_minor
from contracts.observations import PricePoint

WIDTH, HEIGHT = 860, 280
LEFT, RIGHT, TOP, BOTTOM = 84, 14, 12, 28
COLOURS = 8
MOST_POINTS = 600  # a series; more than there are pixels


class Frame(NamedTuple):
    """The rectangle of time (epoch ms) and amount (minor units) that is drawn."""

    since: int
    until: int
    low: int
    high: int

    def x(self, at: int) -> float:
        """Pixel of a time."""
        share = (at - self.since) / max(self.until - self.since, 1)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, amount: int) -> float:
        """Pixel of an amount."""
        share = (amount - self.low) / max(self.high - self.low, 1)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def history(
    points: Iterable[PricePoint], until: int, own_minor: int | None = None, currency: str = "", label: str = ""
) -> Markup:
    """An SVG of the series in one currency; empty where nothing is priced. `until` in epoch ms."""
    series = _series(points, currency)
    priced = [point for found in series.values() for point in found if point.price_minor is not None]
    if not priced:
        return Markup("")
    frame = _frame(priced, until, own_minor)
    money = currency or priced[0].currency
    parts = [_axes(frame, money)]
    if own_minor is not None:
        y = frame.y(own_minor)
        title = escape(format_minor(own_minor, money))
        parts.append(Markup('<line class="own" x1="{}" x2="{}" y1="{}" y2="{}"><title>{}</title></line>').format(
            LEFT, WIDTH - RIGHT, y, y, title
        ))  # fmt: skip
    legend = []
    for number, (name, found) in enumerate(sorted(series.items())):
        parts.append(_line(frame, found, number % COLOURS))
        parts.append(_marks(frame, found, number % COLOURS))
        legend.append(Markup('<li><i class="dot c{}"></i>{}</li>').format(number % COLOURS, name))
    svg = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, label, Markup("").join(parts)
    )
    return Markup('{}<ul class="legend">{}</ul>').format(svg, Markup("").join(legend))


def _series(points: Iterable[PricePoint], currency: str) -> dict[str, list[PricePoint]]:
    found: dict[str, list[PricePoint]] = {}
    for point in points:
        if point.price_minor is None or not currency or point.currency == currency:
            kind = "" if point.price_type == "regular" else f" ({point.price_type})"
            seller = f" / {point.seller}" if point.seller else ""
            found.setdefault(f"{point.competitor} {point.product_id}{seller}{kind}"[:80], []).append(point)
    return {name: _thin(sorted(rows, key=lambda row: row.observed_at)) for name, rows in found.items()}


def _thin(rows: list[PricePoint]) -> list[PricePoint]:
    """Lowest and highest of every stretch, in order: what would be seen of all of them."""
    if len(rows) <= MOST_POINTS:
        return rows
    size = -(-len(rows) * 2 // MOST_POINTS)
    kept = [rows[0]]
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        extremes = {id(pick(some, key=lambda row: row.price_minor or 0)) for pick in (min, max)}
        kept += [row for row in some if id(row) in extremes]
    return [*kept, rows[-1]]


def _frame(priced: Sequence[PricePoint], until: int, own_minor: int | None) -> Frame:
    amounts = [point.price_minor for point in priced if point.price_minor is not None]
    if own_minor is not None:
        amounts.append(own_minor)
    low, high = min(amounts), max(amounts)
    margin = max((high - low) // 10, high // 50, 1)
    times = [point.observed_at for point in priced]
    return Frame(min(times), max(until, *times, min(times) + 60_000), max(low - margin, 0), high + margin)


def _axes(frame: Frame, currency: str) -> Markup:
    parts = []
    for step in range(5):
        amount = frame.low + (frame.high - frame.low) * step // 4
        y = frame.y(amount)
        parts.append(Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(LEFT, WIDTH - RIGHT, y, y))
        text = format_minor(amount, currency)
        parts.append(Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(LEFT - 6, y + 4, text))
    form = "%H:%M:%S" if frame.until - frame.since < 3_600_000 else "%m-%d %H:%M"
    if frame.until - frame.since > 5 * 86_400_000:
        form = "%Y-%m-%d"
    for step in range(5):
        at = frame.since + (frame.until - frame.since) * step // 4
        text = datetime.fromtimestamp(at / 1000, UTC).strftime(form)
        anchor = "start" if step == 0 else "end" if step == 4 else "middle"
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(frame.x(at), HEIGHT - 8, anchor, text)
        )
    return Markup("").join(parts)


def _line(frame: Frame, rows: Sequence[PricePoint], colour: int) -> Markup:
    path, drawing = [], False
    for row in rows:
        x = frame.x(row.observed_at)
        if drawing:
            path.append(f"H{x}")
        if row.price_minor is not None:
            path.append(f"V{frame.y(row.price_minor)}" if drawing else f"M{x} {frame.y(row.price_minor)}")
        drawing = row.price_minor is not None
    if drawing:
        path.append(f"H{frame.x(frame.until)}")
    return Markup('<path class="line c{}" d="{}"/>').format(colour, "".join(path))


def _marks(frame: Frame, rows: Sequence[PricePoint], colour: int) -> Markup:
    marks = []
    for row in rows[-120:]:
        if row.price_minor is None:
            continue
        when = datetime.fromtimestamp(row.observed_at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        title = f"{when} {format_minor(row.price_minor, row.currency)}"
        gone = " gone" if row.availability == "OutOfStock" else ""
        marks.append(
            Markup('<circle class="c{}{}" cx="{}" cy="{}" r="2.6"><title>{}</title></circle>').format(
                colour, gone, frame.x(row.observed_at), frame.y(row.price_minor), title
            )
        )
    return Markup("").join(marks)
