"""How loud an alert is: by the size of the move, by what it exposes of ours, by how sure we are."""

from __future__ import annotations

import msgspec

from contracts.alerts import Severity
from contracts.policy import Alerting

LEVELS: tuple[Severity, ...] = ("green", "yellow", "red")
SURE = 0.8  # below this match confidence nothing is red
AMPLE_COVER_DAYS = 45.0
THIN_MARGIN_BP = 1000


class Exposure(msgspec.Struct, frozen=True):
    """What a competitor's move puts at risk; None where we do not know.

    `days_of_cover` is our stock over forecast daily demand, `margin_bp` our margin over
    price in basis points, `daily_sales` units a day.
    """

    days_of_cover: float | None = None
    margin_bp: int | None = None
    daily_sales: float | None = None


def of_move(
    change_bp: int, alerting: Alerting, exposure: Exposure | None, match_confidence: float, in_stock: bool
) -> tuple[Severity, tuple[str, ...]]:
    """Severity of a price move and the reasons for it, the size first.

    Args:
        change_bp: signed change in basis points; a rise is a chance, not a threat.
        in_stock: whether the competitor can deliver at that price.
    """
    size = abs(change_bp)
    level = 2 if size >= alerting.red_bp else 1 if size >= alerting.yellow_bp else 0
    reasons = [f"moved {change_bp / 100:+.1f} %"]
    if change_bp > 0:
        level, reasons = level - 1, [*reasons, "a rise gives room"]
    if not in_stock:
        level, reasons = level - 1, [*reasons, "not in stock there"]
    if change_bp < 0 and exposure is not None:
        raised = _exposed(exposure)
        level, reasons = level + bool(raised), [*reasons, *raised]
    if match_confidence < SURE:
        level, reasons = min(level, 1), [*reasons, f"match only {match_confidence:.0%} sure"]
    return LEVELS[max(0, min(level, 2))], tuple(reasons)


def _exposed(exposure: Exposure) -> list[str]:
    raised = []
    if exposure.days_of_cover is not None and exposure.days_of_cover > AMPLE_COVER_DAYS:
        raised.append(f"our stock covers {exposure.days_of_cover:.0f} days")
    if exposure.margin_bp is not None and exposure.margin_bp < THIN_MARGIN_BP:
        raised.append(f"our margin is {exposure.margin_bp / 100:.1f} %")
    return raised
