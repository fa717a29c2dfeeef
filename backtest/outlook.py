"""What the demand model expects of the proposals, and where our prices stood: figures for the report's plots."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from contracts.proposals import Proposal
from contracts.times import DAY_MS
from pricing.agent import PricingState
from streams.price_index import Offer, Position, index_of, position


class Range(NamedTuple):
    """An expected value and the ends it has with demand and elasticity at the ends of their 80 % intervals."""

    expected: float
    lower: float
    upper: float

    def plus(self, other: Range) -> Range:
        """The sum; as if all were wrong in the same direction, so never too narrow."""
        return Range(self.expected + other.expected, self.lower + other.lower, self.upper + other.upper)


NOTHING = Range(0.0, 0.0, 0.0)


class Outlook(NamedTuple):
    """Change a day that a proposal is expected to bring: units, and margin in minor units of its currency."""

    units: Range
    margin: Range


def outlook_of(proposal: Proposal) -> Outlook | None:
    """Units and margin a day at the proposed price less those at the current one; None where too little is known.

    Demand at a price is `daily_demand * (price / current) ** elasticity`, as the agent reckons.
    """
    known = proposal.signals
    demand, elasticity, cost = known.daily_demand, known.elasticity, known.cost_minor
    if proposal.blocked_by is not None or demand is None or elasticity is None or cost is None:
        return None
    if proposal.current_minor <= 0 or proposal.proposed_minor <= 0:
        return None
    demands = [demand, *[bound for bound in (known.demand_lower, known.demand_upper) if bound is not None]]
    slopes = [elasticity, *[bound for bound in (known.elasticity_lower, known.elasticity_upper) if bound is not None]]
    corners = [_change(proposal, cost + known.fees_minor, *corner) for corner in product(demands, slopes)]
    units, margins = zip(*corners, strict=True)
    return Outlook(Range(units[0], min(units), max(units)), Range(margins[0], min(margins), max(margins)))


def _change(proposal: Proposal, cost: int, demand: float, elasticity: float) -> tuple[float, float]:
    now, then = proposal.current_minor, proposal.proposed_minor
    units: float = demand * (then / now) ** elasticity
    return units - demand, units * (then - cost) - demand * (now - cost)


class IndexByDay:
    """The price index at the end of each day: our catalogue prices among the competitors' last moves.

    Attributes:
        days: UTC day to index in basis points, 10,000 at the market's median, above it dearer.
    """

    def __init__(self) -> None:
        self.days: dict[int, int] = {}
        self._day: int | None = None

    def reach(self, moment: int, state: PricingState) -> None:
        """Event time has come to `moment`: note the index where a day is over."""
        today = moment // DAY_MS
        if self._day is not None and today > self._day:
            self.note(state)
        self._day = today if self._day is None else max(today, self._day)

    def note(self, state: PricingState) -> None:
        """Note the index as it is, for the day event time is in."""
        found = index_of(_positions(state))
        if found is not None and self._day is not None:
            self.days[self._day] = found


def _positions(state: PricingState) -> Iterable[Position]:
    for known in state.skus.values():
        if known.item is None:
            continue
        offers = [
            Offer(rival[0], quote.price_minor, quote.currency, quote.observed_at, quote.in_stock)
            for rival, quote in known.quotes.items()
        ]
        # A quote stands until its price moves: its age says nothing.
        found = position(known.item.price_minor, known.item.currency, offers, 0, 0)
        if found is not None:
            yield found
