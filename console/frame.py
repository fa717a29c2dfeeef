"""The rectangle of a chart: where a time and an amount lie, and the lines that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from babel.dates import format_date
from markupsafe import Markup

from console.zone import local
from contracts.money import format_minor
from contracts.times import DAY_MS, HOUR_MS

WIDTH, HEIGHT = 860, 300
LEFT, RIGHT, TOP, BOTTOM = 18, 88, 14, 30  # amounts stand on the right, beside the newest price
LOCALES = {"en": "en", "zh": "zh_CN"}


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


def frame_of(times: Sequence[int], amounts: Sequence[int], until: int) -> Frame:
    """The rectangle that holds all of these, with a margin above and below."""
    low, high = min(amounts), max(amounts)
    margin = max((high - low) // 12, high // 60, 1)
    return Frame(min(times), max(until, *times, min(times) + 60_000), max(low - margin, 0), high + margin)


def round_step(span: int, parts: int) -> int:
    """A step of 1, 2 or 5 times a power of ten that cuts a span into at most so many parts."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if span <= step * factor * parts:
                return step * factor
        step *= 10


def axes(frame: Frame, currency: str, lang: str = "en") -> Markup:
    """Amounts on round lines, and times below."""
    step = round_step(frame.high - frame.low, 5)
    parts = []
    for amount in range(-(-frame.low // step) * step, frame.high + 1, step):
        y = frame.y(amount)
        parts.append(Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(LEFT, WIDTH - RIGHT, y, y))
        text = format_minor(amount, currency, LOCALES[lang])
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(WIDTH - RIGHT + 8, y + 4, text))
    for place in range(5):
        at = frame.since + (frame.until - frame.since) * place // 4
        anchor = "start" if place == 0 else "end" if place == 4 else "middle"
        text = moment(at, frame.until - frame.since, lang)
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(frame.x(at), HEIGHT - 8, anchor, text)
        )
    return Markup("").join(parts)


def moment(at: int, span: int, lang: str) -> str:
    """A time as exactly as a chart of such a span needs it."""
    when = local(at)
    if span < HOUR_MS:
        return when.strftime("%H:%M:%S")
    if span < 5 * DAY_MS:
        return when.strftime("%m-%d %H:%M")
    forms = ("y年M月", "M月d日") if lang == "zh" else ("MMM y", "d MMM")
    return str(format_date(when, forms[span <= 200 * DAY_MS], locale=LOCALES[lang]))
