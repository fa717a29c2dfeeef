"""What we did in a period, and what it brought: sales beside those of the days before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec

from contracts.facts import UnitsSold
from contracts.proposals import Decision, Proposal, ProposalStatus
from contracts.times import DAY_MS
from reports.sources import BESIDE_DAYS, Facts

SOLD_DAYS = 2  # fewer days with sales on either side say nothing


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """A price we changed. Units a day before and after, None where too few days are known.

    `answered_ms` is from the competitor's price seen to our decision; `profit_minor_a_day` the
    change of (price - cost - fees) times units a day against the days before.
    """

    decision: Decision
    name: str
    competitor: str
    competitor_minor: int | None
    answered_ms: int | None
    units_before: float | None
    units_after: float | None
    profit_minor_a_day: int | None
    expected_minor: int | None


class Proposed(msgspec.Struct, frozen=True):
    """Proposals made by status, those held back by the guard that did, and what was at stake."""

    made: dict[str, int]
    held_back: dict[str, int]
    at_stake: dict[str, int]


def proposed_of(found: Sequence[tuple[Proposal, ProposalStatus]]) -> Proposed:
    """Counts of a period's proposals; amounts at stake by currency."""
    made: Counter[str] = Counter(status for proposal, status in found if not proposal.blocked_by)
    held: Counter[str] = Counter(proposal.blocked_by for proposal, _ in found if proposal.blocked_by)
    stake: Counter[str] = Counter()
    for proposal, _status in found:
        if not proposal.blocked_by:
            stake[proposal.currency] += proposal.at_stake_minor
    return Proposed(dict(made.most_common()), dict(held.most_common()), dict(stake))


def acts_of(facts: Facts) -> list[Act]:
    """Every decision of the period with what followed."""
    proposals = {proposal.proposal_id: proposal for proposal, _ in facts.proposals}
    sales: defaultdict[str, list[UnitsSold]] = defaultdict(list)
    for sold in facts.sales:
        sales[sold.sku].append(sold)
    ends = _until(facts)
    return [
        _act(decision, proposals.get(decision.proposal_id), sales[decision.sku], ends[decision.decision_id], facts)
        for decision in facts.decisions
    ]


def _act(decision: Decision, proposal: Proposal | None, sales: Sequence[UnitsSold], end: int, facts: Facts) -> Act:
    item = facts.items.get(decision.sku)
    at = decision.decided_at
    before, after = _a_day(sales, at - BESIDE_DAYS * DAY_MS, at), _a_day(sales, at, end)
    profit = None
    if before is not None and after is not None and item is not None and item.cost_minor is not None:
        spent = item.cost_minor + item.fees_minor
        profit = round((decision.price_minor - spent) * after - (decision.previous_minor - spent) * before)
    return Act(
        decision=decision,
        name=item.name if item else "",
        competitor=proposal.signals.competitor if proposal else "",
        competitor_minor=proposal.signals.competitor_price_minor if proposal else None,
        answered_ms=at - proposal.signals.competitor_observed_at if proposal else None,
        units_before=before,
        units_after=after,
        profit_minor_a_day=profit,
        expected_minor=proposal.expected_profit_change_minor if proposal else None,
    )


def _until(facts: Facts) -> dict[str, int]:
    """When each decision was followed by the next one of its SKU: sales after that are not its own."""
    ends: dict[str, int] = {}
    following: dict[str, int] = {}
    for decision in reversed([*facts.decisions, *facts.decisions_after]):
        latest = decision.decided_at + BESIDE_DAYS * DAY_MS
        ends[decision.decision_id] = min(following.get(decision.sku, latest), latest)
        following[decision.sku] = decision.decided_at
    return ends


def _a_day(sales: Sequence[UnitsSold], since: int, until: int) -> float | None:
    """Units a day over intervals that lie wholly within; None where those are too few."""
    within = {
        (s.interval_start, s.interval_end): s.units
        for s in sales
        if since <= s.interval_start and s.interval_end <= until
    }
    days = sum(end - start for start, end in within) / DAY_MS
    return sum(within.values()) / days if days >= SOLD_DAYS else None
