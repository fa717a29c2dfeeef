"""A message of observations straight into columns, where it is written as our own encoder writes it.

Three quarters of the worker's time went into making an object of every row, and a few rows in a
hundred become events. This reads the JSON bytes once and notes where each row begins; rows that
matter are decoded later. It takes only what is certain to mean the same to any JSON reader: the
fields in their order, no white space, whole numbers. Everything else is left to the decoder.
"""

from __future__ import annotations

from typing import Any, get_args

import numba
import numpy as np
import numpy.typing as npt

from contracts.observations import Observation, PriceType
from streams.series import NONE, Arrays, hash_begin, hash_on, place_of

Bytes = npt.NDArray[np.uint8]
_jit: Any = numba.njit(cache=True, nogil=True, forceinline=True)

NO_NUMBER = np.iinfo(np.int64).min
FAILED = -1
DIGITS = 18  # more may not fit int64

# Columns of what `scan` fills, one row an observation.
BEGIN, END, SLOT, AT, PRICE, LIST_PRICE, CURRENCY, AVAILABILITY, PRICE_TYPE, SHOWN = range(10)
COLUMNS = 10
CURRENCIES = 26**3  # three capital letters as one number

TEXT, NUMBER, LIST, WORD = range(4)
FIELDS = Observation.__struct_fields__
OPTIONAL = FIELDS[5:]
assert FIELDS[:5] == ("competitor", "product_id", "observed_at", "price_minor", "currency")
KINDS = {"availability": WORD, "price_type": WORD, "list_price_minor": NUMBER, "match_confidence": NUMBER}
KINDS["promotions"] = LIST


def _packed(texts: tuple[str, ...]) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """Texts as one array of bytes and where each ends, beginning with 0."""
    data = [text.encode() for text in texts]
    return np.frombuffer(b"".join(data), np.uint8), np.cumsum([0, *map(len, data)])


NAMES, NAME_ENDS = _packed(OPTIONAL)
KIND_OF = np.array([KINDS.get(name, TEXT) for name in OPTIONAL])
HEADS, HEAD_ENDS = _packed(
    ('{"competitor":"', '","product_id":"', '","observed_at":', ',"price_minor":', ',"currency":"')
)
AVAILABILITIES, AVAILABILITY_ENDS = _packed(("Unknown", "InStock", "OutOfStock"))  # by the kernel's codes
IN_STOCK = 1
PRICE_TYPES: tuple[str, ...] = get_args(PriceType)
TYPES, TYPE_ENDS = _packed(PRICE_TYPES)
SELLER, AVAILABILITY_AT, CONFIDENCE_AT = map(OPTIONAL.index, ("seller", "availability", "match_confidence"))
QUOTE, BACKSLASH, COMMA, COLON, MINUS, POINT = (ord(c) for c in '"\\,:-.')
OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, ZERO, NINE = (ord(c) for c in "{}[]09")
ESCAPES = np.frombuffer(b'"\\/bfnrt', np.uint8)
NULL = np.frombuffer(b"null", np.uint8)


@_jit
def scan(data: Bytes, table: Arrays, rows: npt.NDArray[np.int64]) -> int:
    """Fill `rows` (at least as many as the message has, COLUMNS); their number, or FAILED.

    Column SLOT is NONE where the series is new, SHOWN 1 where promotions must be decoded.
    """
    count, at, last = 0, 0, len(data) - 1
    if last < 1 or data[0] != OPEN_LIST or data[last] != CLOSE_LIST:
        return FAILED
    while at < last:
        at += 1
        if count == len(rows):
            return FAILED
        rows[count, BEGIN] = at
        at = scan_row(data, at, last, table, rows[count])
        if at == FAILED or (data[at] != COMMA and at != last):
            return FAILED
        rows[count, END] = at
        count += 1
    return count


@_jit
def scan_row(data: Bytes, at: int, last: int, table: Arrays, row: npt.NDArray[np.int64]) -> int:
    """One object from its brace on; where it ends, or FAILED."""
    shop = expect(data, at, last, HEADS, HEAD_ENDS[0], HEAD_ENDS[1])
    shop_end = plain_text(data, shop, last)
    product = expect(data, shop_end, last, HEADS, HEAD_ENDS[1], HEAD_ENDS[2])
    product_end = plain_text(data, product, last)
    at = expect(data, product_end, last, HEADS, HEAD_ENDS[2], HEAD_ENDS[3])
    at, row[AT] = whole_number(data, at, last)
    at = expect(data, at, last, HEADS, HEAD_ENDS[3], HEAD_ENDS[4])
    null = expect(data, at, last, NULL, 0, 4)
    if null != FAILED:
        at, row[PRICE] = null, NO_NUMBER
    else:
        at, row[PRICE] = whole_number(data, at, last)
    at = expect(data, at, last, HEADS, HEAD_ENDS[4], HEAD_ENDS[5])
    if at == FAILED or at + 4 > last or data[at + 3] != QUOTE:
        return FAILED
    packed = 0
    for letter in data[at : at + 3]:
        if letter < 65 or letter > 90:
            return FAILED
        packed = packed * 26 + letter - 65
    row[CURRENCY] = packed
    return scan_options(data, at + 4, last, table, row, shop, shop_end, product, product_end)


