"""The rules, row by row: one function that walks a batch of integers and says where something happened.

Plain scalar code compiled by numba; uncompiled (NUMBA_DISABLE_JIT=1) it is its own debugger.
Its referee is the slow reference in tests/unit/streams/reference.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.money import LARGEST_MINOR
from contracts.policy import Detection
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from streams.names import compiled, inlined

Ints = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).min
NO_PRICE = NEVER  # the row of a page that shows no price
LARGEST = LARGEST_MINOR
UNKNOWN, IN_STOCK, OUT_OF_STOCK = 0, 1, 2
MANY_OFFERS_WINDOWS = 100  # so long a series is taken to have several offers after it showed two
RETURN_BP = 100  # a price within one percent of the one before a cut has returned to it

# What happened in a row, and what the five numbers of its hit mean.
STEP = 1  # previous, anchor, price, observed_at, in stock
DRIFT = 2  # the same
QUARANTINED = 3  # median
CURRENCY_HELD = 4  # median
OUT = 5
BACK = 6
PROMOTION_ON = 7  # bit mask of kinds, and of those that are novel
PROMOTION_OFF = 8  # bit mask of kinds
INFERRED = 9  # price during the promotion, price before it, when it began
LISTED = 10
MASS = 11  # products moved, products seen, median change in basis points, cause, its spread
INVALID = 12
DELISTED = 13  # slot, when: found by the search before the row, not by it
HIT_COLUMNS = 7  # row, what, and five numbers
HITS_PER_ROW = 7
OTHER_CURRENCY, MOVED, HELD, GONE = 0, 1, 2, 3  # causes of a mass move

COUNTERS = (
    "observations",
    "invalid",
    "duplicates",
    "out_of_order",
    "accepted",
    "other_offers",
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
    "listed",
    "delisted",
    "mass_moves",
)
(
    N_ROWS, N_INVALID, N_DUPLICATE, N_LATE, N_ACCEPTED, N_OTHER, N_HELD, N_RELEASED, N_CHANGES, N_STEP, N_DRIFT,
    N_UP, N_DOWN, N_OUT, N_BACK, N_PROMOTIONS, N_LISTED, N_DELISTED, N_MASS,
) = range(19)  # fmt: skip


class Rules(NamedTuple):
    """A policy's detection as the kernel reads it: integers, 0 for what is switched off; times in ms."""

    drift: int
    factor: int
    confirmation_bp: int
    confirmations: int
    window: int
    promotion: int
    delist: int
    novel: int
    mass_minimum: int
    mass_share: int
    mass_window: int


def rules_of(detection: Detection) -> Rules:
    """The rules of a policy."""
    return Rules(
        drift=int(detection.drift),
        factor=detection.quarantine_factor if detection.quarantine else 0,
        confirmation_bp=detection.confirmation_bp,
        confirmations=detection.availability_confirmations,
        window=detection.crawl_window_minutes * MINUTE_MS,
        promotion=detection.promotion_days * DAY_MS,
        delist=detection.delist_after_days * DAY_MS,
        novel=detection.novel_after_days * DAY_MS,
        mass_minimum=detection.mass_minimum,
        mass_share=detection.mass_share_percent,
        mass_window=detection.mass_window_hours * HOUR_MS,
    )


class Batch(NamedTuple):
    """A batch as arrays, one entry a row, in the order of the stream.

    `slot` as `MarketState.slot_of` gives it; `observed_at` epoch ms; `price` minor units,
    `NO_PRICE` where there is none; `currency` as `MarketState.currencies` codes it (below
    zero: none that ISO 4217 knows); `availability` UNKNOWN, IN_STOCK or OUT_OF_STOCK;
    `promotions` a bit mask of kinds, below zero where the page could not say.
    """

    slot: npt.NDArray[np.int32]
    observed_at: Ints
    price: Ints
    currency: npt.NDArray[np.int32]
    availability: npt.NDArray[np.int8]
    promotions: npt.NDArray[np.int32]

    @classmethod
    def empty(cls, rows: int) -> Batch:
        """Room for so many rows, to be filled."""
        kinds = (np.int32, np.int64, np.int64, np.int32, np.int8, np.int32)
        return cls(*[np.empty(rows, kind) for kind in kinds])  # type: ignore[arg-type]

    def first(self, rows: int) -> Batch:
        """The first rows."""
        return Batch(*[column[:rows] for column in self])  # type: ignore[arg-type]


