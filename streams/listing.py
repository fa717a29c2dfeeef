"""Products that are gone: unseen for days while their shop is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.times import DAY_MS
from streams.names import compiled
from streams.state import MarketState

Ints = npt.NDArray[np.int64]


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
    numbers = np.flatnonzero(state.shop_of[: state.size] == shop)
    count = _mark(state.slots, numbers, int(shops["returned_at"][shop]), now, after)
    gone: list[int] = numbers[:count].tolist()
    return gone


@compiled
def _mark(slots: Any, numbers: Ints, returned_at: int, now: int, after: int) -> int:
    """Mark what is gone of some slots and move it to their top; returns how many."""
    count = 0
    for number in numbers:
        slot = slots[number]
        if slot.last <= 0 or slot.delisted != 0:
            continue
        if now - max(slot.checked_at, returned_at) > after:
            slot.delisted = 1
            numbers[count] = number
            count += 1
    return count
