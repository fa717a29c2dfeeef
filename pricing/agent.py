"""The markdown agent: facts and market events in, proposals out. No clock: event time only."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from contracts.events import BackInStock, MarketEvent, OutOfStock, PriceMoved, PromotionEnded, PromotionStarted
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS
from pricing import kernel
from pricing.guards import propose
from pricing.inputs import Asked, Case, facts_of, limits_of
from pricing.looks import (
    AHEAD_MS,
    NOT_YET,
    Fact,
    Look,
    cover_look,
    cut_stands,
    held_cuts,
    match_look,
    moment_of,
    restore_waits,
    review,
)
from pricing.looks import review_due as due_of
from pricing.signals import gather
from pricing.state import Diary, Markdown, PricingState, Quote, Rival, SkuState

__all__ = ["PricingAgent", "PricingState"]

KEEP_MS = 45 * DAY_MS
OPEN_MS = 2 * DAY_MS  # an event may be late by so much and still find what was spent in its hour


Mine = Callable[[str], bool]


def every(_sku: str) -> bool:
    """All products are this agent's to look at."""
    return True


class PricingAgent:
    """Answers each market event with the proposals that follow from it, blocked ones included.

    Looks again at what no event asks for: call `learn` with each fact and `tick` before each
    event, in the order in which they come. Of several workers one looks at a product: `mine`.
    """

    def __init__(self, policy: Policy, state: PricingState | None = None) -> None:
        self.policy = policy
        self.state = state or PricingState()

    def on_item(self, item: CatalogItem) -> None:
        """Take our own price, cost and floors; an older version than the one known only adds to the price history."""
        state = self.state.sku(item.sku)
        state.prices(item.currency).add(item.as_of, item.price_minor)
        if state.listed is None or item.as_of >= state.listed.as_of:
            state.listed = item
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
        self.state.clock = max(self.state.clock, decision.decided_at)
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
        if not proposal.look:
            self.state.clock = max(self.state.clock, proposal.decided_at)
        newest = max(made.decided_at for made in state.proposed.values())
        _forget(state, newest)
        for key in [key for key, made in self.state.open.items() if made.decided_at < newest - OPEN_MS]:
            del self.state.open[key]

    def observe(self, event: MarketEvent) -> None:
        """Take what an event says about the market without answering it (an answer exists already)."""
        self.state.clock = max(self.state.clock, event.observed_at)
        match = self._match(event)
        if match is not None:
            _remember(self.state.sku(match[0]), event, self._threshold(event))

    def on_event(self, event: MarketEvent) -> list[Proposal]:
        """Proposals that follow from an event: none, a markdown, or a restore.

        An event answered before gets the same answer again, byte for byte.
        """
        self.state.clock = max(self.state.clock, event.observed_at)
        match = self._match(event)
        if match is None:
            return []
        sku, confidence = match
        state = self.state.sku(sku)
        known = [p for p in state.proposed.values() if p.trigger_event_id == event.event_id and not p.look]
        current = _remember(state, event, self._threshold(event))
        if known or not current:
            return known
        if isinstance(event, PriceMoved) and _is_cut(event, self._threshold(event)):
            return [self._propose(sku, state, event, confidence)]
        if state.markdown is not None and self._restorable(sku, state, event):
            return [self._propose(sku, state, _as_move(state, event), confidence, state.markdown.restore_minor)]
        return []

    def _restorable(self, sku: str, state: SkuState, event: MarketEvent) -> bool:
        """Whether no cut stands any more and no restore is waiting for its signatures."""
        if (event.competitor, event.product_id, event.seller) not in state.quotes or cut_stands(sku, self.state):
            return False
        return not restore_waits(state, self.policy, event.observed_at)

    def _propose(
        self, sku: str, state: SkuState, event: PriceMoved, confidence: float, restore: int | None = None
    ) -> Proposal:
        at = max(event.observed_at, state.newest_event)
        proposal = self._decided(sku, state, Look("", event, confidence, restore), at)
        self.on_proposal(proposal)
        return proposal

    def _decided(self, sku: str, state: SkuState, look: Look, at: int) -> Proposal:
        _forget(state, at)
        _forget_decisions(state, at)
        spent = list(self.state.within_an_hour(at))
        signals = gather(sku, state, look.event, self.policy.pricing, look.confidence, spent, at, look.restore_minor)
        case = Case(signals, at, state.item.currency if state.item else look.event.currency)
        return propose(case, self.policy, Asked(sku, look.event.event_id, look.name))

    def take(self, fact: Fact, arrived: int = 0) -> None:
        """Take a fact, whichever it is, and look at nothing; `arrived` as in `learn`."""
        state = self.state.sku(fact.sku)
        state.arrived = max(state.arrived, arrived)
        match fact:
            case CatalogItem():
                self.on_item(fact)
            case Match():
                self.on_match(fact)
            case StockLevel():
                self.on_stock(fact)
            case UnitsSold():
                self.on_sales(fact)
            case Decision():
                self.on_decision(fact)

    def learn(self, fact: Fact, mine: Mine = every, arrived: int = 0) -> list[Proposal]:
        """Take a fact; looks that were due before it, and those that it makes possible.

        `arrived` is when it was told (the time of its message, epoch ms, UTC): what was known only
        hours later is old by then. A fact whose time lies more than a day ahead of all that is known
        moves no time.
        """
        now = moment_of(fact)
        believed = now <= self.state.clock + AHEAD_MS
        looked = self.tick(now, mine) if believed else []
        self.take(fact, arrived)
        return looked + (self._look(fact.sku, max(now, arrived)) if believed and mine(fact.sku) else [])

    def tick(self, now: int, mine: Mine = every) -> list[Proposal]:
        """Event time has come to `now` (epoch ms, UTC): markdowns whose review is due.

        A review is dated at the moment it was due, or whole days later, whatever moved the time on.
        """
        self.state.clock = max(self.state.clock, now)
        due = self.state.diary.due(self.state.clock)
        return [made for moment, sku in due for made in self._review(sku, moment, mine)]

    def resume(self, mine: Mine = every) -> list[Proposal]:
        """Looks that nobody made meanwhile: after a restart, or where `mine` grew."""
        self.state.diary = Diary()
        marked = [(sku, state) for sku, state in sorted(self.state.skus.items()) if state.proposed or state.markdown]
        for sku, state in marked:
            self._plan(sku, state)
        # The time that two products tell is believed: one alone may be wrong.
        told = sorted(max(state.told()) for state in self.state.skus.values())
        looked = self.tick(max([self.state.clock, *told[-2:-1]]), mine)
        for sku, state in marked:
            now = max((at for at in state.told() if at <= self.state.clock + AHEAD_MS), default=0)
            looked += self._look(sku, max(now, state.arrived)) if mine(sku) else []
        return looked

    def _plan(self, sku: str, state: SkuState) -> None:
        due = due_of(state, self.policy)
        if due is not None:
            self.state.diary.note(sku, due)

    def _review(self, sku: str, moment: int, mine: Mine) -> list[Proposal]:
        state = self.state.sku(sku)
        due = due_of(state, self.policy)
        if due is None:
            return []
        day = due + max(0, self.state.clock - due) // DAY_MS * DAY_MS
        if moment < day:  # in its turn: what is looked at first counts for the next
            self.state.diary.note(sku, day)
            return []
        at = max(day, state.newest_event)
        look = None if not mine(sku) or restore_waits(state, self.policy, at) else review(state, self.policy, due)
        made = self._looked(sku, state, look, at)
        self.state.diary.note(sku, day + DAY_MS)
        return made

    def _look(self, sku: str, now: int) -> list[Proposal]:
        """What a fact makes possible: a cut that was held back, a markdown whose match or stock is gone."""
        state = self.state.sku(sku)
        at = max(now, state.newest_event)
        cuts = (self._looked(sku, state, look, at) for look in held_cuts(sku, self.state, self.policy, at))
        made = next((found for found in cuts if found), [])
        if restore_waits(state, self.policy, at):
            return made
        look = match_look(sku, self.state) or cover_look(state, self.policy, at)
        return made + self._looked(sku, state, look, at)

    def _looked(self, sku: str, state: SkuState, look: Look | None, at: int) -> list[Proposal]:
        """The proposal of a look; none while the reason lasts, or while there is more stock than is needed."""
        if look is None:
            return []
        made = self._decided(sku, state, look, at)
        if made.blocked_by in NOT_YET or (look.name.startswith("cover:") and not self._sold(made)):
            return []
        self.on_proposal(made)
        return [made]

    def _sold(self, made: Proposal) -> bool:
        """Whether the stock no longer lasts for more than the target cover."""
        pricing = self.policy.pricing
        facts = facts_of(Case(made.signals, made.decided_at, made.currency), pricing)
        return facts.on_hand >= 0 and facts.demand >= 0.0 and not kernel.ample(facts, limits_of(pricing))

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
        state.item = item = state.listed
        decided = state.decided()
        if not decided or item is None:
            state.markdown = None
            return
        newest = decided[-1]
        if newest.decided_at > item.as_of:
            state.item = msgspec.structs.replace(item, price_minor=newest.price_minor, as_of=newest.decided_at)
        state.markdown = _markdown(state)
        self._plan(item.sku, state)


def _forget(state: SkuState, now: int) -> None:
    old = now - KEEP_MS
    state.proposed = {key: made for key, made in state.proposed.items() if made.decided_at >= old}
    state.cuts = {key: at for key, at in state.cuts.items() if at >= old}


def _forget_decisions(state: SkuState, now: int) -> None:
    """Not while facts are read: before all are known, a decision may seem to belong to no markdown in force."""
    old = now - KEEP_MS
    began = min(old, state.markdown.since) if state.markdown else old  # to bring its price back one day
    state.decisions = {key: made for key, made in state.decisions.items() if made.decided_at >= began}


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