@compiled
def walk(slots: Any, shops: Any, batch: Batch, rules: Rules, start: int, counts: Ints, hits: Ints) -> tuple[int, int]:
    """Walk a batch from row `start` on, in order.

    Args:
        slots, shops: the market state, (capacity,) of `streams.state.SLOT` and `SHOP`, changed in place.
        counts: (len(COUNTERS),), added to.
        hits: (HITS_PER_ROW n, HIT_COLUMNS), filled from the top.

    Returns:
        The number of hits, and the row to go on from: smaller than n where the shop of that
        row is due for a search of products that are gone, before the row itself.
    """
    found = bucket = day = 0
    bucket_end = day_end = NEVER
    numbers, times, prices, currencies, stock, promotions = batch
    for row in range(start, len(numbers)):
        slot = slots[numbers[row]]
        shop = shops[slot.competitor]
        now = times[row]
        # A division costs as much as half of the rest, and neighbouring rows are of one day.
        if now >= day_end or now < day_end - DAY_MS:
            day = now // DAY_MS
            day_end = (day + 1) * DAY_MS
        if rules.delist > 0 and day > shop.swept_day:
            if shop.first_seen_at != NEVER:
                return found, row
            shop.swept_day = day
        if rules.mass_minimum > 0:
            if now >= bucket_end or now < bucket_end - rules.mass_window:
                bucket = now // rules.mass_window
                bucket_end = (bucket + 1) * rules.mass_window
            enter_bucket(slot, shop, bucket)
        counts[N_ROWS] += 1
        found = observe(
            slot, shop, row, now, prices[row], currencies[row], stock[row], promotions[row], rules, counts, hits, found
        )
    return found, len(numbers)


@inlined
def observe(
    slot: Any, shop: Any, row: int, now: int, price: int, currency: int, availability: int, shown: int, rules: Rules,
    counts: Ints, hits: Ints, found: int,
) -> int:  # fmt: skip
    """Take in one row."""
    if now > slot.checked_at:
        slot.checked_at = now
        found = note_availability(slot, row, availability, rules.confirmations, counts, hits, found)
        found = note_promotions(slot, shop, row, shown, rules.novel, counts, hits, found)
    if price == NO_PRICE and availability == OUT_OF_STOCK:
        return found  # an answer, not an error
    if price <= 0 or price > LARGEST or currency < 0:
        counts[N_INVALID] += 1
        found = hit(hits, found, row, INVALID, price, 0, 0, 0, 0)
        return note_mass(slot, shop, row, GONE, 0, rules, counts, hits, found)
    if is_old(slot, now, price, rules.window):
        counts[N_DUPLICATE if now == slot.seen_at else N_LATE] += 1
        return found
    later = now > slot.seen_at
    slot.seen_at, slot.seen_price = max(slot.seen_at, now), price
    first = slot.held == 0
    if not believe(slot, price, currency, later, rules):
        return hold(slot, shop, row, price, currency, first, later, rules, counts, hits, found)
    if not first:
        counts[N_RELEASED] += 1
    found = note_listing(slot, shop, row, now, rules, counts, hits, found)
    if rules.window == 0:
        in_stock = 1 if availability == IN_STOCK else 0
        return take(slot, shop, row, price, now, in_stock, rules, counts, hits, found)
    return offer(slot, shop, row, price, now, availability, rules, counts, hits, found)


@inlined
def hit(hits: Ints, found: int, row: int, what: int, a: int, b: int, c: int, d: int, e: int) -> int:
    """Write one hit and return the new number of hits."""
    hits[found, 0] = row
    hits[found, 1] = what
    hits[found, 2] = a
    hits[found, 3] = b
    hits[found, 4] = c
    hits[found, 5] = d
    hits[found, 6] = e
    return found + 1


