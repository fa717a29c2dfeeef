"""The rules of the detector once more: slow, one observation at a time, obviously right."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from statistics import median_low

from contracts.observations import Observation
from contracts.policy import Detection


@dataclass
class Window:
    """A crawl window: the offer that counts so far."""

    start: int
    price: int
    at: int
    in_stock: bool
    rose: bool
    waits: bool = False
    suspect: bool = False


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
    seen_price: int = 0
    window: Window | None = None
    many: int = 0


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
        if self._is_old(s, o.observed_at, price):
            return told
        later = s.seen_at is None or o.observed_at > s.seen_at
        s.seen_at = o.observed_at if later else s.seen_at
        s.seen_price, s.currency = price, s.currency or o.currency
        return told + self._price(s, o, price, later)

    @property
    def _minutes(self) -> int:
        return self.detection.crawl_window_minutes * 60_000

    def _is_old(self, s: Series, at: int, price: int) -> bool:
        if s.seen_at is None or at > s.seen_at:
            return False
        in_window = self._minutes > 0 and s.window is not None and at >= s.window.start
        return not in_window or (at == s.seen_at and price == s.seen_price)

    def _offer(self, s: Series, o: Observation, price: int) -> list[Told]:
        if not self._minutes:
            return self._accept(s, o, price, o.observed_at)
        in_stock, w = o.availability == "InStock", s.window
        if w is None or o.observed_at - w.start >= self._minutes:
            return self._next_window(s, o, price, in_stock)
        if price == w.price:
            w.in_stock = w.in_stock or in_stock
            return []
        if (w.in_stock and not in_stock) or (w.in_stock == in_stock and price > w.price):
            w.suspect = w.suspect or (price > w.price and not w.waits)
            return []
        if w.rose and price < w.price:
            s.many = 100
        w.price, w.at, w.in_stock = price, o.observed_at, in_stock
        if w.waits and price > s.last:
            return []
        w.waits = False
        return self._accept(s, o, price, o.observed_at)

    def _next_window(self, s: Series, o: Observation, price: int, in_stock: bool) -> list[Told]:
        before = s.window
        told = self._accept(s, o, before.price, before.at) if before and before.waits else []
        rises = s.last > 0 and price > s.last
        s.window = Window(o.observed_at, price, o.observed_at, in_stock, rises)
        if before and before.suspect and not rises:
            s.many = 100
        if s.many > 0:
            s.many -= 1
            if rises:
                s.window.waits = True
                return told
        return told + self._accept(s, o, price, o.observed_at)

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

    def _price(self, s: Series, o: Observation, price: int, later: bool) -> list[Told]:
        if not self.detection.quarantine:
            if o.currency != s.currency:
                s.currency, s.accepted, s.last = o.currency, [], 0
                self._forget_rise(s)
            return self._offer(s, o, price)
        recent = s.accepted[-5:]
        factor = self.detection.quarantine_factor
        middle = median_low(recent) if recent else price
        strange = price > factor * middle or price < Fraction(middle, factor)
        if o.currency == s.currency and not strange:
            s.held = None
            return self._offer(s, o, price)
        if not later:
            return []
        if s.held and s.held[1] == o.currency:
            agrees = abs(price - s.held[0]) <= Fraction(self.detection.confirmation_bp, 10_000) * s.held[0]
            if agrees:
                if o.currency != s.currency:
                    s.last = 0
                s.held, s.accepted, s.currency = None, [], o.currency
                self._forget_rise(s)
                return self._offer(s, o, price)
        first = s.held is None
        s.held = (price, o.currency)
        return [("quarantined", o.observed_at, price)] if first else []

    @staticmethod
    def _forget_rise(s: Series) -> None:
        if s.window:
            s.window.waits = False

    def _accept(self, s: Series, o: Observation, price: int, at: int) -> list[Told]:
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
        return [("step" if step else "drift", at, price)]
