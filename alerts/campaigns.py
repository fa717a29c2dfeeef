"""Which moves of a shop are part of one campaign: told as the campaign, not one by one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

import msgspec

from alerts.made import Key
from alerts.phrases import say
from contracts.alerts import Alert
from contracts.events import MarketEvent, MassMove, ObservationQuarantined, OutOfStock, PriceMoved, PromotionStarted
from contracts.money import format_minor

CUT, ROSE, BROKEN = "campaign_down", "campaign_up", "broken_page"


def subject_of(event: MassMove) -> str:
    """What kind of mass move it is: two kinds at one shop are two things."""
    if event.verdict == "broken_page":
        return BROKEN
    return CUT if event.median_change_bp <= 0 else ROSE


class Campaigns:
    """Mass moves by shop, and what was opened there shortly before one.

    Args:
        window_ms: what happens so long before or after a mass move is part of it.
    """

    def __init__(self, window_ms: int) -> None:
        self.window_ms = window_ms
        self._running: dict[str, dict[str, Alert]] = {}
        self._opened: defaultdict[str, deque[tuple[int, Key]]] = defaultdict(deque)

    def run(self, campaign: Alert) -> None:
        """From now on this is the newest state of a campaign."""
        self._running.setdefault(campaign.competitor, {})[campaign.subject] = campaign

    def of(self, event: MarketEvent) -> Alert | None:
        """The campaign an event is part of."""
        running = self._running.get(event.competitor)
        if running is None:
            return None
        return next((one for one in running.values() if self._near(one, event.observed_at) and _part(one, event)), None)

    def opened(self, event: MarketEvent, key: Key) -> None:
        """Remember what was opened, in case a mass move follows."""
        lately = self._opened[event.competitor]
        lately.append((event.observed_at, key))
        while lately[0][0] < event.observed_at - self.window_ms:
            lately.popleft()

    def opened_lately(self, campaign: Alert) -> Iterable[Key]:
        """Keys of what was opened at the shop in the window of a campaign."""
        lately = self._opened[campaign.competitor]
        return dict.fromkeys(key for at, key in lately if self._near(campaign, at))

    def _near(self, campaign: Alert, at: int) -> bool:
        return campaign.opened_at - self.window_ms <= at <= campaign.observed_at + self.window_ms


def belongs(campaign: Alert, alert: Alert) -> bool:
    """Whether an open alert tells a part of what the campaign tells."""
    if alert.kind == "price":
        return _fits(campaign, alert.change_bp)
    if alert.kind == "promotion":
        return campaign.subject == CUT and alert.severity == "green"
    return alert.kind == "quarantine" or (alert.kind == "stock" and campaign.subject == BROKEN)


def merged(alert: Alert, campaign: Alert) -> Alert:
    """The last revision of an alert that goes on as part of a campaign."""
    return msgspec.structs.replace(
        alert,
        revision=alert.revision + 1,
        status="closed",
        observed_at=max(alert.observed_at, campaign.observed_at),
        event_id=campaign.event_id,
        headline=f"Part of a campaign: {alert.headline}",
        campaign=campaign.alert_id,
    )


def touches_us(campaign: Alert, members: Iterable[Alert]) -> Alert:
    """The campaign with a word on which of our products it meets, the hardest first."""
    ours = sorted((one for one in members if one.sku and one.kind == "price"), key=lambda one: (one.change_bp, one.sku))
    if not ours:
        return campaign
    worst = ours[0]
    price = format_minor(worst.to_minor, worst.currency) if worst.to_minor else ""
    words = say("ours", len(ours), worst.sku, f"{worst.change_bp / 100:+.1f}", price)
    return msgspec.structs.replace(campaign, reasons=(*campaign.reasons, words))


def _part(campaign: Alert, event: MarketEvent) -> bool:
    if isinstance(event, PriceMoved):
        before = event.previous_minor if event.basis == "step" else event.anchor_minor
        return _fits(campaign, event.price_minor - before)
    if isinstance(event, PromotionStarted):
        return campaign.subject == CUT and not event.novel
    if isinstance(event, OutOfStock):
        return campaign.subject == BROKEN
    return isinstance(event, ObservationQuarantined)


def _fits(campaign: Alert, change: int) -> bool:
    # A broken page moves prices anywhere; a sale does not raise them.
    return campaign.subject == BROKEN or (change < 0) == (campaign.subject == CUT)