@inlined
def is_old(slot: Any, now: int, price: int, window: int) -> bool:
    """Whether a row repeats or precedes what was seen; two offers in one window are neither."""
    if now > slot.seen_at:
        return False
    if window == 0 or slot.window == NEVER or now < slot.window:
        return True
    return now == slot.seen_at and price == slot.seen_price


@inlined
def offer(
    slot: Any, shop: Any, row: int, price: int, now: int, availability: int, rules: Rules,
    counts: Ints, hits: Ints, found: int,
) -> int:  # fmt: skip
    """Take one of the offers of a crawl window: the lowest in stock counts."""
    in_stock = 1 if availability == IN_STOCK else 0
    if slot.window == NEVER or now - slot.window >= rules.window:
        found = close_window(slot, shop, row, rules, counts, hits, found)
        slot.window = now
        return open_window(slot, shop, row, price, now, in_stock, rules, counts, hits, found)
    worse = price > slot.window_low if slot.window_in_stock == in_stock else slot.window_in_stock == 1
    if price == slot.window_low:
        slot.window_in_stock = max(slot.window_in_stock, in_stock)
    if worse or price == slot.window_low:
        counts[N_OTHER] += 1
        if price > slot.window_low and slot.deferred == 0:
            slot.suspect = 1
        return found
    if slot.rose == 1 and price < slot.window_low:
        slot.many = MANY_OFFERS_WINDOWS  # the rise was another offer
    slot.window_low, slot.window_at, slot.window_in_stock = price, now, in_stock
    if slot.deferred == 1 and price > slot.last:
        counts[N_OTHER] += 1
        return found
    slot.deferred = 0
    return take(slot, shop, row, price, now, in_stock, rules, counts, hits, found)


@inlined
def open_window(
    slot: Any, shop: Any, row: int, price: int, now: int, in_stock: int, rules: Rules,
    counts: Ints, hits: Ints, found: int,
) -> int:  # fmt: skip
    """Begin a window with its first offer: a rise waits where a lower offer may still come."""
    slot.window_low, slot.window_at, slot.window_in_stock = price, now, in_stock
    rises = slot.last > 0 and price > slot.last
    if slot.suspect == 1 and not rises:
        slot.many = MANY_OFFERS_WINDOWS  # the higher price of the last window did not stay: another offer
    slot.suspect = 0
    slot.rose = 1 if rises else 0
    if slot.many > 0:
        slot.many -= 1
        if rises:
            slot.deferred = 1
            return found
    return take(slot, shop, row, price, now, in_stock, rules, counts, hits, found)


@inlined
def close_window(slot: Any, shop: Any, row: int, rules: Rules, counts: Ints, hits: Ints, found: int) -> int:
    """Accept a rise that nothing undercut until its window was over."""
    if slot.deferred == 0:
        return found
    slot.deferred = 0
    return take(slot, shop, row, slot.window_low, slot.window_at, slot.window_in_stock == 1, rules, counts, hits, found)


@inlined
def take(
    slot: Any, shop: Any, row: int, price: int, at: int, in_stock: int, rules: Rules,
    counts: Ints, hits: Ints, found: int,
) -> int:  # fmt: skip
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
    if rules.promotion > 0:
        found = note_dip(slot, row, price, previous, at, step, rules, counts, hits, found)
    if slot.raises_moves == 0 or not (step or (rules.drift == 1 and differs(price, slot.anchor, slot.move_bp))):
        return found
    counts[N_STEP if step else N_DRIFT] += 1
    reference = previous if step else slot.anchor
    counts[N_UP if price > reference else N_DOWN] += 1
    found = hit(hits, found, row, STEP if step else DRIFT, previous, slot.anchor, price, at, in_stock)
    slot.anchor = price
    change_bp = (price - reference) * 10_000 // reference
    return note_mass(slot, shop, row, MOVED, change_bp, rules, counts, hits, found)


@inlined
def accept(slot: Any, price: int) -> None:
    """Make a price the last accepted one."""
    slot.last = price
    slot.ring[slot.ring_next] = price
    slot.ring_next = slot.ring_next + 1 if slot.ring_next < 4 else 0
    if slot.ring_size < 5:
        slot.ring_size += 1


