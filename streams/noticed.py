"""From a hit of the kernel to the event that tells it: names, ids and what the page said."""

from __future__ import annotations

from typing import Any, get_args

from contracts.events import (
    BackInStock,
    MarketEvent,
    ObservationQuarantined,
    OutOfStock,
    PriceMoved,
    PromotionEnded,
    PromotionStarted,
)
from contracts.ids import make_id
from contracts.observations import Observation, Promotion, PromotionKind
from contracts.times import DAY_MS
from streams.kernel import BACK, CURRENCY_HELD, DRIFT, OUT, PROMOTION_OFF, PROMOTION_ON, QUARANTINED, STEP
from streams.state import MarketState

PROMOTION_KINDS: tuple[PromotionKind, ...] = get_args(PromotionKind)
CANNOT_SAY = -1  # a page that does not show the product says nothing of its promotions
NO_PROMOTION = 0


def promotion_mask(observation: Observation) -> int:
    """Bit mask of the promotion kinds a page shows, CANNOT_SAY where the page was not understood."""
    if observation.availability == "Unknown":
        return CANNOT_SAY
    mask = 0
    for promotion in observation.promotions:
        mask |= 1 << PROMOTION_KINDS.index(promotion.kind)
    price, was = observation.price_minor, observation.list_price_minor
    if was and price and was > price:
        mask |= 1 << PROMOTION_KINDS.index("was_now")
    return mask


def event_of(state: MarketState, seen: Observation, what: int, previous: int, anchor: int) -> list[MarketEvent]:
    """The event or events of one hit; promotions give one for each kind."""
    if what in (STEP, DRIFT):
        return [_moved(seen, what, previous, anchor)]
    if what in (QUARANTINED, CURRENCY_HELD):
        return [_quarantined(seen, what, previous)]
    if what == OUT:
        return [OutOfStock(**_common("out", seen))]
    if what == BACK:
        return [BackInStock(**_common("back", seen))]
    kinds = [kind for bit, kind in enumerate(PROMOTION_KINDS) if previous >> bit & 1]
    if what == PROMOTION_ON:
        return [_promotion_started(state, seen, kind) for kind in kinds]
    assert what == PROMOTION_OFF, what
    return [
        PromotionEnded(
            **_common("promotion_ended", seen, kind),
            promotion=kind,
            price_minor=seen.price_minor,
            currency=seen.currency,
        )
        for kind in kinds
    ]


def _common(kind: str, seen: Observation, *parts: str) -> dict[str, Any]:
    series = (seen.competitor, seen.product_id, seen.seller, seen.price_type)
    known = {
        "event_id": make_id(kind, seen.source, *series, seen.observed_at, *parts),
        "competitor": seen.competitor,
        "product_id": seen.product_id,
        "observed_at": seen.observed_at,
        "seller": seen.seller,
        "price_type": seen.price_type,
        "sku": seen.sku,
        "category": seen.category,
        "name": seen.name,
        "url": seen.url,
        "evidence": seen.evidence,
    }
    # msgspec leaves a default out only where it is the same object: a float that is stated would
    # make other bytes than one that is not.
    return known if seen.match_confidence == 1.0 else {**known, "match_confidence": seen.match_confidence}


def _moved(seen: Observation, what: int, previous: int, anchor: int) -> PriceMoved:
    assert seen.price_minor is not None
    return PriceMoved(
        **_common("move", seen),
        basis="step" if what == STEP else "drift",
        previous_minor=previous,
        anchor_minor=anchor,
        price_minor=seen.price_minor,
        currency=seen.currency,
        in_stock=seen.availability == "InStock",
    )


def _quarantined(seen: Observation, what: int, median: int) -> ObservationQuarantined:
    assert seen.price_minor is not None
    above = seen.price_minor > median
    return ObservationQuarantined(
        **_common("quarantined", seen),
        price_minor=seen.price_minor,
        median_minor=median,
        currency=seen.currency,
        reason="currency_changed" if what == CURRENCY_HELD else "above_median" if above else "below_median",
    )


def _promotion_started(state: MarketState, seen: Observation, kind: PromotionKind) -> PromotionStarted:
    shown = next((p for p in seen.promotions if p.kind == kind), Promotion(kind))
    competitor, column = state.competitors[seen.competitor], PROMOTION_KINDS.index(kind)
    used_at = int(state.kind_used_at[competitor, column])
    state.kind_used_at[competitor, column] = seen.observed_at
    return PromotionStarted(
        **_common("promotion_started", seen, kind),
        promotion=kind,
        text=shown.text,
        price_minor=seen.price_minor,
        was_minor=shown.was_minor if shown.was_minor is not None else seen.list_price_minor,
        currency=seen.currency,
        novel=seen.observed_at - used_at > state.detection.novel_after_days * DAY_MS,
    )
