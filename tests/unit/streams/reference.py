"""The rules of the detector once more: slow, one observation at a time, obviously right."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from statistics import median_low

from contracts.observations import Observation
from contracts.policy import Detection


@dataclass
class Series:
    """What the reference remembers of one series."""

    accepted: list[int] = field(default_factory=list)
    anchor: int = 0
    last: int = 0
    currency: str = ""
    seen_at: int | None = None
    checked_at: int | None = None
    held: tuple[int, str] | None = None
    availability: str = "Unknown"
    streak: int = 0


Told = tuple[str, int, int]  # kind or basis, row's observed_at, price


class Reference:
    """Detector in the words of the rule book."""

    def __init__(self, detection: Detection) -> None:
        self.detection = detection
        self.series: dict[tuple[str, str, str, str], Series] = {}

    def observe(self, o: Observation) -> list[Told]:
        s = self.series.setdefault((o.competitor, o.product_id, o.seller, o.price_type), Series())
        told: list[Told] = []
        if s.checked_at is None or o.observed_at > s.checked_at:
            s.checked_at = o.observed_at
            told += self._availability(s, o)
        price = o.price_minor
        if price is None or not 0 < price <= 9 * 10**14:
            return told
        if s.seen_at is not None and o.observed_at <= s.seen_at:
            return told
        s.seen_at = o.observed_at
        s.currency = s.currency or o.currency
        return told + self._price(s, o, price)

    def _availability(self, s: Series, o: Observation) -> list[Told]:
        if o.availability == "Unknown":
            return []
        if s.availability in ("Unknown", o.availability):
            s.availability, s.streak = o.availability, 0
            return []
        s.streak += 1
        if s.streak < self.detection.availability_confirmations:
            return []
        s.availability, s.streak = o.availability, 0
        return [(o.availability, o.observed_at, 0)]

    def _price(self, s: Series, o: Observation, price: int) -> list[Told]:
        if not self.detection.quarantine:
            if o.currency != s.currency:
                s.currency, s.accepted, s.last = o.currency, [], 0
            return self._accept(s, o, price)
        recent = s.accepted[-5:]
        factor = self.detection.quarantine_factor
        middle = median_low(recent) if recent else price
        strange = price > factor * middle or price < Fraction(middle, factor)
        if o.currency == s.currency and not strange:
            s.held = None
            return self._accept(s, o, price)
        if s.held and s.held[1] == o.currency:
            agrees = abs(price - s.held[0]) <= Fraction(self.detection.confirmation_bp, 10_000) * s.held[0]
            if agrees:
                if o.currency != s.currency:
                    s.last = 0
                s.held, s.accepted, s.currency = None, [], o.currency
                return self._accept(s, o, price)
        first = s.held is None
        s.held = (price, o.currency)
        return [("quarantined", o.observed_at, price)] if first else []

    def _accept(self, s: Series, o: Observation, price: int) -> list[Told]:
        last, s.last = s.last, price
        s.accepted.append(price)
        if not last:
            s.anchor = price
            return []
        limit = Fraction(self.detection.move_threshold_bp(o.category, o.competitor), 10_000)
        step = abs(price - last) > limit * last
        drift = self.detection.drift and price != last and abs(price - s.anchor) > limit * s.anchor
        if o.price_type not in self.detection.price_types or not (step or drift):
            return []
        s.anchor = price
        return [("step" if step else "drift", o.observed_at, price)]