@inlined
def differs(price: int, reference: int, basis_points: int) -> bool:
    """Whether a price is strictly more than so many basis points away from a reference."""
    return abs(price - reference) * 10_000 > basis_points * reference


@inlined
def believe(slot: Any, price: int, currency: int, later: bool, rules: Rules) -> bool:
    """Whether a price is accepted now; releases a price in quarantine, or confirms it where it was seen later."""
    if slot.currency < 0:
        slot.currency = currency
    same_currency = currency == slot.currency
    if rules.factor == 0:
        if not same_currency:
            restart(slot, currency)
            slot.last = 0
        return True
    # The price accepted last is among the five, and was not strange to those before it: nor is it now.
    if same_currency and (price == slot.last or not strange(slot.ring, slot.ring_size, price, rules.factor)):
        slot.held = 0
        slot.held_currency = -1
        return True
    agrees = slot.held_currency == currency and not differs(price, slot.held, rules.confirmation_bp)
    if slot.held > 0 and later and agrees:
        restart(slot, currency)
        if not same_currency:
            slot.last = 0  # prices in two currencies are never compared
        return True
    return False


@inlined
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


@inlined
def in_order(values: Ints, size: int, place: int) -> int:
    """The value that would stand at a place if the first `size` were sorted; few values, and nothing is allocated."""
    found = values[0]
    for i in range(size):
        below = same = 0
        for j in range(size):
            below += values[j] < values[i]
            same += values[j] == values[i]
        if below <= place < below + same:
            found = values[i]
    return found


@inlined
def restart(slot: Any, currency: int) -> None:
    """Forget the price level: what is confirmed next is the new normal."""
    slot.currency = currency
    slot.ring_size = 0
    slot.ring_next = 0
    slot.held = 0
    slot.held_currency = -1
    slot.deferred = 0
    slot.dip_from = 0


