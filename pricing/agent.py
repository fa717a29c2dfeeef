"""The markdown agent: facts and market events in, proposals out. No clock: event time only."""

from __future__ import annotations

import msgspec

from contracts.events import BackInStock, MarketEvent, OutOfStock, PriceMoved, PromotionEnded, PromotionStarted
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS
from pricing.guards import propose
from pricing.signals import gather
from pricing.state import Markdown, PricingState, Quote, Rival, SkuState

__all__ = ["PricingAgent", "PricingState"]

KEEP_MS = 45 * DAY_MS
OPEN_MS = 2 * DAY_MS  # an event may be late by so much and still find what was spent in its hour


class PricingAgent:
    """Answers each market event with the proposals that follow from it, blocked ones included."""

    def __init__(self, policy: Policy, state: PricingState | None = None) -> None:
        self.policy = policy
        self.state = state or PricingState()

    def on_item(self, item: CatalogItem) -> None:
        """Take our own price, cost and floors; an older version than the one known only adds to the price history."""
        state = self.state.sku(item.sku)
        state.prices(item.currency).add(item.as_of, item.price_minor)
        if state.item is None or item.as_of >= state.item.as_of:
            state.item = item
        self._settle(state)

    def on_match(self, match: Match) -> None:
        """Take a match or its rejection; the newest wins."""
        key = (match.competitor, match.product_id)
        known = self.state.matches.get(key)
        if known is None or match.matched_at >= known.matched_at:
            self.state.matches[key] = match

    def on_stock(self, level: StockLevel) -> None:
        """Take a stock level; the newest wins."""
        state = self.state.sku(level.sku)
        if state.stock is None or level.as_of >= state.stock.as_of:
            state.stock = level

    def on_sales(self, sold: UnitsSold) -> None:
        """Take a report of sales; a repeated interval replaces the earlier report."""
        self.state.sku(sold.sku).sales.add(sold)

    def on_decision(self, decision: Decision) -> None:
        """Take a price that people (or the policy) decided: it is ours from then on."""
        state = self.state.sku(decision.sku)
        state.decisions[decision.decision_id] = decision
        prices = state.prices(decision.currency)
        prices.add(decision.decided_at - 1, decision.previous_minor)
        prices.add(decision.decided_at, decision.price_minor)
        self._settle(state)

    def on_proposal(self, proposal: Proposal) -> None:
        """Take a proposal made before (by another worker, or before a restart): budgets and cooldown count it."""
        state = self.state.sku(proposal.sku)
        if proposal.proposal_id in state.proposed:
            return
        state.proposed[proposal.proposal_id] = proposal
        window = self.policy.pricing.cap_window_days * DAY_MS
        if proposal.current_minor > 0:
            prices = state.prices(proposal.currency)
            prices.add(proposal.decided_at - window, proposal.window_start_minor)
            prices.add(proposal.decided_at, proposal.current_minor)
        if proposal.blocked_by is None:
            self.state.open[proposal.proposal_id] = proposal
        self._forget(state, proposal.decided_at)

    def observe(self, event: MarketEvent) -> None:
        """Take what an event says about the market without answering it (an answer exists already)."""
        match = self._match(event)
        if match is not None:
            _remember(self.state.sku(match[0]), event, self._threshold(event))

    def on_event(self, event: MarketEvent) -> list[Proposal]:
        """Proposals that follow from an event: none, a markdown, or a restore.

        An event answered before gets the same answer again, byte for byte.
        """
        match = self._match(event)
        if match is None:
            return []
        sku, confidence = match
        state = self.state.sku(sku)
        known = [p for p in state.proposed.values() if p.trigger_event_id == event.event_id]
        current = _remember(state, event, self._threshold(event))
        if known or not current:
            return known
        if isinstance(event, PriceMoved) and _is_cut(event, self._threshold(event)):
            return [self._propose(sku, state, event, confidence)]
        if state.markdown is not None and self._restorable(state, event):
            return [self._propose(sku, state, _as_move(state, event), confidence, state.markdown.restore_minor)]
        return []

    def _restorable(self, state: SkuState, event: MarketEvent) -> bool:
        """Whether no cut stands any more and no restore is waiting for its signatures."""
        if (event.competitor, event.product_id, event.seller) not in state.quotes or _cut_stands(state):
            return False
        expired = event.observed_at - self.policy.approval.expire_after_hours * HOUR_MS
        since = max(expired, state.markdown.since if state.markdown else 0)
        return not any(
            p.kind == "restore" and p.blocked_by is None and p.decided_at >= since for p in state.proposed.values()
        )

    def _propose(
        self, sku: str, state: SkuState, event: PriceMoved, confidence: float, restore: int | None = None
    ) -> Proposal:
        at = max(event.observed_at, state.newest_event)
        spent = list(self.state.within_an_hour(at))
        signals = gather(sku, state, event, self.policy.pricing, confidence, spent, at, restore)
        proposal = propose(
            signals,
            self.policy,
            sku=sku,
            trigger_event_id=event.event_id,
            decided_at=at,
            currency=state.item.currency if state.item else event.currency,
        )
        self.on_proposal(proposal)
        return proposal

    def _match(self, event: MarketEvent) -> tuple[str, float] | None:
        """Our SKU and the confidence; people's matches and rejections beat what the watchlist said."""
        known = self.state.matches.get((event.competitor, event.product_id))
        if known is not None:
            return None if known.status == "rejected" else (known.sku, known.confidence)
        return (event.sku, event.match_confidence) if event.sku else None

    def _threshold(self, event: MarketEvent) -> int:
        return self.policy.detection.move_threshold_bp(event.category, event.competitor)

    def _settle(self, state: SkuState) -> None:
        """Derive price and markdown in force from the newest decision and the catalogue."""
        decided, item = state.decided(), state.item
        if not decided or item is None:
            state.markdown = None
            return
        newest = decided[-1]
        if newest.decided_at > item.as_of:
            state.item = msgspec.structs.replace(item, price_minor=newest.price_minor, as_of=newest.decided_at)
        state.markdown = _markdown(state)

    def _forget(self, state: SkuState, now: int) -> None:
        old = now - KEEP_MS
        state.proposed = {key: made for key, made in state.proposed.items() if made.decided_at >= old}
        began = min(old, state.markdown.since) if state.markdown else old  # to bring its price back one day
        state.decisions = {key: made for key, made in state.decisions.items() if made.decided_at >= began}
        state.cuts = {key: at for key, at in state.cuts.items() if at >= old}
        for key in [key for key, made in self.state.open.items() if made.decided_at < now - OPEN_MS]:
            del self.state.open[key]


