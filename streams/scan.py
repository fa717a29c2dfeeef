"""A message of observations straight into columns, where it is written as our own encoder writes it.

Three quarters of the worker's time went into making an object of every row, and a few rows in a
hundred become events. This reads the JSON bytes once and notes where each row begins; rows that
matter are decoded later. It takes only what is certain to mean the same to any JSON reader: the
fields in their order, no white space, whole numbers. Everything else is left to the decoder.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import numpy.typing as npt

from contracts.money import LARGEST_MINOR
from contracts.observations import Observation, PriceType
from streams.kernel import IN_STOCK, NO_PRICE, UNKNOWN, Batch
from streams.names import (
    LAST,
    NONE,
    SIZE,
    WORD,
    Table,
    Words,
    compiled,
    copy,
    enter,
    hash_begin,
    hash_on,
    inlined,
    note,
    place_of,
)
from streams.noticed import CANNOT_SAY, NO_PROMOTION, PROMOTION_KINDS

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

FAILED = -1
DIGITS = 18  # more may not fit int64
SHORTEST = len('{"competitor":"","product_id":"","observed_at":0,"price_minor":0,"currency":"EUR"},')

CURRENCIES = 26**3  # three capital letters as one number
UNSEEN = -2  # code of a currency that was not asked for yet; a row of it says below that which it is
TO_DECODE = -2  # promotions of a row that shows some: they must be decoded

TEXT, NUMBER, LIST, CHOICE = range(4)
FIELDS = Observation.__struct_fields__
OPTIONAL = FIELDS[5:]
assert FIELDS[:5] == ("competitor", "product_id", "observed_at", "price_minor", "currency")
KINDS = {"availability": CHOICE, "price_type": CHOICE, "list_price_minor": NUMBER, "match_confidence": NUMBER}
KINDS["promotions"] = LIST


def _packed(texts: tuple[str, ...]) -> tuple[Bytes, Ints]:
    """Texts as one array of bytes and where each ends, beginning with 0."""
    data = [text.encode() for text in texts]
    return np.frombuffer(b"".join(data), np.uint8), np.cumsum([0, *map(len, data)])


NAMES, NAME_ENDS = _packed(OPTIONAL)
KIND_OF = np.array([KINDS.get(name, TEXT) for name in OPTIONAL])
HEADS = ('{"competitor":"', '","product_id":"', '","observed_at":', ',"price_minor":', ',"currency":"')
HEAD_LENGTHS = np.array(list(map(len, HEADS)))
assert all(WORD <= length <= 2 * WORD for length in HEAD_LENGTHS)  # so two words of eight bytes cover one
HEAD_STARTS = np.frombuffer("".join(head[:WORD] for head in HEADS).encode(), np.uint64)
HEAD_ENDS = np.frombuffer("".join(head[-WORD:] for head in HEADS).encode(), np.uint64)
AVAILABILITIES, AVAILABILITY_ENDS = _packed(("Unknown", "InStock", "OutOfStock"))  # by the kernel's codes
PRICE_TYPES: tuple[str, ...] = get_args(PriceType)
TYPES, TYPE_ENDS = _packed(PRICE_TYPES)
SELLER, AVAILABILITY_AT, CONFIDENCE_AT = map(OPTIONAL.index, ("seller", "availability", "match_confidence"))
QUOTE, BACKSLASH, COMMA, COLON, MINUS, POINT = (ord(c) for c in '"\\,:-.')
OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, ZERO, NINE = (ord(c) for c in "{}[]09")
SEPARATOR_BYTE = 0xFF  # between the names of a series, and in no UTF-8 text
SPECIAL = np.array([byte in b'"\\' or byte < 32 for byte in range(256)])  # not in a text without escapes but its end
WAS_NOW = 1 << PROMOTION_KINDS.index("was_now")
ESCAPES = np.frombuffer(b'"\\/bfnrt', np.uint8)
NULL = np.frombuffer(b"null", np.uint8)


@compiled
def scan(data: Bytes, words: Words, table: Table, currencies: npt.NDArray[np.int32], ends: Ints, batch: Batch) -> int:
    """Read a message into the columns of a batch, as many rows as there is room for; new series get slots.

    Args:
        data: the message, UTF-8.
        words: of it, as `words_of` gives them.
        table: of the series, with room for as many as there are rows and for the bytes of the message.
        currencies: (CURRENCIES,), codes, `UNSEEN` where there is none yet.
        ends: (capacity + 1,), filled with where the rows end, beginning with where the first begins.
        batch: filled; a row's currency is `UNSEEN - 1 - letters` where it has no code yet.

    Returns:
        The number of rows, or FAILED; then there may be new series nevertheless.
    """
    count, at, last = 0, 0, len(data) - 1
    if last < 1 or data[0] != OPEN_LIST or data[last] != CLOSE_LIST:
        return FAILED
    ends[0] = 1
    while at < last:
        if count == len(batch.slot):
            return FAILED
        at = scan_row(data, words, at + 1, last, table, currencies, batch, count)
        if at == FAILED or (data[at] != COMMA and at != last):
            return FAILED
        count += 1
        ends[count] = at + 1
    return count


@inlined
def scan_row(
    data: Bytes,
    words: Words,
    at: int,
    last: int,
    table: Table,
    currencies: npt.NDArray[np.int32],
    batch: Batch,
    row: int,
) -> int:
    """One object from its brace on; where it ends, or FAILED."""
    shop = head(words, at, 0)
    if shop == FAILED:
        return FAILED
    guess = table.after[table.cursor[LAST] + 1]
    name = product = product_end = FAILED
    shop_end, name = guessed(table, guess, data, shop, last)
    if name != FAILED:
        product = head(words, shop_end, 1)
        if product != FAILED:
            product_end, name = known(table.names, name, data, product, last)
    if name == FAILED:
        shop_end = plain_text(data, shop, last)
        product = head(words, shop_end, 1)
        product_end = plain_text(data, product, last)
    at = head(words, product_end, 2)
    at, batch.observed_at[row] = whole_number(data, at, last)
    at = head(words, at, 3)
    at, batch.price[row] = amount(data, at, last)
    at = head(words, at, 4)
    if at == FAILED or at + 4 > last or data[at + 3] != QUOTE:
        return FAILED
    packed = 0
    for letter in data[at : at + 3]:
        if letter < 65 or letter > 90:
            return FAILED
        packed = packed * 26 + letter - 65
    code = currencies[packed]
    batch.currency[row] = code if code != UNSEEN else UNSEEN - 1 - packed
    at, seller, seller_end, kind = scan_options(data, at + 4, last, batch, row)
    if at == FAILED:
        return FAILED
    if name == FAILED or not ends_so(table, guess, name, data, seller, seller_end, kind):
        guess = slot_of(table, data, shop, shop_end, product, product_end, seller, seller_end, kind)
    note(table, guess)
    batch.slot[row] = guess
    return at


@inlined
def scan_options(data: Bytes, at: int, last: int, batch: Batch, row: int) -> tuple[int, int, int, int]:
    """The fields that may be left out: past the brace (or FAILED), where the seller's name lies, and the price type."""
    stock, kind, was, shown = IN_STOCK, 0, NO_PRICE, False
    seller = seller_end = passed = 0
    while data[at] != CLOSE:
        if data[at] != COMMA or at + 2 > last or data[at + 1] != QUOTE:
            return FAILED, 0, 0, 0
        field, at = field_named(data, at + 2, last, passed)
        if at == FAILED:
            return FAILED, 0, 0, 0
        passed = field + 1
        quoted = data[at] == QUOTE
        if KIND_OF[field] in (TEXT, CHOICE) and not quoted:
            return FAILED, 0, 0, 0
        if field == SELLER:
            seller = at + 1
            seller_end = plain_text(data, seller, last)
            at = seller_end if seller_end == FAILED else seller_end + 1
        elif KIND_OF[field] == TEXT:
            at = text(data, at + 1, last)
        elif KIND_OF[field] == LIST:
            shown = True
            at = past_list(data, at, last)
        elif field == AVAILABILITY_AT:
            stock, at = word(data, at + 1, last, AVAILABILITIES, AVAILABILITY_ENDS)
        elif KIND_OF[field] == CHOICE:
            kind, at = word(data, at + 1, last, TYPES, TYPE_ENDS)
        elif field == CONFIDENCE_AT:
            at = number(data, at, last)
        else:
            at, was = amount(data, at, last)
        if at == FAILED or at >= last:
            return FAILED, 0, 0, 0
    batch.availability[row] = stock
    batch.promotions[row] = TO_DECODE if shown else mask_of(stock, batch.price[row], was)
    return at + 1, seller, seller_end, kind


