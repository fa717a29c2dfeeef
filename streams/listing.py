"""Products that are gone: unseen for days while their shop is seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.times import DAY_MS
from streams.names import Slots, compiled
from streams.state import MarketState


def missing(state: MarketState, shop: int, now: int, after: int) -> list[int]:
    """Slots of a shop's products unseen for longer than `after` ms at `now`, marked as gone.

    Called with the first row of each day of a shop, so the answer does not depend on how the
    stream is cut. A shop that was itself unseen for as long proves nothing about its products:
    their time begins anew with its return.
    """
    shops, today = state.shops, now // DAY_MS
    if (today - int(shops["swept_day"][shop])) * DAY_MS >= after:
        shops["returned_at"][shop] = now
    shops["swept_day"][shop] = today
    gone = np.empty(state.size, np.int32)  # pages that nothing is written to cost nothing
    returned_at = int(shops["returned_at"][shop])
    count = _mark(state.slots, state.shop_of[: state.size], shop, returned_at, now, after, gone)
    return gone[:count].tolist()  # type: ignore[no-any-return]


@compiled
def _mark(slots: Any, shop_of: Slots, shop: int, returned_at: int, now: int, after: int, gone: Slots) -> int:
    """Mark what is gone of a shop and fill `gone` with its slots; returns how many."""
    count = 0
    for number in range(len(shop_of)):
        if shop_of[number] != shop:
            continue
        slot = slots[number]
        if slot.last > 0 and slot.delisted == 0 and now - max(slot.checked_at, returned_at) > after:
            slot.delisted = 1
            gone[count] = number
            count += 1
    return count
