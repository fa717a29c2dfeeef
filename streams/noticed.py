"""From a hit of the kernel to the event that tells it: names, ids and what the page said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from contracts.events import (
    BackInStock,
    MarketEvent,
    MassMove,
    MassMoveVerdict,
    ObservationQuarantined,
    OutOfStock,
    PriceMoved,
    ProductDelisted,
    ProductListed,
    PromotionEnded,
    PromotionStarted,
)
from contracts.ids import make_id
from contracts.money import LARGEST_MINOR
from contracts.observations import Observation, PriceType, Promotion, PromotionKind
from streams.kernel import (
    BACK,
    CURRENCY_HELD,
    DRIFT,
    GONE,
    HELD,
    INFERRED,
    LISTED,
    MASS,
    MOVED,
    OTHER_CURRENCY,
    OUT,
    PROMOTION_OFF,
    PROMOTION_ON,
    QUARANTINED,
    STEP,
)
from streams.series import SeriesKey

PROMOTION_KINDS: tuple[PromotionKind, ...] = get_args(PromotionKind)
# msgspec leaves a default out only where it is the same object: a restored key holds an equal one.
PRICE_TYPES: dict[str, PriceType] = {name: name for name in get_args(PriceType)}
CANNOT_SAY = -1  # a page that does not show the product says nothing of its promotions
NO_PROMOTION = 0
ROUND_SHARE_BP = 500
SAME_FACTOR_BP = 30  # rounding to whole minor units spreads even one factor a little


def promotion_mask(observation: Observation) -> int:
    """Bit mask of the promotion kinds a page shows, CANNOT_SAY where the page was not understood."""
    if observation.availability == "Unknown":
        return CANNOT_SAY
    mask = 0
    for promotion in observation.promotions:
        mask |= 1 << PROMOTION_KINDS.index(promotion.kind)
    price, was = observation.price_minor, struck_price(observation)
    if was and price and was > price:
        mask |= 1 << PROMOTION_KINDS.index("was_now")
    return mask


def struck_price(seen: Observation) -> int | None:
    """The "was" price, None where the page shows none or one beyond all prices."""
    was = seen.list_price_minor
    return was if was is not None and abs(was) <= LARGEST_MINOR else None


def event_of(seen: Observation, what: int, numbers: list[int]) -> list[MarketEvent]:
    """The event or events of one hit; promotions give one for each kind."""
    if what in SIMPLE:
        return [SIMPLE[what](seen, what, numbers)]
    if what == INFERRED:
        return _inferred(seen, *numbers)
    kinds = [(kind, bool(numbers[1] >> bit & 1)) for bit, kind in enumerate(PROMOTION_KINDS) if numbers[0] >> bit & 1]
    if what == PROMOTION_ON:
        return [_promotion_started(seen, kind, novel) for kind, novel in kinds]
    assert what == PROMOTION_OFF, what
    return [_promotion_ended(seen, kind) for kind, _novel in kinds]


def delisted(key: SeriesKey, now: int) -> ProductDelisted:
    """The event of a product that nobody has seen for days."""
    return ProductDelisted(
        event_id=make_id("delisted", *key, now),
        competitor=key.competitor,
        product_id=key.product_id,
        seller=key.seller,
        price_type=PRICE_TYPES[key.price_type],
        observed_at=now,
    )


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


def _moved(seen: Observation, what: int, numbers: list[int]) -> PriceMoved:
    previous, anchor, price, at, in_stock = numbers
    # A rise that waited for its crawl window to close was seen earlier than the row that closed it.
    earlier = seen if at == seen.observed_at else msgspec.structs.replace(seen, observed_at=at)
    return PriceMoved(
        **_common("move", earlier, str(price)),  # a lower offer of the same moment is another move
        basis="step" if what == STEP else "drift",
        previous_minor=previous,
        anchor_minor=anchor,
        price_minor=price,
        currency=seen.currency,
        in_stock=in_stock == 1,
    )


def _inferred(seen: Observation, during: int, before: int, began: int, at: int, price: int) -> list[MarketEvent]:
    start = msgspec.structs.replace(seen, observed_at=began)
    end = msgspec.structs.replace(seen, observed_at=at)
    return [
        PromotionStarted(
            **_common("promotion_started", start, "inferred"),
            promotion="inferred",
            price_minor=during,
            was_minor=before,
            currency=seen.currency,
        ),
        PromotionEnded(
            **_common("promotion_ended", end, "inferred"),
            promotion="inferred",
            price_minor=price,
            currency=seen.currency,
        ),
    ]


MASS_REASONS: dict[int, tuple[MassMoveVerdict, str]] = {
    HELD: ("broken_page", "prices jumped beyond belief"),
    OTHER_CURRENCY: ("broken_page", "the currency changed"),
    GONE: ("broken_page", "prices are gone"),
    MOVED: ("campaign", "many products moved, each by its own amount"),
}


def _same_factor(change_bp: int) -> tuple[MassMoveVerdict, str]:
    """People cut everything by a round share; a tax left out or another unit is never so round."""
    off = change_bp % ROUND_SHARE_BP
    if change_bp < 0 and min(off, ROUND_SHARE_BP - off) <= SAME_FACTOR_BP:
        return "campaign", "everything was cut by the same share"
    return "broken_page", "everything changed by the same factor"


def mass_move(seen: Observation, moved: int, products: int, median_bp: int, cause: int, spread_bp: int) -> MassMove:
    """One event for a shop most of whose products jumped: a campaign, or a page we no longer read right."""
    verdict, reason = MASS_REASONS[cause]
    if cause == MOVED and spread_bp <= SAME_FACTOR_BP:
        verdict, reason = _same_factor(median_bp)
    return MassMove(
        event_id=make_id("mass", seen.source, seen.competitor, seen.observed_at, cause),
        competitor=seen.competitor,
        product_id="",
        observed_at=seen.observed_at,
        evidence=seen.evidence,
        verdict=verdict,
        reason=reason,
        products_moved=moved,
        products_seen=products,
        median_change_bp=median_bp,
    )


def _quarantined(seen: Observation, what: int, numbers: list[int]) -> ObservationQuarantined:
    assert seen.price_minor is not None
    median = numbers[0]
    above = seen.price_minor > median
    return ObservationQuarantined(
        **_common("quarantined", seen),
        price_minor=seen.price_minor,
        median_minor=median,
        currency=seen.currency,
        reason="currency_changed" if what == CURRENCY_HELD else "above_median" if above else "below_median",
    )


def _promotion_started(seen: Observation, kind: PromotionKind, novel: bool) -> PromotionStarted:
    shown = next((p for p in seen.promotions if p.kind == kind), Promotion(kind))
    return PromotionStarted(
        **_common("promotion_started", seen, kind),
        promotion=kind,
        text=shown.text,
        price_minor=seen.price_minor,
        was_minor=shown.was_minor if shown.was_minor is not None else struck_price(seen),
        currency=seen.currency,
        novel=novel,
    )


def _promotion_ended(seen: Observation, kind: PromotionKind) -> PromotionEnded:
    return PromotionEnded(
        **_common("promotion_ended", seen, kind),
        promotion=kind,
        price_minor=seen.price_minor,
        currency=seen.currency,
    )


def _stock(seen: Observation, what: int, _numbers: list[int]) -> MarketEvent:
    return OutOfStock(**_common("out", seen)) if what == OUT else BackInStock(**_common("back", seen))


def _listed(seen: Observation, _what: int, _numbers: list[int]) -> ProductListed:
    return ProductListed(**_common("listed", seen), price_minor=seen.price_minor, currency=seen.currency)


def _mass(seen: Observation, _what: int, numbers: list[int]) -> MassMove:
    return mass_move(seen, *numbers)


SIMPLE: dict[int, Callable[[Observation, int, list[int]], MarketEvent]] = {
    STEP: _moved,
    DRIFT: _moved,
    QUARANTINED: _quarantined,
    CURRENCY_HELD: _quarantined,
    OUT: _stock,
    BACK: _stock,
    LISTED: _listed,
    MASS: _mass,
}
