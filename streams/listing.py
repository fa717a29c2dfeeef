"""Products that are gone: unseen for days while their shop is seen."""

from __future__ import annotations

import numpy as np

from contracts.times import DAY_MS
from streams.state import MarketState


def missing(state: MarketState, shop: int, now: int, after: int) -> list[int]:
    """Slots of a shop's products unseen for longer than `after` ms at `now`, marked as gone.

    Called with the first row of each day of a shop, so the answer does not depend on how the
    stream is cut. A shop that was itself unseen for as long proves nothing about its products:
    their time begins anew with its return.
    """
    shops, slots, today = state.shops, state.slots[: state.size], now // DAY_MS
    if (today - int(shops["swept_day"][shop])) * DAY_MS >= after:
        shops["returned_at"][shop] = now
    shops["swept_day"][shop] = today
    seen = np.maximum(slots["checked_at"], shops["returned_at"][shop])
    here = (slots["competitor"] == shop) & (slots["last"] > 0) & (slots["delisted"] == 0)
    gone = np.flatnonzero(here & (now - seen > after))
    slots["delisted"][gone] = 1
    return [int(slot) for slot in gone]
