"""When a product is looked at again although no event of the market asks for it. Event time only.

A cut that was held back for a reason that passes, once more when a fact of the product comes; a
markdown of ours when nothing has asked for it for a while, when the stock it was to sell is sold,
or when people say that it answers another product. What was looked at before is known from the
proposals, so a restart repeats nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contracts.events import PriceMoved
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from pricing.reasons import Reason
from pricing.state import PricingState, Quote, Rival, SkuState

Fact = CatalogItem | Match | StockLevel | UnitsSold | Decision

AHEAD_MS = DAY_MS  # a fact so far ahead of what the market and people did says a wrong time
SETTLING_MS = DAY_MS  # a markdown gets so long before cover can end it
PASSING: frozenset[Reason] = frozenset(
    {
        "unknown_item",
        "low_match_confidence",
        "missing_cost",
        "unknown_stock",
        "stale_stock",
        "own_promotion",
        "cooldown",
        "sku_budget",
        "unknown_demand",
        "margin_budget",
    }
)
# Nothing is written down while it is so: the look is still to come.
NOT_YET: frozenset[Reason] = PASSING | {"kill_switch", "competitor_stale"}
# A cut held back for one of these says nothing about our price.
NO_THREAT: frozenset[Reason] = frozenset(
    {"low_match_confidence", "currency_mismatch", "not_regular_price", "competitor_out_of_stock", "competitor_dearer"}
)


class Look(NamedTuple):
    """What is looked at: the name goes into the record and its id, the event is the evidence as it stands."""

    name: str
    event: PriceMoved
    confidence: float
    restore_minor: int | None = None


def moment_of(fact: Fact) -> int:
    """The event time of a fact, epoch ms, UTC."""
    match fact:
        case CatalogItem() | StockLevel():
            return fact.as_of
        case Match():
            return fact.matched_at
        case UnitsSold():
            return fact.interval_end
        case Decision():
            return fact.decided_at


def held_cuts(sku: str, known: PricingState, policy: Policy, at: int) -> Iterator[Look]:
    """Cuts held back for a reason that passes, where they still stand and are fresh evidence, the newest first."""
    state = known.sku(sku)
    newest = max(at, state.stock.as_of if state.stock else at)
    oldest = newest - policy.pricing.competitor_max_age_minutes * MINUTE_MS
    looked_at = {made.trigger_event_id for made in state.proposed.values() if made.look}
    held = [
        made
        for made in state.proposed.values()
        if made.blocked_by in PASSING
        and not made.look
        and made.kind == "markdown"
        and made.signals.competitor_observed_at >= oldest
        and made.trigger_event_id not in looked_at
    ]
    for made in sorted(held, key=_age, reverse=True):
        for rival, quote in sorted(state.quotes.items(), key=lambda one: one[0]):
            if _is_ours(sku, known, rival[:2]) and _stands(made, rival, quote):
                match = known.matches.get(rival[:2])
                confidence = match.confidence if match else made.signals.match_confidence
                yield Look(f"again:{made.blocked_by}", _move(made, rival, quote), confidence)


def _age(made: Proposal) -> tuple[int, str]:
    return made.signals.competitor_observed_at, made.proposal_id


def cut_stands(sku: str, known: PricingState) -> bool:
    """Whether a competitor who can deliver is still below where it was before its cut, with a product that is ours."""
    quotes = known.sku(sku).quotes.items()
    standing = [rival for rival, quote in quotes if quote.cut_from_minor is not None and quote.in_stock]
    return any(_is_ours(sku, known, rival[:2]) for rival in standing)


def _is_ours(sku: str, known: PricingState, product: tuple[str, str]) -> bool:
    """Whether a competitor's product is this one of ours: unless people say that it is none, or another."""
    match = known.matches.get(product)
    return match is None or match.equals(sku)


def _stands(made: Proposal, rival: Rival, quote: Quote) -> bool:
    """Whether the cut that was answered is the last that this offer did, and it can be bought."""
    told = (made.signals.competitor_observed_at, made.signals.competitor_price_minor)
    same = _is_of(rival, made) and (quote.observed_at, quote.price_minor) == told
    return same and quote.in_stock and quote.cut_from_minor is not None


def _is_of(rival: Rival, made: Proposal) -> bool:
    told = made.signals
    return rival[0] == told.competitor and told.competitor_product in ("", rival[1])


def _move(made: Proposal, rival: Rival, quote: Quote) -> PriceMoved:
    """The cut of an offer that a proposal answered, its price as it is now."""
    before = made.signals.competitor_previous_minor
    return PriceMoved(
        event_id=made.trigger_event_id,
        competitor=rival[0],
        product_id=rival[1],
        seller=rival[2],
        observed_at=quote.observed_at,
        price_type=quote.price_type,
        basis="step",
        previous_minor=before,
        anchor_minor=before,
        price_minor=quote.price_minor,
        currency=quote.currency,
        in_stock=quote.in_stock,
    )