@inlined
def mask_of(stock: int, price: int, was: int) -> int:
    """What `promotion_mask` gives for a row that lists no promotions."""
    if stock == UNKNOWN:
        return CANNOT_SAY
    # An absent or vast price is below any "was" price that there is.
    struck = was > price and price not in (0, NO_PRICE) and was != 0 and abs(was) <= LARGEST_MINOR
    return WAS_NOW if struck else NO_PROMOTION


@inlined
def guessed(table: Table, guess: int, data: Bytes, start: int, last: int) -> tuple[int, int]:
    """The closing quote of a shop's name and what is next in the name of the guess; FAILED where it is another."""
    if guess == NONE:
        return FAILED, FAILED
    return known(table.names, table.ends[guess], data, start, last)


@inlined
def known(names: Bytes, at: int, data: Bytes, start: int, last: int) -> tuple[int, int]:
    """The closing quote of a plain text that stands at `at` in some names, and past its separator there; or FAILED."""
    while names[at] != SEPARATOR_BYTE:
        if start >= last or names[at] != data[start] or SPECIAL[data[start]]:
            return FAILED, FAILED
        at += 1
        start += 1
    return (start, at + 1) if data[start] == QUOTE else (FAILED, FAILED)


@inlined
def ends_so(table: Table, slot: int, at: int, data: Bytes, start: int, end: int, kind: int) -> bool:
    """Whether the name of a slot goes on from `at` with a seller and a price type, and ends there."""
    at = same(table.names, at, data, start, end)
    first, length = TYPE_ENDS[kind], TYPE_ENDS[kind + 1] - TYPE_ENDS[kind]
    if at == FAILED or table.ends[slot + 1] - at != length:
        return False
    for offset in range(length):  # noqa: SIM110 numba knows no all()
        if table.names[at + offset] != TYPES[first + offset]:
            return False
    return True