@_jit
def scan_options(
    data: Bytes, at: int, last: int, table: Arrays, row: npt.NDArray[np.int64],
    shop: int, shop_end: int, product: int, product_end: int,
) -> int:  # fmt: skip
    """The fields that may be left out, and the slot of the series."""
    row[AVAILABILITY], row[PRICE_TYPE], row[LIST_PRICE], row[SHOWN] = IN_STOCK, 0, NO_NUMBER, 0
    seller = seller_end = passed = 0
    while data[at] != CLOSE:
        if data[at] != COMMA or at + 2 > last or data[at + 1] != QUOTE:
            return FAILED
        field, at = field_named(data, at + 2, last, passed)
        if at == FAILED:
            return FAILED
        passed = field + 1
        if field == SELLER and data[at] == QUOTE:
            seller = at + 1
            at = seller_end = plain_text(data, seller, last)
            at = FAILED if at == FAILED else at + 1
        else:
            at = scan_value(data, at, last, field, row)
        if at == FAILED or at >= last:
            return FAILED
    row[SLOT] = slot_of(table, data, shop, shop_end, product, product_end, seller, seller_end, row[PRICE_TYPE])
    return at + 1


@_jit
def scan_value(data: Bytes, at: int, last: int, field: int, row: npt.NDArray[np.int64]) -> int:
    """Past the value of an optional field, or FAILED."""
    kind = KIND_OF[field]
    quoted = data[at] == QUOTE
    if kind in (TEXT, WORD) and not quoted:
        at = FAILED
    elif kind == TEXT:
        at = text(data, at + 1, last)
    elif kind == LIST:
        row[SHOWN] = 1
        at = past_list(data, at, last)
    elif field == AVAILABILITY_AT:
        row[AVAILABILITY], at = word(data, at + 1, last, AVAILABILITIES, AVAILABILITY_ENDS)
    elif kind == WORD:
        row[PRICE_TYPE], at = word(data, at + 1, last, TYPES, TYPE_ENDS)
    elif field == CONFIDENCE_AT:
        at = number(data, at, last)
    else:
        null = expect(data, at, last, NULL, 0, 4)
        if null == FAILED:
            at, row[LIST_PRICE] = whole_number(data, at, last)
        else:
            at = null
    return at


@_jit
def slot_of(
    table: Arrays, data: Bytes, shop: int, shop_end: int, product: int, product_end: int,
    seller: int, seller_end: int, price_type: int,
) -> int:  # fmt: skip
    """The slot of a series whose names lie in the message; NONE where it is new."""
    separator = np.uint64(0xFF)
    prime = np.uint64(0x100000001B3)
    first, end = TYPE_ENDS[price_type], TYPE_ENDS[price_type + 1]
    found = (hash_on(hash_begin(), data, shop, shop_end) ^ separator) * prime
    found = (hash_on(found, data, product, product_end) ^ separator) * prime
    found = (hash_on(found, data, seller, seller_end) ^ separator) * prime
    found = hash_on(found, TYPES, first, end)
    mask = len(table.places) - 1
    place = place_of(found, mask)
    while table.places[place] != NONE:
        slot = table.places[place]
        if table.hashes[slot] == found:
            at = table.ends[slot]
            at = same(table.names, at, data, shop, shop_end)
            at = same(table.names, at, data, product, product_end)
            at = same(table.names, at, data, seller, seller_end)
            if at != FAILED and table.ends[slot + 1] - at == end - first:
                matches = True
                for number_of in range(end - first):
                    if table.names[at + number_of] != TYPES[first + number_of]:
                        matches = False
                if matches:
                    return slot
        place = (place + 1) & mask
    return NONE


@_jit
def same(names: Bytes, at: int, data: Bytes, start: int, end: int) -> int:
    """Past some bytes and a separator where they are at `at`, else FAILED."""
    if at == FAILED or at + end - start >= len(names):
        return FAILED
    for offset in range(end - start):
        if names[at + offset] != data[start + offset]:
            return FAILED
    after = at + end - start
    return after + 1 if names[after] == 0xFF else FAILED


@_jit
def expect(data: Bytes, at: int, last: int, texts: Bytes, first: int, end: int) -> int:
    """Past a text that must be here, or FAILED."""
    if at == FAILED or at + end - first > last:
        return FAILED
    for offset in range(end - first):
        if data[at + offset] != texts[first + offset]:
            return FAILED
    return at + end - first


@_jit
def plain_text(data: Bytes, at: int, last: int) -> int:
    """The closing quote of a text without escapes, or FAILED."""
    if at == FAILED:
        return FAILED
    while at < last:
        byte = data[at]
        if byte == QUOTE:
            return at
        if byte == BACKSLASH or byte < 32:
            return FAILED
        at += 1
    return FAILED


@_jit
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


@_jit
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


@_jit
def number(data: Bytes, at: int, last: int) -> int:
    """Past a decimal number without an exponent, or FAILED."""
    at, _whole = whole_number(data, at, last)
    if at != FAILED and data[at] == POINT:
        first = at = at + 1
        while at < last and ZERO <= data[at] <= NINE:
            at += 1
        return at if at > first else FAILED
    return at


@_jit
def word(data: Bytes, at: int, last: int, words: Bytes, ends: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Which of some words stands here, and past its closing quote; or FAILED."""
    for choice in range(len(ends) - 1):
        end = expect(data, at, last, words, ends[choice], ends[choice + 1])
        if end != FAILED and data[end] == QUOTE:
            return choice, end + 1
    return 0, FAILED


@_jit
def field_named(data: Bytes, at: int, last: int, first: int) -> tuple[int, int]:
    """Which optional field from `first` on is named here, and past its colon; or FAILED."""
    for field in range(first, len(NAME_ENDS) - 1):
        end = expect(data, at, last, NAMES, NAME_ENDS[field], NAME_ENDS[field + 1])
        if end != FAILED and end + 2 <= last and data[end] == QUOTE and data[end + 1] == COLON:
            return field, end + 2
    return 0, FAILED


@_jit
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
