"""The inputs of one decision, gathered from what is known at its event time."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median_low

from contracts.events import PriceMoved
from contracts.markets import MarketRule, season_factor
from contracts.policy import Pricing
from contracts.proposals import Proposal, Signals
from contracts.times import DAY_MS
from pricing.elasticity import PRIOR_SD, Z80
from pricing.state import Quote, SkuState

REACTION_MS = DAY_MS  # a cut this soon after a change of ours counts as an answer to it
LOWEST_MS = 30 * DAY_MS
RESTLESS_MS = 28 * DAY_MS


def gather(
    sku: str,
    state: SkuState,
    event: PriceMoved,
    pricing: Pricing,
    confidence: float,
    spent: Iterable[Proposal],
    at: int,
    restore_minor: int | None = None,
) -> Signals:
    """All ten signals for a SKU as of `at` (epoch ms, UTC); what is not known stays None."""
    item, stock = state.item, state.stock
    currency = item.currency if item else event.currency
    market = pricing.market(currency)
    standing = state.markdown
    quote = _quote(state, event)
    others = _comparable(state, currency)
    holidays = pricing.holidays_in(currency)
    demand = state.sales.forecast(at, holidays)
    elasticity = state.sales.elasticity(at, *_believed(pricing, item.category if item else ""), holidays)
    window = at - pricing.cap_window_days * DAY_MS
    skus, margin = _budget(spent, sku)
    return Signals(
        competitor=event.competitor,
        competitor_price_minor=event.price_minor,
        competitor_previous_minor=event.previous_minor if event.basis == "step" else event.anchor_minor,
        competitor_observed_at=event.observed_at,
        competitor_in_stock=event.in_stock and quote.in_stock,
        competitor_on_promotion=quote.on_promotion,
        competitor_currency="" if item is None or item.currency == event.currency else event.currency,
        competitor_price_type=event.price_type,
        competitors_seen=len(others),
        competitors_lowest_minor=min(others, default=None),
        competitors_median_minor=median_low(others) if others else None,
        match_confidence=confidence,
        price_minor=item.price_minor if item else 0,
        window_start_minor=_cap_base(state, currency, window) if item else 0,
        cost_minor=item.cost_minor if item else None,
        fees_minor=item.fees_minor if item else 0,
        map_minor=item.map_minor if item else None,
        floor_minor=item.floor_minor if item else None,
        own_promotion=item.on_promotion if item else False,
        on_hand=stock.on_hand if stock else None,
        inbound=stock.inbound if stock else 0,
        stock_as_of=stock.as_of if stock else None,
        daily_demand=demand.mean if demand else None,
        demand_lower=demand.lower if demand else None,
        demand_upper=demand.upper if demand else None,
        elasticity=elasticity.mean,
        elasticity_lower=elasticity.lower,
        elasticity_upper=elasticity.upper,
        lowest_30d_minor=state.prices(currency).lowest(at - LOWEST_MS, at),
        season_factor=season_factor(pricing.seasons, at, pricing.horizon_days),
        last_change_at=_last_change(state),
        competitor_reactions=reactions(state, at - pricing.cap_window_days * DAY_MS, at),
        skus_changed_last_hour=skus,
        margin_spent_last_hour_minor=margin,
        kill_switch=pricing.kill_switch,
        restore_minor=restore_minor,
        standing_from_minor=standing.restore_minor if standing else None,
        standing_since=standing.since if standing else None,
        competitor_product=event.product_id,
        own_changes_28d=sum(made.decided_at > at - RESTLESS_MS for made in state.decisions.values()),
        market=market.name if market else "",
        prior_days=market.days if market else 0,
        prior_low_minor=_prior_low(state, currency, market, at),
        cover_season_factor=season_factor(pricing.seasons, at, pricing.target_cover_days),
    )


def _believed(pricing: Pricing, category: str) -> tuple[float, float]:
    """Elasticity before a SKU's own sales speak, and its standard deviation."""
    known = pricing.elasticity_of(category)
    if known is None:
        return pricing.default_elasticity, PRIOR_SD
    return known.mean, (known.upper - known.lower) / (2 * Z80)


def _cap_base(state: SkuState, currency: str, window: int) -> int:
    """What the cap counts from: the price at the start of the window, or a higher one that we marked down since.

    Where our list price went up within the window, its start alone would let markdown follow markdown.
    Decisions later than the event that is answered count, too: the price is theirs already.
    """
    marked = (
        made.previous_minor
        for made in state.decided()
        if window < made.decided_at and made.price_minor < made.previous_minor
    )
    return max([state.prices(currency).at(window) or 0, *marked])


def _prior_low(state: SkuState, currency: str, market: MarketRule | None, at: int) -> int | None:
    """The lowest price of a market's days before the markdown in force began, so that it is not its own reference."""
    if market is None:
        return None
    until = state.markdown.since - 1 if state.markdown else at
    return state.prices(currency).lowest(until - market.days * DAY_MS, until)


def reactions(state: SkuState, since: int, until: int) -> int:
    """How many cuts of competitors in (since, until] came within a day after a change of ours."""
    changes = [d.decided_at for d in state.decisions.values()]
    cuts = [at for at in state.cuts.values() if since < at <= until]
    return sum(any(0 < at - change <= REACTION_MS for change in changes) for at in cuts)


def _quote(state: SkuState, event: PriceMoved) -> Quote:
    known = state.quotes.get((event.competitor, event.product_id, event.seller))
    return known or Quote(event.price_minor, event.currency, event.observed_at)


def _comparable(state: SkuState, currency: str) -> list[int]:
    return [q.price_minor for q in state.quotes.values() if q.in_stock and q.currency == currency and q.price_minor > 0]


def _last_change(state: SkuState) -> int | None:
    """The newest change or proposal, also one that is later than the event that is answered."""
    decided = (d.decided_at for d in state.decisions.values())
    proposed = (p.decided_at for p in state.proposed.values() if p.blocked_by is None)
    return max((*decided, *proposed), default=None)


def _budget(spent: Iterable[Proposal], sku: str) -> tuple[int, int]:
    """Other products changed, and margin given up, its own before included."""
    made = list(spent)
    return len({one.sku for one in made} - {sku}), sum(one.at_stake_minor for one in made)