@inlined
def slot_of(
    table: Table, data: Bytes, shop: int, shop_end: int, product: int, product_end: int,
    seller: int, seller_end: int, kind: int,
) -> int:  # fmt: skip
    """The slot of a series whose names lie in the message."""
    separator, prime = np.uint64(SEPARATOR_BYTE), np.uint64(0x100000001B3)
    found = (hash_on(hash_begin(0), data, shop, shop_end) ^ separator) * prime
    found = (hash_on(found, data, product, product_end) ^ separator) * prime
    found = (hash_on(found, data, seller, seller_end) ^ separator) * prime
    found = hash_on(found, TYPES, TYPE_ENDS[kind], TYPE_ENDS[kind + 1])
    mask = len(table.places) - 1
    place = place_of(found, mask)
    while table.places[place] != NONE:
        slot = table.places[place]
        if table.hashes[slot] == found:
            at = same(table.names, table.ends[slot], data, shop, shop_end)
            at = same(table.names, at, data, product, product_end)
            if at != FAILED and ends_so(table, slot, at, data, seller, seller_end, kind):
                return slot
        place = (place + 1) & mask
    at = table.ends[table.cursor[SIZE]]
    at = written(table.names, at, data, shop, shop_end)
    at = written(table.names, at, data, product, product_end)
    at = written(table.names, at, data, seller, seller_end)
    at = written(table.names, at, TYPES, TYPE_ENDS[kind], TYPE_ENDS[kind + 1]) - 1  # nothing ends with a separator
    return enter(table, place, 0, found, at)


@inlined
def written(names: Bytes, at: int, data: Bytes, start: int, end: int) -> int:
    """Past some bytes and a separator, written at `at`."""
    copy(data, start, end, names, at)
    names[at + end - start] = SEPARATOR_BYTE
    return at + end - start + 1


@inlined
def same(names: Bytes, at: int, data: Bytes, start: int, end: int) -> int:
    """Past some bytes and a separator where they are at `at`, else FAILED."""
    if at == FAILED or at + end - start >= len(names):
        return FAILED
    for offset in range(end - start):
        if names[at + offset] != data[start + offset]:
            return FAILED
    after = at + end - start
    return after + 1 if names[after] == SEPARATOR_BYTE else FAILED


