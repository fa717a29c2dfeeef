"""The price history of a product as one inline SVG: steps, since a price holds until the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from console.frame import BOTTOM, HEIGHT, LEFT, LOCALES, RIGHT, TOP, WIDTH, Frame, axes, frame_of
from console.phrases import phrase
from console.zone import local
from contracts.money import format_minor
from contracts.observations import PricePoint

COLOURS = 8
MOST_POINTS = 600  # a series; more than there are pixels
SHOWN_TO_ALL = ("regular", "promotion")  # one line: what a customer without a card pays


def history(
    points: Iterable[PricePoint],
    until: int,
    own_minor: int | None = None,
    currency: str = "",
    label: str = "",
    *,
    own_steps: Sequence[tuple[int, int]] = (),
    marked: int | None = None,
    lang: str = "en",
) -> Markup:
    """An SVG of the series in one currency; empty where nothing is priced.

    Args:
        until: right edge, epoch ms; a line goes on to it.
        own_minor: our price now.
        own_steps: when (epoch ms) our price was what before, in order.
        marked: a moment to point out, epoch ms.
    """
    series = _series(points, currency)
    priced = [point for found in series.values() for point in found if point.price_minor is not None]
    if not priced:
        return Markup("")
    ours = [amount for _at, amount in own_steps] + ([] if own_minor is None else [own_minor])
    amounts = [point.price_minor for point in priced if point.price_minor is not None]
    frame = frame_of([point.observed_at for point in priced], amounts + ours, until)
    parts = [axes(frame, currency or priced[0].currency, lang)]
    legend: list[Markup] = []
    alone = next(iter(series.values())) if len(series) == 1 else []  # bands of several would cover one another
    if any(point.price_type == "promotion" for point in alone):
        parts.append(_promotions(frame, alone))
        legend.append(Markup('<li><i class="swatch band"></i>{}</li>').format(phrase(lang, "promotion")))
    if ours:
        parts.append(_own(frame, own_steps, ours[-1]))
        legend.append(Markup('<li><i class="swatch own"></i>{}</li>').format(phrase(lang, "our_price")))
    for number, (name, found) in enumerate(sorted(series.items())):
        parts += [_line(frame, found, number % COLOURS), _marks(frame, found, number % COLOURS, lang)]
        legend.append(Markup('<li><i class="dot c{}"></i>{}</li>').format(number % COLOURS, name))
    if marked is not None and frame.since <= marked <= frame.until:
        parts.append(_marked(frame.x(marked)))
    svg = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, label, Markup("").join(parts)
    )
    return Markup('{}<ul class="legend">{}</ul>').format(svg, Markup("").join(legend))


def _series(points: Iterable[PricePoint], currency: str) -> dict[str, list[PricePoint]]:
    found: dict[str, list[PricePoint]] = {}
    for point in points:
        if point.price_minor is None or not currency or point.currency == currency:
            kind = "" if point.price_type in SHOWN_TO_ALL else f" ({point.price_type})"
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


def _promotions(frame: Frame, rows: Sequence[PricePoint]) -> Markup:
    """A band over every stretch in which the price shown was that of a promotion."""
    ends = [row.observed_at for row in rows[1:]] + [frame.until]
    bands = []
    for row, end in zip(rows, ends, strict=True):
        if row.price_type == "promotion" and row.price_minor is not None:
            left = frame.x(row.observed_at)
            bands.append(
                Markup('<rect class="band" x="{}" y="{}" width="{}" height="{}"/>').format(
                    left, TOP, round(max(frame.x(end) - left, 1), 1), HEIGHT - TOP - BOTTOM
                )
            )
    return Markup("").join(bands)


def _own(frame: Frame, steps: Sequence[tuple[int, int]], now: int) -> Markup:
    path = f"M{LEFT} {frame.y(steps[0][1] if steps else now)}"
    for at, amount in steps:
        path += f"H{max(frame.x(at), LEFT)}V{frame.y(amount)}"
    path += f"V{frame.y(now)}H{WIDTH - RIGHT}"
    return Markup('<path class="own" d="{}"/>').format(path)


def _marked(x: float) -> Markup:
    line = Markup('<line class="mark" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(x, x, TOP, HEIGHT - BOTTOM)
    return line + Markup('<circle class="mark" cx="{}" cy="{}" r="4"/>').format(x, TOP)


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


def _marks(frame: Frame, rows: Sequence[PricePoint], colour: int, lang: str) -> Markup:
    marks = []
    for row in rows[-120:]:
        if row.price_minor is None:
            continue
        when = f"{local(row.observed_at):%Y-%m-%d %H:%M}"
        title = f"{when} {format_minor(row.price_minor, row.currency, LOCALES[lang])}"
        gone = " gone" if row.availability == "OutOfStock" else ""
        marks.append(
            Markup('<circle class="c{}{}" cx="{}" cy="{}" r="2.8"><title>{}</title></circle>').format(
                colour, gone, frame.x(row.observed_at), frame.y(row.price_minor), title
            )
        )
    return Markup("").join(marks)
