"""The book of episodes: one drop is one alert, a deeper step updates it, a return closes it and re-arms.

A product that comes and goes is one alert, too: out of stock again within days, it goes on. What is
part of a shop's campaign goes on unheard: the campaign is told instead. What makes it safe to see an
event twice, and to start again from the ledger:

- the id of an alert is a hash of its series and the event that opened it;
- an event that is not later than the newest one of its episode changes nothing;
- the event that alerts were last told for gives those same alerts again, so that a worker that died
  between the ledger and Kafka tells it after all. `restore` therefore takes closed alerts too.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alerts import severity, text
from alerts.campaigns import CUT, Campaigns, belongs, merged, subject_of, touches_us
from alerts.made import (
    DIGESTS,
    ENDINGS,
    KINDS,
    PROMOTIONS,
    Key,
    closed,
    gathered,
    group_of,
    key_of_alert,
    key_of_digest,
    key_of_event,
    made,
)
from alerts.phrases import say
from alerts.severity import Exposure
from contracts.alerts import Alert, Severity
from contracts.events import (
    MarketEvent,
    MassMove,
    OutOfStock,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionStarted,
)
from contracts.policy import Alerting, Detection
from contracts.times import DAY_MS, HOUR_MS

NONE = (0, "")
STALE_DAYS = 30  # an episode nobody returned from by then is the new normal


class Episode(msgspec.Struct, frozen=True, gc=False):
    """What the newest event of a series made, which of it was told, and whether people know it as open.

    Half a million of them are nothing that the garbage collector need look through: neither they
    nor the tuples and alerts in them can be part of a cycle.
    """

    made: tuple[Alert, ...]
    told: tuple[Alert, ...]
    public: bool


class AlertBook:
    """Open and lately closed episodes of every series.

    Args:
        detection: says how large a change must be to be told.
    """

    def __init__(self, alerting: Alerting, detection: Detection | None = None) -> None:
        self.alerting = alerting
        self._detection = detection or Detection()
        self._episodes: dict[Key, Episode] = {}
        self._counted: dict[Key, tuple[int, str]] = {}  # products of a digest since it was told, and the last event
        self._campaigns = Campaigns(alerting.campaign_hours * HOUR_MS)

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take over alerts from the ledger, in any order: the newest of each episode's key count."""
        newest: dict[Key, list[Alert]] = {}
        for key, episode in self._episodes.items():
            newest[key] = list(episode.told or episode.made)
        touched = set()
        for alert in alerts:
            key = key_of_alert(alert)
            known = newest.get(key, [])
            if known and known[0].event_id == alert.event_id:
                others = [one for one in known if one.alert_id != alert.alert_id]
                newest[key] = sorted([*others, alert], key=lambda one: one.status != "closed")
            elif not known or alert.observed_at > known[0].observed_at:
                newest[key] = [alert]
            else:
                continue
            touched.add(key)
        members: dict[str, list[Alert]] = {}
        for key in touched:
            if newest[key][-1].campaign:
                members.setdefault(newest[key][-1].event_id, []).append(newest[key][-1])
        for key in touched:
            self._take_over(key, newest[key], members)

    def _take_over(self, key: Key, told: list[Alert], members: dict[str, list[Alert]]) -> None:
        last = told[-1]
        if last.kind == "mass_move" and last.status != "closed":
            self._campaigns.run(last)
            told = [*members.get(last.event_id, []), *told]
        # Merged into a campaign, an episode is over for people and goes on unheard.
        goes_on = [msgspec.structs.replace(last, status="updated")] if last.campaign else told
        self._episodes[key] = Episode(tuple(goes_on), tuple(told), last.status != "closed")

    def open_alerts(self) -> list[Alert]:
        """Every alert that people know as open, at its newest state."""
        return [episode.made[-1] for episode in self._episodes.values() if episode.public]

    def on_event(self, event: MarketEvent, exposure: Exposure | None = None) -> list[Alert]:
        """Alerts to tell because of an event: none, one, or the end of some and the start of another."""
        if isinstance(event, PROMOTIONS) and event.promotion == "inferred":
            return []  # it is over already, and the prices were told
        if isinstance(event, DIGESTS):
            return self._digest(event)
        key = key_of_event(event)
        known = self._episodes.get(key)
        if known is None:
            return [] if isinstance(event, ENDINGS) else self._tell(event, key, exposure, None)
        newest = known.made[-1]
        if event.event_id == newest.event_id:
            return list(known.told)
        return [] if event.observed_at <= newest.observed_at else self._tell(event, key, exposure, known)

    def learn(self, campaign: Alert) -> list[Alert]:
        """Alerts that are part of a campaign which another worker told: closed, as merged into it."""
        self._campaigns.run(campaign)
        return self._merge(campaign)

    def _tell(self, event: MarketEvent, key: Key, exposure: Exposure | None, known: Episode | None) -> list[Alert]:
        last = None if known is None else known.made[-1]
        newest = None if last is None or last.status == "closed" else last
        if isinstance(event, PriceMoved):
            found = self._price(event, newest, exposure)
        else:
            found = self._gone_again(event, last) or self._other(event, newest)
        if not found:
            return []
        unheard = self._campaigns.of(event) is not None
        public = known is not None and known.public
        kept, told = [], []
        for alert in found:
            if alert.status == "closed":
                told += [alert] * public
                public = False
            elif not unheard:
                if newest is not None and not public:  # it went on unheard until now
                    alert = msgspec.structs.replace(alert, status="opened")  # noqa: PLW2901
                told.append(alert)
                public = True
                self._campaigns.opened(event, key)
            kept.append(alert)
        self._episodes[key] = Episode(tuple(kept), tuple(told), public)
        return told

    def _price(self, event: PriceMoved, newest: Alert | None, exposure: Exposure | None) -> list[Alert]:
        if newest is None:
            return [self._moved(event, _before(event), None, exposure)]
        start, last, price = newest.from_minor, newest.to_minor, event.price_minor
        if not _fresh(newest, event) or not start or not last or event.currency != newest.currency:
            return [closed(newest, event), self._moved(event, _before(event), None, exposure)]
        if not _apart(price, start, self.alerting.rearm_bp):
            return [closed(newest, event, price)]
        if (price > start) != (last > start):
            over = closed(newest, event, price)
            if not _apart(price, start, self._detection.move_threshold_bp(event.category, event.competitor)):
                return [over]  # back, and a little past it: less than anybody asked to hear of
            # A rise seldom ends by itself: what follows is a cut of the price that people see. A cut does.
            return [over, self._moved(event, start if price > start else last, None, exposure)]
        return [self._moved(event, start, newest, exposure)] if _apart(price, last, self.alerting.update_bp) else []

    def _moved(self, event: PriceMoved, start: int, before: Alert | None, exposure: Exposure | None) -> Alert:
        change_bp = (event.price_minor - start) * 10_000 // start
        level, reasons = severity.of_move(
            change_bp,
            self.alerting,
            exposure,
            event.match_confidence,
            event.in_stock,
            event.price_minor,
            event.currency,
        )
        return made(
            event,
            level,
            text.of_price(event, start, event.price_minor, event.currency),
            before,
            reasons=(*reasons, say(f"seen_{event.basis}")),
            from_minor=start,
            to_minor=event.price_minor,
            currency=event.currency,
            change_bp=change_bp,
            group=group_of(event.competitor, "down" if change_bp < 0 else "up", event.observed_at // HOUR_MS),
        )

    def _gone_again(self, event: MarketEvent, last: Alert | None) -> list[Alert]:
        """The next revision of an alert that a product's return had closed, where that lasted only for days."""
        if not isinstance(event, OutOfStock) or last is None or last.status != "closed":
            return []
        if event.observed_at - last.observed_at > self.alerting.flap_days * DAY_MS:
            return []
        count = max(last.count, 1) + 1
        headline = text.of_gone_again(event, count, event.observed_at - last.opened_at)
        return [made(event, last.severity, headline, last, group=_group(event), count=count)]

    @staticmethod
    def _other(event: MarketEvent, newest: Alert | None) -> list[Alert]:
        if isinstance(event, ENDINGS):
            return [closed(newest, event)] if newest is not None else []
        level: Severity = "yellow" if isinstance(event, PromotionStarted) and event.novel else "green"
        group, headline = _group(event), text.of_event(event)
        if newest is not None and not _fresh(newest, event):
            return [closed(newest, event), made(event, level, headline, None, group=group)]
        return [made(event, level, headline, newest, group=group, count=newest.count if newest else 0)]

    # What is told of a whole shop

    def _digest(self, event: ProductListed | ProductDelisted | MassMove) -> list[Alert]:
        mass = isinstance(event, MassMove)
        subject = subject_of(event) if isinstance(event, MassMove) else text.LISTING[type(event)]
        key = key_of_digest(event, subject)
        known = self._episodes.get(key)
        newest = known.made[-1] if known is not None else None
        if known is not None and newest is not None:
            if event.event_id == newest.event_id:
                return list(known.told)
            if event.observed_at < newest.observed_at or event.event_id == self._counted.get(key, NONE)[1]:
                return []
        going_on = newest is not None and newest.status != "closed" and _same_day(newest, event, rolling=mass)
        told = self._more(event, key, newest) if going_on and newest is not None else self._new(event, key, newest)
        if isinstance(event, MassMove):
            told = self._campaign(told, key)
        return told

    def _more(self, event: ProductListed | ProductDelisted | MassMove, key: Key, newest: Alert) -> list[Alert]:
        before = newest.count + self._counted.get(key, NONE)[0]
        count = before + _amount(event)
        # Said again where it has doubled: a thousand new products are ten revisions.
        doubled = count.bit_length() > before.bit_length()
        if not doubled and not isinstance(event, MassMove):
            self._counted[key] = (count - newest.count, event.event_id)
            return []
        self._counted.pop(key, None)
        alert = gathered(event, newest.severity, newest.subject, count, newest)
        alert = msgspec.structs.replace(alert, change_bp=newest.change_bp, reasons=newest.reasons)
        told = [alert] if doubled else []
        self._episodes[key] = Episode((alert,), tuple(told), public=True)
        return told

    def _new(self, event: ProductListed | ProductDelisted | MassMove, key: Key, newest: Alert | None) -> list[Alert]:
        still_open = newest is not None and newest.status != "closed"
        self._counted.pop(key, None)
        over = [closed(newest, event)] if newest is not None and still_open else []
        level: Severity = "green"
        if isinstance(event, MassMove):
            level = "red" if key[-1] == CUT else "yellow"
        alert = gathered(event, level, key[-1], _amount(event), None)
        if isinstance(event, MassMove):
            alert = msgspec.structs.replace(alert, change_bp=event.median_change_bp, reasons=(event.reason,))
        self._episodes[key] = Episode((*over, alert), (*over, alert), public=True)
        return [*over, alert]

    def _campaign(self, told: list[Alert], key: Key) -> list[Alert]:
        episode = self._episodes[key]
        members = self._merge(episode.made[-1])
        campaign = touches_us(episode.made[-1], members) if told else episode.made[-1]
        told = [*told[:-1], *members, campaign] if told else members
        self._episodes[key] = Episode((*episode.made[:-1], campaign), tuple(told), public=True)
        self._campaigns.run(campaign)
        return told

    def _merge(self, campaign: Alert) -> list[Alert]:
        """Close what was opened lately and is part of the campaign; it goes on unheard."""
        members = []
        for key in self._campaigns.opened_lately(campaign):
            episode = self._episodes[key]
            if episode.public and belongs(campaign, episode.made[-1]):
                members.append(merged(episode.made[-1], campaign))
                goes_on = msgspec.structs.replace(members[-1], status="updated", headline=episode.made[-1].headline)
                self._episodes[key] = Episode((goes_on,), (members[-1],), public=False)
        return members


def _amount(event: ProductListed | ProductDelisted | MassMove) -> int:
    return event.products_moved if isinstance(event, MassMove) else 1


def _same_day(alert: Alert, event: MarketEvent, rolling: bool) -> bool:
    if rolling:
        return event.observed_at - alert.opened_at < DAY_MS
    return event.observed_at // DAY_MS == alert.opened_at // DAY_MS


def _group(event: MarketEvent) -> str:
    return group_of(event.competitor, KINDS[type(event)], event.observed_at // HOUR_MS)


def _fresh(alert: Alert, event: MarketEvent) -> bool:
    return event.observed_at - alert.observed_at <= STALE_DAYS * DAY_MS


def _before(event: PriceMoved) -> int:
    return event.previous_minor if event.basis == "step" else event.anchor_minor


def _apart(price: int, reference: int, basis_points: int) -> bool:
    return abs(price - reference) * 10_000 > basis_points * reference