@inlined
def head(words: Words, at: int, which: int) -> int:
    """Past one of HEADS that must be here, or FAILED."""
    length = HEAD_LENGTHS[which]
    if at == FAILED or at + length > len(words) + WORD - 1:
        return FAILED
    if words[at] != HEAD_STARTS[which] or words[at + length - WORD] != HEAD_ENDS[which]:
        return FAILED
    return at + length


@inlined
def expect(data: Bytes, at: int, last: int, texts: Bytes, first: int, end: int) -> int:
    """Past a text that must be here, or FAILED."""
    if at == FAILED or at + end - first > last:
        return FAILED
    for offset in range(end - first):
        if data[at + offset] != texts[first + offset]:
            return FAILED
    return at + end - first


@inlined
def plain_text(data: Bytes, at: int, last: int) -> int:
    """The closing quote of a text without escapes, or FAILED."""
    if at == FAILED:
        return FAILED
    while at < last and not SPECIAL[data[at]]:
        at += 1
    return at if data[at] == QUOTE else FAILED


@inlined
def text(data: Bytes, at: int, last: int) -> int:
    """Past the closing quote of a text with the short escapes, or FAILED."""
    while at < last:
        byte = data[at]
        if byte == QUOTE:
            return at + 1
        if byte < 32:
            return FAILED
        if byte == BACKSLASH:
            at += 1
            known = False
            for escape in ESCAPES:
                known |= data[at] == escape
            if not known:
                return FAILED
        at += 1
    return FAILED


@inlined
def whole_number(data: Bytes, at: int, last: int) -> tuple[int, int]:
    """Past a whole number that fits, and it; or FAILED."""
    if at == FAILED:
        return FAILED, 0
    negative = data[at] == MINUS
    first = at + 1 if negative else at
    at, value = first, 0
    while at < last and ZERO <= data[at] <= NINE and at - first <= DIGITS:
        value = value * 10 + data[at] - ZERO
        at += 1
    length = at - first
    if length == 0 or length > DIGITS or (length > 1 and data[first] == ZERO):
        return FAILED, 0
    return at, -value if negative else value


@inlined
def amount(data: Bytes, at: int, last: int) -> tuple[int, int]:
    """Past a whole number or null, and it, `NO_PRICE` for null; or FAILED."""
    null = expect(data, at, last, NULL, 0, 4)
    if null != FAILED:
        return null, NO_PRICE
    return whole_number(data, at, last)


@inlined
def number(data: Bytes, at: int, last: int) -> int:
    """Past a decimal number without an exponent, or FAILED."""
    at, _whole = whole_number(data, at, last)
    if at != FAILED and data[at] == POINT:
        first = at = at + 1
        while at < last and ZERO <= data[at] <= NINE:
            at += 1
        return at if at > first else FAILED
    return at


@inlined
def word(data: Bytes, at: int, last: int, words: Bytes, ends: Ints) -> tuple[int, int]:
    """Which of some words stands here, and past its closing quote; or FAILED."""
    for choice in range(len(ends) - 1):
        end = expect(data, at, last, words, ends[choice], ends[choice + 1])
        if end != FAILED and data[end] == QUOTE:
            return choice, end + 1
    return 0, FAILED


@inlined
def field_named(data: Bytes, at: int, last: int, first: int) -> tuple[int, int]:
    """Which optional field from `first` on is named here, and past its colon; or FAILED."""
    for field in range(first, len(NAME_ENDS) - 1):
        end = expect(data, at, last, NAMES, NAME_ENDS[field], NAME_ENDS[field + 1])
        if end != FAILED and end + 2 <= last and data[end] == QUOTE and data[end + 1] == COLON:
            return field, end + 2
    return 0, FAILED


@inlined
def past_list(data: Bytes, at: int, last: int) -> int:
    """Past a list, whatever is in it: its row is decoded, which judges it. Or FAILED."""
    if data[at] != OPEN_LIST:
        return FAILED
    depth = 0
    while at < last:
        byte = data[at]
        if byte == QUOTE:
            at = text(data, at + 1, last)
            if at == FAILED:
                return FAILED
            continue
        if byte in (OPEN_LIST, OPEN):
            depth += 1
        elif byte in (CLOSE_LIST, CLOSE):
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return FAILED