def restore_waits(state: SkuState, policy: Policy, at: int) -> bool:
    """Whether a restore of the markdown in force is still waiting for its signatures."""
    expired = at - policy.approval.expire_after_hours * HOUR_MS
    since = max(expired, state.markdown.since if state.markdown else 0)
    return any(p.kind == "restore" and p.blocked_by is None and p.decided_at >= since for p in state.proposed.values())


def review_due(state: SkuState, policy: Policy) -> int | None:
    """When the markdown in force is to be looked at; None where none is, or the policy asks for no review."""
    days = policy.pricing.review_markdown_days
    if state.markdown is None or days == 0:
        return None
    threats = (made.signals.competitor_observed_at for made in _threats(state))
    return max(_changed(state), *threats, 0) + days * DAY_MS


def review(state: SkuState, policy: Policy, due: int) -> Look | None:
    """The look at a markdown that nothing has asked for since its last change, cut or review."""
    if state.markdown is None:
        return None
    return _review(state, f"stood:{due - policy.pricing.review_markdown_days * DAY_MS}")


def cover_look(state: SkuState, policy: Policy, at: int) -> Look | None:
    """The look at a markdown whose stock may be sold, where its figure is fresh; the caller compares cover."""
    pricing, stock = policy.pricing, state.stock
    if state.markdown is None or stock is None or pricing.review_markdown_days == 0:
        return None
    changed, looked = _decided(state), _reviewed(state)
    pause = max(SETTLING_MS, pricing.cooldown_hours * HOUR_MS)
    if at < max(changed + pause, looked + pricing.review_markdown_days * DAY_MS):
        return None
    if at - stock.as_of > pricing.stock_max_age_minutes * MINUTE_MS:
        return None
    return _review(state, f"cover:{max(changed, looked)}")


def match_look(sku: str, known: PricingState) -> Look | None:
    """The look at a markdown that answers a product which is not the same, where no other cut stands; once a change."""
    state = known.sku(sku)
    changed = _decided(state)
    if state.markdown is None or _reviewed(state) > changed or cut_stands(sku, known):
        return None
    since = state.markdown.since
    made_it = {made.proposal_id for made in state.decided() if made.decided_at >= since and not made.compensates}
    for made in sorted(state.proposed.values(), key=_age, reverse=True):
        told = made.signals
        product = (told.competitor, told.competitor_product)
        if made.proposal_id in made_it and made.kind == "markdown" and not _is_ours(sku, known, product):
            move = _move(made, (*product, ""), _as_told(made))
            return Look(f"match:{changed}", move, told.match_confidence, state.markdown.restore_minor)
    return None


def _changed(state: SkuState) -> int:
    return max(_decided(state), _reviewed(state))


def _decided(state: SkuState) -> int:
    return max((made.decided_at for made in state.decided()), default=0)


def _reviewed(state: SkuState) -> int:
    return max((p.decided_at for p in state.proposed.values() if p.look and p.kind == "restore"), default=0)


def _threats(state: SkuState) -> list[Proposal]:
    """Answers to cuts that say something about our price, held back or not."""
    made = state.proposed.values()
    return [p for p in made if p.kind == "markdown" and not p.look and p.blocked_by not in NO_THREAT]


def _review(state: SkuState, name: str) -> Look | None:
    """A look at the markdown in force; its evidence is the newest cut, as its offer stands now."""
    if state.markdown is None:
        return None
    threats = _threats(state)
    if not threats:  # so old that nobody remembers what it answered
        newest = state.decided()[-1]
        event = PriceMoved(
            event_id=newest.proposal_id,
            competitor="",
            product_id="",
            observed_at=newest.decided_at,
            basis="step",
            previous_minor=newest.previous_minor,
            anchor_minor=newest.previous_minor,
            price_minor=0,
            currency=newest.currency,
        )
        return Look(name, event, 0.0, state.markdown.restore_minor)
    made = max(threats, key=_age)
    told = made.signals
    offers = [(rival, quote) for rival, quote in state.quotes.items() if _is_of(rival, made)]
    # Of several offers of this product the cheapest.
    unseen = ((told.competitor, told.competitor_product, ""), _as_told(made))
    rival, quote = min(offers, key=lambda one: (one[1].price_minor, one[0]), default=unseen)
    return Look(name, _move(made, rival, quote), told.match_confidence, state.markdown.restore_minor)


def _as_told(made: Proposal) -> Quote:
    """The offer whose cut a proposal answered, as it was then."""
    told = made.signals
    return Quote(
        told.competitor_price_minor,
        told.competitor_currency or made.currency,
        told.competitor_observed_at,
        told.competitor_price_type,
        told.competitor_in_stock,
    )
