"""What the agent remembers of each SKU. Every update is an upsert by event time.

So the state after a restart is the fold of the same facts in whatever order they come:
newest fact by its time, price history as a set of points, proposals and decisions by id.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec

from contracts.facts import CatalogItem, Match, StockLevel
from contracts.observations import PriceType
from contracts.proposals import Decision, Proposal
from contracts.times import HOUR_MS
from pricing.cap import PriceHistory
from pricing.demand import SalesHistory

Rival = tuple[str, str, str]  # competitor, product, seller


class Quote(msgspec.Struct):
    """A competitor's price as last seen; `cut_from_minor` is the price before a cut that still stands."""

    price_minor: int
    currency: str
    observed_at: int
    price_type: PriceType = "regular"
    in_stock: bool = True
    on_promotion: bool = False
    cut_from_minor: int | None = None


class Markdown(msgspec.Struct, frozen=True):
    """A markdown of ours that is in force: what it is, and the price to return to."""

    price_minor: int
    restore_minor: int
    since: int


class Diary:
    """The next moment at which each product is to be looked at; one entry a product."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str]] = []
        self._known: set[str] = set()

    def note(self, sku: str, moment: int) -> None:
        """Look at a product at a moment, unless an entry for it is there: that will say when."""
        if sku not in self._known:
            self._known.add(sku)
            heapq.heappush(self._entries, (moment, sku))

    def due(self, now: int) -> Iterator[tuple[int, str]]:
        """Moments that have come and their products, in order, each taken out of the diary."""
        while self._entries and self._entries[0][0] <= now:
            moment, sku = heapq.heappop(self._entries)
            self._known.discard(sku)
            yield moment, sku


class SkuState:
    """One of our products."""

    __slots__ = (
        "_histories", "arrived", "cuts", "decisions", "item", "listed", "markdown", "newest_event", "proposed",
        "quotes", "sales", "stock",
    )  # fmt: skip

    def __init__(self) -> None:
        self.listed: CatalogItem | None = None  # as the catalogue says
        self.item: CatalogItem | None = None  # at the price that was decided since
        self.stock: StockLevel | None = None
        self.sales = SalesHistory()
        self._histories: dict[str, PriceHistory] = {}
        self.quotes: dict[Rival, Quote] = {}
        self.decisions: dict[str, Decision] = {}
        self.proposed: dict[str, Proposal] = {}
        self.cuts: dict[str, int] = {}
        self.markdown: Markdown | None = None
        self.newest_event = 0
        self.arrived = 0  # when the newest fact was told

    def prices(self, currency: str) -> PriceHistory:
        """What it cost in a currency: amounts of two are never compared."""
        history = self._histories.get(currency)
        if history is None:
            history = self._histories[currency] = PriceHistory()
        return history

    def told(self) -> list[int]:
        """Times of the newest event and facts."""
        return [self.newest_event, *(fact.as_of for fact in (self.item, self.stock) if fact)]

    def decided(self) -> list[Decision]:
        """Decisions about its price in the currency it has now, in order of time."""
        currency = self.item.currency if self.item else ""
        mine = (made for made in self.decisions.values() if made.currency == currency)
        return sorted(mine, key=lambda made: (made.decided_at, made.decision_id))


class PricingState:
    """Every SKU, every match, and what was spent of the hourly budgets."""

    def __init__(self) -> None:
        self.skus: dict[str, SkuState] = {}
        self.matches: dict[tuple[str, str], Match] = {}
        self.open: dict[str, Proposal] = {}
        self.diary = Diary()
        self.clock = 0  # newest event time that the market or people told

    def sku(self, sku: str) -> SkuState:
        """State of a SKU, empty at first."""
        state = self.skus.get(sku)
        if state is None:
            state = self.skus[sku] = SkuState()
        return state

    def within_an_hour(self, moment: int) -> Iterator[Proposal]:
        """Proposals that went out less than an hour before or after a moment of event time.

        Events of different products come out of order: those after it count, too, so that no
        hour ever holds more than the budget.
        """
        return (p for p in self.open.values() if abs(p.decided_at - moment) < HOUR_MS)