def _markdown(state: SkuState) -> Markdown | None:
    """The markdown in force, None where a decision or the catalogue has ended it.

    A decision that starts where the one before ended belongs to the same markdown, also one that
    takes back a part of it (an undo).
    """
    found: Markdown | None = None
    for made in state.decided():
        follows = found is not None and made.previous_minor == found.price_minor
        began, since = (
            (found.restore_minor, found.since) if found and follows else (made.previous_minor, made.decided_at)
        )
        found = Markdown(made.price_minor, began, since) if made.price_minor < began else None
    return found if found and state.item and state.item.price_minor == found.price_minor else None


def _remember(state: SkuState, event: MarketEvent, threshold_bp: int) -> bool:
    """Take what an event says; False where something newer is known of this offer."""
    state.newest_event = max(state.newest_event, event.observed_at)
    rival: Rival = (event.competitor, event.product_id, event.seller)
    quote = state.quotes.get(rival)
    if isinstance(event, PriceMoved):
        if _is_cut(event, threshold_bp):
            state.cuts[event.event_id] = event.observed_at
        if quote is not None and event.observed_at < quote.observed_at:
            return False
        state.quotes[rival] = _requoted(quote, event, threshold_bp)
    elif quote is not None:
        if isinstance(event, OutOfStock | BackInStock):
            quote.in_stock = isinstance(event, BackInStock)
        elif isinstance(event, PromotionStarted | PromotionEnded):
            quote.on_promotion = isinstance(event, PromotionStarted)
    return True


def _requoted(quote: Quote | None, event: PriceMoved, threshold_bp: int) -> Quote:
    """The new quote; a cut stands until the price is back within the threshold of where it came from."""
    cut_from = quote.cut_from_minor if quote else None
    if _is_cut(event, threshold_bp):
        cut_from = max(cut_from or 0, _reference(event))
    elif cut_from is not None and not _below(event.price_minor, cut_from, threshold_bp):
        cut_from = None
    return Quote(
        price_minor=event.price_minor,
        currency=event.currency,
        observed_at=event.observed_at,
        price_type=event.price_type,
        in_stock=event.in_stock,
        on_promotion=quote.on_promotion if quote else False,
        cut_from_minor=cut_from,
    )


def _reference(event: PriceMoved) -> int:
    return event.previous_minor if event.basis == "step" else event.anchor_minor


def _below(price: int, reference: int, threshold_bp: int) -> bool:
    return (reference - price) * 10_000 > threshold_bp * reference


def _is_cut(event: PriceMoved, threshold_bp: int) -> bool:
    return event.price_minor > 0 and _below(event.price_minor, _reference(event), threshold_bp)


def _cut_stands(state: SkuState) -> bool:
    """Whether a competitor who can deliver is still below where it was before its cut."""
    return any(quote.cut_from_minor is not None and quote.in_stock for quote in state.quotes.values())


def _as_move(state: SkuState, event: MarketEvent) -> PriceMoved:
    """An event that ended a trigger, in the shape of a move: the quote as it stands now."""
    if isinstance(event, PriceMoved):
        return event
    quote = state.quotes[event.competitor, event.product_id, event.seller]
    return PriceMoved(
        event_id=event.event_id,
        competitor=event.competitor,
        product_id=event.product_id,
        seller=event.seller,
        observed_at=event.observed_at,
        basis="step",
        previous_minor=quote.cut_from_minor or quote.price_minor,
        anchor_minor=quote.cut_from_minor or quote.price_minor,
        price_minor=quote.price_minor,
        currency=quote.currency,
        in_stock=quote.in_stock,
    )
