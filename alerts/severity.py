"""How loud an alert is: by the size of the move, by what it exposes of ours, by how sure we are."""

from __future__ import annotations

import msgspec

from alerts.phrases import say
from contracts.alerts import Severity
from contracts.facts import CatalogItem, StockLevel
from contracts.money import format_minor
from contracts.policy import Alerting

LEVELS: tuple[Severity, ...] = ("green", "yellow", "red")
SURE = 0.8  # below this match confidence nothing is red


class Exposure(msgspec.Struct, frozen=True):
    """What a competitor's move puts at risk; None where we do not know.

    `days_of_cover` is our stock over forecast daily demand, `margin_bp` our margin over
    price in basis points, `daily_sales` units a day, `price_minor` our own price in
    minor units of `currency`.
    """

    days_of_cover: float | None = None
    margin_bp: int | None = None
    daily_sales: float | None = None
    price_minor: int | None = None
    currency: str = ""


def exposure_of(item: CatalogItem | None, stock: StockLevel | None, daily_demand: float | None) -> Exposure | None:
    """Exposure of one of our products from what the ledger knows of it; None where that is nothing."""
    if item is None or item.price_minor <= 0:
        return None
    cover = stock.on_hand / daily_demand if stock is not None and daily_demand else None
    margin = None
    if item.cost_minor is not None:
        margin = (item.price_minor - item.cost_minor - item.fees_minor) * 10_000 // item.price_minor
    return Exposure(cover, margin, daily_demand, item.price_minor, item.currency)


def of_move(
    change_bp: int,
    alerting: Alerting,
    exposure: Exposure | None,
    match_confidence: float,
    in_stock: bool,
    price_minor: int | None = None,
    currency: str = "",
) -> tuple[Severity, tuple[str, ...]]:
    """Severity of a price move and the reasons for it, the size first.

    Args:
        change_bp: signed change in basis points; a rise is a chance, not a threat.
        in_stock: whether the competitor can deliver at that price.
        price_minor: the competitor's price now, compared with ours where both are known.
    """
    size = abs(change_bp)
    level = 2 if size >= alerting.red_bp else 1 if size >= alerting.yellow_bp else 0
    reasons = [say("moved", f"{change_bp / 100:+.1f}")]
    if change_bp > 0:
        level, reasons = level - 1, [*reasons, say("rise")]
    if not in_stock:
        level, reasons = level - 1, [*reasons, say("unavailable")]
    if change_bp < 0 and exposure is not None:
        raised = _exposed(exposure, alerting)
        nearer, words = _beside_ours(exposure, alerting, price_minor, currency)
        # Many ways to be exposed are still one step: a small cut is never red for them alone.
        level, reasons = level + (bool(raised) if nearer >= 0 else nearer), [*reasons, *words, *raised]
    if match_confidence < SURE:
        level, reasons = min(level, 1), [*reasons, say("unsure", f"{match_confidence * 100:.0f}")]
    return LEVELS[max(0, min(level, 2))], tuple(reasons)


def _exposed(exposure: Exposure, alerting: Alerting) -> list[str]:
    raised = []
    if exposure.days_of_cover is not None and exposure.days_of_cover > alerting.ample_cover_days:
        raised.append(say("cover", f"{exposure.days_of_cover:.0f}"))
    if exposure.margin_bp is not None and exposure.margin_bp < alerting.thin_margin_bp:
        raised.append(say("margin", f"{exposure.margin_bp / 100:.1f}"))
    if exposure.daily_sales is not None and exposure.price_minor is not None:
        a_day = round(exposure.daily_sales * exposure.price_minor)
        if a_day >= alerting.exposed_daily_minor:
            raised.append(say("sales", format_minor(a_day, exposure.currency)))
    return raised


def _beside_ours(
    exposure: Exposure, alerting: Alerting, price_minor: int | None, currency: str
) -> tuple[int, list[str]]:
    ours = exposure.price_minor
    if not ours or price_minor is None or currency != exposure.currency:
        return 0, []
    apart_bp = (price_minor - ours) * 10_000 // ours
    price = format_minor(ours, currency)
    if apart_bp > alerting.clearly_dearer_bp:
        return -1, [say("above_us", f"{apart_bp / 100:.1f}", price)]
    return 0, [say("below_us", f"{-apart_bp / 100:.1f}", price)] if apart_bp < 0 else []
