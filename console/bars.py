"""Small pictures for pages: alerts a day, and what each guard did to a price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from contracts.proposals import GuardStep
from contracts.times import DAY_MS

SEVERITIES = ("red", "yellow", "green")  # from the bottom up
WIDE, HIGH, GROUND = 420, 150, 20
TRACK = 240  # pixels of the line on which a guard moves a price


def alerts_a_day(found: Mapping[tuple[int, str], int], now_ms: int, days: int, label: str) -> Markup:
    """Stacked bars of the last so many days, today last; `found` counts by day number and severity."""
    today = now_ms // DAY_MS
    numbers = range(today - days + 1, today + 1)
    most = max([1, *(sum(found.get((day, level), 0) for level in SEVERITIES) for day in numbers)])
    wide = WIDE / days
    parts = []
    for place, day in enumerate(numbers):
        top = float(HIGH - GROUND)
        counts = {level: found.get((day, level), 0) for level in SEVERITIES}
        date = datetime.fromtimestamp(day * DAY_MS / 1000, UTC)
        bars = []
        for level, count in counts.items():
            height = count / most * (HIGH - GROUND - 14)
            top -= height
            if count:
                bars.append(
                    Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                        level, place * wide + 2, top, wide - 4, height
                    )
                )
        title = f"{date:%Y-%m-%d}: " + ", ".join(str(count) for count in counts.values())
        parts.append(Markup("<g><title>{}</title>{}</g>").format(title, Markup("").join(bars)))
        middle = place * wide + wide / 2
        if total := sum(counts.values()):
            parts.append(Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(middle, top - 3, total))
        if (days - 1 - place) % 3 == 0:
            parts.append(Markup('<text x="{:.1f}" y="{}">{}</text>').format(middle, HIGH - 6, f"{date:%m-%d}"))
    return Markup('<svg class="bars" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDE, HIGH, label, Markup("").join(parts)
    )


def guard_tracks(steps: Sequence[GuardStep], current: int, floor: int | None) -> list[Markup]:
    """For each guard a line from the lowest price in play to the one of today, with the price before and after."""
    amounts = [current, *(step.before_minor for step in steps), *(step.after_minor for step in steps)]
    if floor is not None and floor > current * 9 // 10:
        amounts.append(floor)
    low, high = min(amounts), max(amounts)
    room = max(high - low, 1)

    def x(amount: int) -> float:
        return round(8 + (amount - low) / room * (TRACK - 16), 1)

    found = []
    for step in steps:
        one, two = x(step.before_minor), x(step.after_minor)
        parts = [Markup('<line class="rail" x1="8" x2="{}" y1="9" y2="9"/>').format(TRACK - 8)]
        if floor is not None and low <= floor <= high:
            parts.append(Markup('<line class="floor" x1="{0}" x2="{0}" y1="2" y2="16"/>').format(x(floor)))
        if one != two:
            parts.append(Markup('<line class="moved" x1="{}" x2="{}" y1="9" y2="9"/>').format(one, two))
            parts.append(Markup('<circle class="before" cx="{}" cy="9" r="4"/>').format(one))
        parts.append(Markup('<circle class="after {}" cx="{}" cy="9" r="5"/>').format(step.outcome, two))
        found.append(
            Markup('<svg class="track" viewBox="0 0 {} 18" aria-hidden="true">{}</svg>').format(
                TRACK, Markup("").join(parts)
            )
        )
    return found
