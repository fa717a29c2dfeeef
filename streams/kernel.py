"""The rules, row by row: one function that walks a batch of integers and says where something happened.

Plain scalar code compiled by numba; uncompiled (NUMBA_DISABLE_JIT=1) it is its own debugger.
Its referee is the slow reference in tests/unit/streams/reference.py.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from contracts.money import LARGEST_MINOR

Ints = npt.NDArray[np.int64]

NO_PRICE = np.iinfo(np.int64).min  # the row of a page that shows no price
LARGEST = LARGEST_MINOR

# What happened in a row.
STEP, DRIFT, QUARANTINED, CURRENCY_HELD, OUT, BACK, PROMOTION_ON, PROMOTION_OFF, INVALID = range(1, 10)
HITS_PER_ROW = 4

# Counters, in the order of COUNTERS.
COUNTERS = (
    "observations",
    "invalid",
    "duplicates",
    "out_of_order",
    "accepted",
    "quarantined",
    "released",
    "price_changes",
    "step",
    "drift",
    "up",
    "down",
    "out_of_stock",
    "back_in_stock",
    "promotions",
)
(
    N_ROWS, N_INVALID, N_DUPLICATE, N_LATE, N_ACCEPTED, N_HELD, N_RELEASED, N_CHANGES,
    N_STEP, N_DRIFT, N_UP, N_DOWN, N_OUT, N_BACK, N_PROMOTIONS,
) = range(15)  # fmt: skip

_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def median_of_ring(ring: Ints, size: int) -> int:
    """Median of the first `size` (1 to 5) prices; of an even number the lower middle."""
    ordered = np.sort(ring[:size])
    return ordered[(size - 1) // 2]  # type: ignore[no-any-return]


@_jit
def strange(ring: Ints, size: int, price: int, factor: int) -> bool:
    """Whether a price is above `factor` times the median, or below one such part of it.

    Counting instead of sorting: more than half of the prices decide where the median lies.
    """
    above = below = 0
    for i in range(size):
        above += price > factor * ring[i]
        below += price * factor < ring[i]
    lower_half = (size + 1) // 2
    return size > 0 and (above >= lower_half or below >= size + 1 - lower_half)


@_jit
def differs(price: int, reference: int, basis_points: int) -> bool:
    """Whether a price is strictly more than so many basis points away from a reference."""
    return abs(price - reference) * 10_000 > basis_points * reference


@_jit
def accept(slot: Any, price: int) -> None:
    """Make a price the last accepted one."""
    slot.last = price
    slot.ring[slot.ring_next] = price
    slot.ring_next = (slot.ring_next + 1) % 5
    slot.ring_size = min(slot.ring_size + 1, 5)


@_jit
def restart(slot: Any, currency: int) -> None:
    """Forget the price level: what is confirmed next is the new normal."""
    slot.currency = currency
    slot.ring_size = 0
    slot.ring_next = 0
    slot.held = 0
    slot.held_currency = -1


@_jit
def walk(
    slots: Any,
    row_slot: npt.NDArray[np.int32],
    observed_at: Ints,
    price: Ints,
    currency: npt.NDArray[np.int32],
    availability: npt.NDArray[np.int8],
    promotions: npt.NDArray[np.int32],
    drift: bool,
    quarantine_factor: int,
    confirmation_bp: int,
    availability_confirmations: int,
    counts: Ints,
    hits: Ints,
) -> int:
    """Walk a batch in order, update `slots` and `counts`, and write what happened into `hits`.

    Args:
        slots: the market state, (capacity,) of `streams.state.SLOT`, changed in place.
        row_slot, observed_at, price, currency, availability, promotions: one entry a row, (n,).
            A currency below zero is none that ISO 4217 knows.
        quarantine_factor: 0 switches the quarantine off.
        counts: (len(COUNTERS),), added to.
        hits: (HITS_PER_ROW n, 4), one a row: row number, what, previous price or median, anchor.

    Returns:
        The number of hits written.
    """
    found = 0
    for row in range(len(row_slot)):
        counts[N_ROWS] += 1
        slot = slots[row_slot[row]]
        now = observed_at[row]
        if now > slot.checked_at:
            slot.checked_at = now
            found = note_availability(slot, row, availability[row], availability_confirmations, counts, hits, found)
            found = note_promotions(slot, row, promotions[row], counts, hits, found)
        p = price[row]
        if p == NO_PRICE and availability[row] == 2:
            continue  # out of stock without a price is an answer, not an error
        if p <= 0 or p > LARGEST or currency[row] < 0:
            counts[N_INVALID] += 1
            found = hit(hits, found, row, INVALID, p, 0)
            continue
        if now <= slot.seen_at:
            counts[N_DUPLICATE if now == slot.seen_at else N_LATE] += 1
            continue
        slot.seen_at = now
        first = slot.held == 0
        if not believe(slot, p, currency[row], quarantine_factor, confirmation_bp):
            slot.held = p
            slot.held_currency = currency[row]
            counts[N_HELD] += 1
            if first:
                what = CURRENCY_HELD if currency[row] != slot.currency else QUARANTINED
                found = hit(hits, found, row, what, median_of_ring(slot.ring, slot.ring_size), slot.anchor)
            continue
        if not first:
            counts[N_RELEASED] += 1
        found = take(slot, row, p, drift, counts, hits, found)
    return found


@_jit
def hit(hits: Ints, found: int, row: int, what: int, previous: int, anchor: int) -> int:
    """Write one hit and return the new number of hits."""
    hits[found, 0] = row
    hits[found, 1] = what
    hits[found, 2] = previous
    hits[found, 3] = anchor
    return found + 1


@_jit
def believe(slot: Any, price: int, currency: int, factor: int, confirmation_bp: int) -> bool:
    """Whether a price is accepted now; releases or confirms a price in quarantine."""
    if slot.currency < 0:
        slot.currency = currency
    same_currency = currency == slot.currency
    if factor == 0:
        if not same_currency:
            restart(slot, currency)
            slot.last = 0
        return True
    if same_currency and not strange(slot.ring, slot.ring_size, price, factor):
        slot.held = 0
        slot.held_currency = -1
        return True
    if slot.held > 0 and slot.held_currency == currency and not differs(price, slot.held, confirmation_bp):
        restart(slot, currency)
        if not same_currency:
            slot.last = 0  # prices in two currencies are never compared
        return True
    return False


@_jit
def take(slot: Any, row: int, price: int, drift: bool, counts: Ints, hits: Ints, found: int) -> int:
    """Accept a price and raise a move where it is more than the threshold from last or anchor."""
    previous = slot.last
    counts[N_ACCEPTED] += 1
    accept(slot, price)
    if previous == 0:
        slot.anchor = price
        return found
    if price == previous:
        return found
    counts[N_CHANGES] += 1
    step = differs(price, previous, slot.move_bp)
    if slot.raises_moves == 0 or not (step or (drift and differs(price, slot.anchor, slot.move_bp))):
        return found
    counts[N_STEP if step else N_DRIFT] += 1
    reference = previous if step else slot.anchor
    counts[N_UP if price > reference else N_DOWN] += 1
    found = hit(hits, found, row, STEP if step else DRIFT, previous, slot.anchor)
    slot.anchor = price
    return found


@_jit
def note_availability(slot: Any, row: int, state: int, confirmations: int, counts: Ints, hits: Ints, found: int) -> int:
    """Raise out of stock and back in stock once the new state was seen often enough in a row."""
    if state == 0:
        return found  # unknown is never read as out of stock
    if slot.availability == 0 or slot.availability == state:
        slot.availability = state
        slot.pending = 0
        return found
    slot.pending += 1
    if slot.pending < confirmations:
        return found
    slot.availability = state
    slot.pending = 0
    counts[N_OUT if state == 2 else N_BACK] += 1
    return hit(hits, found, row, OUT if state == 2 else BACK, 0, 0)  # type: ignore[no-any-return]


@_jit
def note_promotions(slot: Any, row: int, shown: int, counts: Ints, hits: Ints, found: int) -> int:
    """Raise promotions that appeared or went; `shown` below zero: this page could not say."""
    if shown < 0 or shown == slot.promotions:
        return found
    started = shown & ~slot.promotions
    ended = slot.promotions & ~shown
    slot.promotions = shown
    if started != 0:
        counts[N_PROMOTIONS] += 1
        found = hit(hits, found, row, PROMOTION_ON, started, 0)
    if ended != 0:
        found = hit(hits, found, row, PROMOTION_OFF, ended, 0)
    return found


def warm_up(slots: Any) -> None:
    """Compile or load the kernel now, so that the first batch does not wait for it."""
    nothing = np.zeros(0, np.int64)
    narrow = np.zeros(0, np.int32)
    counts, hits = np.zeros(len(COUNTERS), np.int64), np.zeros((0, 4), np.int64)
    walk(slots, narrow, nothing, nothing, narrow, np.zeros(0, np.int8), narrow, True, 0, 0, 1, counts, hits)