@inlined
def hold(
    slot: Any, shop: Any, row: int, price: int, currency: int, first: bool, later: bool, rules: Rules,
    counts: Ints, hits: Ints, found: int,
) -> int:  # fmt: skip
    """Put a price in quarantine; the first one of a row is told."""
    if not later:  # beside another offer of the same fetch: neither news nor a confirmation
        counts[N_OTHER] += 1
        return found
    slot.held = price
    slot.held_currency = currency
    counts[N_HELD] += 1
    if first:
        what = CURRENCY_HELD if currency != slot.currency else QUARANTINED
        median = in_order(slot.ring, slot.ring_size, (slot.ring_size - 1) // 2) if slot.ring_size > 0 else 0
        found = hit(hits, found, row, what, median, 0, 0, 0, 0)
    cause = OTHER_CURRENCY if currency != slot.currency else HELD
    return note_mass(slot, shop, row, cause, 0, rules, counts, hits, found)


@inlined
def note_availability(slot: Any, row: int, state: int, confirmations: int, counts: Ints, hits: Ints, found: int) -> int:
    """Raise out of stock and back in stock once the new state was seen often enough in a row."""
    if state == UNKNOWN:
        return found  # never read as out of stock
    if slot.availability == UNKNOWN or slot.availability == state:
        slot.availability = state
        slot.pending = 0
        return found
    slot.pending += 1
    if slot.pending < confirmations:
        return found
    slot.availability = state
    slot.pending = 0
    counts[N_OUT if state == OUT_OF_STOCK else N_BACK] += 1
    return hit(hits, found, row, OUT if state == OUT_OF_STOCK else BACK, 0, 0, 0, 0, 0)


@inlined
def note_promotions(
    slot: Any, shop: Any, row: int, shown: int, novel: int, counts: Ints, hits: Ints, found: int
) -> int:
    """Raise promotions that appeared or went; `shown` below zero: this page could not say."""
    if shown < 0:
        return found
    new_kinds = use_kinds(shop, shown, slot.checked_at, novel) if shown > 0 else 0
    if shown == slot.promotions:
        return found
    started = shown & ~slot.promotions
    ended = slot.promotions & ~shown
    slot.promotions = shown
    if started != 0:
        counts[N_PROMOTIONS] += 1
        found = hit(hits, found, row, PROMOTION_ON, started, new_kinds, 0, 0, 0)
    if ended != 0:
        found = hit(hits, found, row, PROMOTION_OFF, ended, 0, 0, 0, 0)
    return found


@inlined
def use_kinds(shop: Any, shown: int, now: int, novel: int) -> int:
    """Note that a shop uses kinds of promotions now; returns the bit mask of those it had not used for `novel` ms."""
    unused = 0
    for kind in range(len(shop.kind_used_at)):
        if shown >> kind & 1:
            used_at = shop.kind_used_at[kind]
            if used_at == NEVER or now - used_at > novel:
                unused |= 1 << kind
            shop.kind_used_at[kind] = max(used_at, now)
    return unused


@inlined
def note_dip(
    slot: Any, row: int, price: int, previous: int, at: int, step: bool, rules: Rules,
    counts: Ints, hits: Ints, found: int,
) -> int:  # fmt: skip
    """Infer a promotion from a cut that returns, where the page itself shows none."""
    if slot.dip_from > 0 and at - slot.dip_at > rules.promotion:
        slot.dip_from = 0  # it stayed: a new price, not a promotion
    if slot.dip_from > 0:
        if not differs(price, slot.dip_from, RETURN_BP):
            counts[N_PROMOTIONS] += 1
            found = hit(hits, found, row, INFERRED, slot.dip_price, slot.dip_from, slot.dip_at, at, price)
            slot.dip_from = 0
        else:
            slot.dip_price = min(slot.dip_price, price)
    elif step and price < previous and slot.promotions == 0:
        slot.dip_from, slot.dip_price, slot.dip_at = previous, price, at
    return found


@inlined
def note_listing(slot: Any, shop: Any, row: int, now: int, rules: Rules, counts: Ints, hits: Ints, found: int) -> int:
    """Raise a product that is new at a shop we have known for a day, or is there again."""
    if shop.first_seen_at == NEVER:
        shop.first_seen_at = now
    is_new = slot.anchor == 0 and now - shop.first_seen_at > DAY_MS  # another currency makes no new product
    is_back = slot.delisted == 1
    slot.delisted = 0
    if rules.delist == 0 or not (is_new or is_back):
        return found
    counts[N_LISTED] += 1
    return hit(hits, found, row, LISTED, 0, 0, 0, 0, 0)


@inlined
def enter_bucket(slot: Any, shop: Any, bucket: int) -> None:
    """Count a product once in the time bucket of its shop in which mass moves are looked for."""
    if bucket > shop.bucket:
        shop.bucket = bucket
        shop.seen = 0
        shop.told = 0
        shop.jumped[:] = 0
    if bucket == shop.bucket and slot.bucket != bucket:
        slot.bucket = bucket
        slot.jumped = 0
        shop.seen += 1


@inlined
def note_mass(
    slot: Any, shop: Any, row: int, cause: int, change_bp: int, rules: Rules, counts: Ints, hits: Ints, found: int
) -> int:
    """Raise one mass move when most products of a shop jumped, were held back or lost their price at once."""
    if rules.mass_minimum == 0 or slot.jumped & (1 << cause) or slot.bucket != shop.bucket:
        return found
    slot.jumped |= 1 << cause
    number = shop.jumped[cause]
    if cause == MOVED and number < len(shop.changes):
        shop.changes[number] = change_bp
    shop.jumped[cause] = number + 1
    if shop.told or number + 1 < rules.mass_minimum or (number + 1) * 100 < rules.mass_share * shop.seen:
        return found
    shop.told = 1
    counts[N_MASS] += 1
    median = spread = 0
    if cause == MOVED:
        changes, many = shop.changes, min(number + 1, len(shop.changes))
        median = in_order(changes, many, (many - 1) // 2)
        tenth = many // 10  # rounding to whole units makes the change of cheap products another
        spread = in_order(changes, many, many - 1 - tenth) - in_order(changes, many, tenth)
    return hit(hits, found, row, MASS, number + 1, shop.seen, median, cause, spread)
