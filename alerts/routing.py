"""Who is told what, on which channel, and when: routes, quiet hours, escalation, what becomes one message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from alerts.severity import LEVELS
from contracts.alerts import Alert, Delivery
from contracts.errors import BadPolicyError
from contracts.ids import make_id
from contracts.observations import PricePoint
from contracts.policy import Alerting, Route
from contracts.times import EPOCH, MILLISECOND, MINUTE_MS, SECOND_MS

FIRST_RETRY_MS = 5 * SECOND_MS
LONGEST_RETRY_MS = 15 * MINUTE_MS
LATE_MS = 10 * MINUTE_MS
ESCALATION = "escalation"


class Parcel(msgspec.Struct, frozen=True):
    """What one channel gets at once: an alert, or several as one message.

    `parcel_id` stays the same however often it is tried, so that a channel can tell it came before.
    `doubtful`: it was being sent before, and nobody said whether it arrived.
    `history` is what a channel that shows a chart draws of a single alert's product.
    """

    parcel_id: str
    channel: str
    deliveries: tuple[Delivery, ...]
    alerts: tuple[Alert, ...]
    history: tuple[PricePoint, ...] = ()
    doubtful: bool = False

    @property
    def escalated(self) -> bool:
        """Whether it says that nobody acknowledged an alert in time."""
        return bool(self.deliveries) and all(map(is_escalation, self.deliveries))

    @property
    def attempts(self) -> int:
        """How often it was tried before."""
        return max((delivery.attempts for delivery in self.deliveries), default=0)


class Routes:
    """The routes of a policy over the channels there are.

    Args:
        channels: names of the channels of the settings; BadPolicyError for a route to any other.
    """

    def __init__(self, alerting: Alerting, channels: Iterable[str]) -> None:
        self.alerting = alerting
        self.channels = list(channels)
        self._zone = ZoneInfo(alerting.timezone)
        self._routes = alerting.routes or (Route(),)
        for route in self._routes:
            unknown = sorted(set(route.channels) - set(self.channels))
            if unknown:
                named = ", ".join(self.channels) or "none"
                raise BadPolicyError(
                    f"route {route.name!r} names the channel {unknown[0]!r}; the settings have {named}"
                )

    def deliveries(self, alert: Alert, now_ms: int) -> list[Delivery]:
        """What is owed for one revision of an alert from now on (epoch ms): each channel once."""
        due: dict[str, int] = {}
        for route in self._routes:
            if not route.escalation and _worth_telling(alert) and _fits(route, alert):
                at = self._after_quiet(route, alert, now_ms)
                for channel in route.channels or self.channels:
                    due[channel] = min(due.get(channel, at), at)
        return [_owed("delivery", alert, channel, at) for channel, at in due.items()]

    def escalations(self, alert: Alert, now_ms: int) -> list[Delivery]:
        """What is owed because nobody acknowledged a red alert in time, once for the alert."""
        due: dict[str, int] = {}
        for route in self._escalating():
            if _concerns(route, alert):
                at = self._after_quiet(route, alert, now_ms)
                for channel in route.channels or self.channels:
                    due[channel] = min(due.get(channel, at), at)
        return [_owed(ESCALATION, alert, channel, at) for channel, at in due.items()]

    def not_before(self, parcel: Parcel, at: int) -> int:
        """The earliest time from `at` on at which no quiet hours keep the parcel back."""
        routes = self._escalating() if parcel.escalated else [one for one in self._routes if not one.escalation]
        times = [
            self._after_quiet(route, alert, at)
            for alert in parcel.alerts
            for route in routes
            if parcel.channel in (route.channels or self.channels) and _fits(route, alert)
        ]
        return min(times, default=at)

    def _escalating(self) -> list[Route]:
        return [route for route in self._routes if route.escalation] or list(self._routes)

    def _after_quiet(self, route: Route, alert: Alert, at: int) -> int:
        own = bool(route.quiet_from and route.quiet_until)
        begins = route.quiet_from if own else self.alerting.quiet_from
        ends = route.quiet_until if own else self.alerting.quiet_until
        if not begins or not ends or (alert.severity == "red" and self.alerting.red_breaks_quiet):
            return at
        return _quiet_end(at, time.fromisoformat(begins), time.fromisoformat(ends), self._zone)


def parcels(owed: Sequence[tuple[Delivery, Alert]], merge_from: int) -> list[Parcel]:
    """What is owed to one channel now as what it will get: `merge_from` or more become one message.

    0 merges nothing. What was kept back, by quiet hours or by a channel that was dead, is one
    message from two on. Escalations are not mixed with the rest. One alert is told once, at its newest revision,
    whatever is owed of it.
    """
    newest: dict[tuple[str, bool], list[tuple[Delivery, Alert]]] = {}
    for delivery, alert in owed:
        newest.setdefault((alert.alert_id, is_escalation(delivery)), []).append((delivery, alert))
    singles = [_parcel(group) for group in newest.values()]
    escalated = [parcel for parcel in singles if parcel.escalated]
    others = [parcel for parcel in singles if not parcel.escalated]
    if not merge_from:
        return [*escalated, *others]
    if len(others) < merge_from:
        late = [parcel for parcel in others if _kept_back(parcel)]
        timely = [parcel for parcel in others if not _kept_back(parcel)]
        return [*_merged(escalated, merge_from), *timely, *_merged(late, 2)]
    return [*_merged(escalated, merge_from), *_merged(others, merge_from)]


def _kept_back(parcel: Parcel) -> bool:
    return any(delivery.due_at - parcel.alerts[0].observed_at > LATE_MS for delivery in parcel.deliveries)


def _merged(singles: list[Parcel], merge_from: int) -> list[Parcel]:
    if len(singles) < merge_from:
        return singles
    deliveries = tuple(delivery for parcel in singles for delivery in parcel.deliveries)
    parcel_id = make_id("digest", *sorted(delivery.delivery_id for delivery in deliveries))
    return [Parcel(parcel_id, singles[0].channel, deliveries, _loudest_first(p.alerts[0] for p in singles))]


def _loudest_first(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    return tuple(sorted(alerts, key=lambda one: (-LEVELS.index(one.severity), -one.observed_at, one.alert_id)))


def together(parcel_id: str, group: Sequence[tuple[Delivery, Alert]], doubtful: bool) -> Parcel:
    """A parcel that was held before: the same again; `doubtful` where its sending had begun."""
    alerts = {alert.alert_id: alert for _, alert in group}
    deliveries = tuple(delivery for delivery, _ in group)
    return Parcel(parcel_id, group[0][0].channel, deliveries, _loudest_first(alerts.values()), doubtful=doubtful)


def is_escalation(delivery: Delivery) -> bool:
    """Whether a delivery says that nobody acknowledged an alert in time."""
    return delivery.delivery_id.startswith(f"{ESCALATION}_")


def retry_at(now_ms: int, attempts: int) -> int:
    """When to try a refused delivery again: pauses double up to a quarter of an hour."""
    return now_ms + min(FIRST_RETRY_MS << min(attempts, 20), LONGEST_RETRY_MS)


def _parcel(group: Sequence[tuple[Delivery, Alert]]) -> Parcel:
    last = max(group, key=lambda pair: pair[0].revision)[0]
    return Parcel(last.delivery_id, last.channel, tuple(delivery for delivery, _ in group), (group[0][1],))


def _owed(kind: str, alert: Alert, channel: str, at: int) -> Delivery:
    revision: tuple[int, ...] = () if kind == ESCALATION else (alert.revision,)
    return Delivery(
        delivery_id=make_id(kind, alert.alert_id, *revision, channel),
        alert_id=alert.alert_id,
        revision=alert.revision,
        channel=channel,
        due_at=at,
    )


def _worth_telling(alert: Alert) -> bool:
    """A digest that grows and what was merged into a campaign are for the console.

    So is a product that comes and goes, but for when it has done so twice as often as when it was last told.
    """
    if alert.campaign or (alert.kind == "stock" and alert.count & (alert.count - 1)):
        return False
    return alert.status == "opened" or alert.kind not in ("mass_move", "assortment")


def _fits(route: Route, alert: Alert) -> bool:
    return LEVELS.index(alert.severity) >= LEVELS.index(route.severity) and _concerns(route, alert)


def _concerns(route: Route, alert: Alert) -> bool:
    return (
        (not route.kinds or alert.kind in route.kinds)
        and (not route.categories or alert.category in route.categories)
        and (not route.competitors or alert.competitor in route.competitors)
    )


def _quiet_end(at: int, begins: time, ends: time, zone: ZoneInfo) -> int:
    """The end of the quiet hours that `at` (epoch ms) lies in, or `at`. They may go through midnight."""
    moment = (EPOCH + at * MILLISECOND).astimezone(zone)
    clock = moment.time()
    within = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not within or begins == ends:
        return at
    day = moment.date() if clock < ends else moment.date() + timedelta(days=1)
    end = datetime.combine(day, ends, zone)
    return max(at, (end - EPOCH) // MILLISECOND)
