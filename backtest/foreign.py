"""Columns of other people's files: each value cast, each row that is to blame named with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backtest.frame import PRICES, moments
from contracts.observations import Availability, PriceType

KNOWN: dict[str, tuple[str, ...]] = {"availability": get_args(Availability), "price_type": get_args(PriceType)}
YES, NO = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")
AMOUNTS = (*PRICES, "list_price_minor", "list_price_cents", "list_price")


def clean(columns: dict[str, pa.Array]) -> dict[int, str]:
    """Cast the columns in place; why rows cannot be used, by row."""
    reasons: dict[int, str] = {}
    for name in ("competitor", "product_id"):
        _need(columns[name], name, reasons)
    columns["observed_at"] = _cast(columns["observed_at"], moments, "observed_at", "an ISO 8601 time", reasons)
    _need(columns["observed_at"], "observed_at", reasons)
    for name in AMOUNTS:
        if name in columns:
            columns[name] = _amounts(columns[name], name, reasons)
    if "available" in columns:
        columns["available"] = _cast(columns["available"], _truths, "available", "true or false", reasons)
    for name in KNOWN.keys() & columns.keys():
        _one_of(columns[name], name, reasons)
    return reasons


def with_point(column: pa.Array) -> pa.Array:
    """Texts as "1.234,50" as "1234.50"."""
    comma = pc.match_substring(column, ",")
    plain = pc.replace_substring(pc.replace_substring(column, ".", ""), ",", ".", max_replacements=1)
    return pc.if_else(comma, plain, column)


def _need(column: pa.Array, name: str, reasons: dict[int, str]) -> None:
    empty = pc.is_null(column)
    if pa.types.is_string(column.type):
        empty = pc.or_(empty, pc.equal(pc.fill_null(column, ""), ""))
    for row in np.flatnonzero(empty.to_numpy(zero_copy_only=False)):
        reasons.setdefault(int(row), f"{name} must not be empty")


def _amounts(column: pa.Array, name: str, reasons: dict[int, str]) -> pa.Array:
    whole = name.endswith(("_minor", "_cents"))
    kind = pa.int64() if whole else pa.decimal128(28, 8)
    wanted = "a whole number" if whole else "a decimal number such as 19.99"

    def cast(values: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        return values.cast(kind)

    return _cast(column, cast, name, wanted, reasons)


def _truths(values: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return values.cast(pa.bool_())
    low = pc.utf8_lower(values)
    known = pc.or_(pc.is_in(low, pa.array(YES)), pc.is_in(low, pa.array(NO)))
    if not pc.all(pc.or_(known, pc.is_null(values))).as_py():
        raise pa.ArrowInvalid("not a truth value")
    return pc.if_else(pc.is_null(values), None, pc.is_in(low, pa.array(YES)))


def _cast(
    column: pa.Array, cast: Callable[[pa.Array], pa.Array], name: str, wanted: str, reasons: dict[int, str]
) -> pa.Array:
    """The column cast as a whole; where that fails, the rows that are to blame are named and become null."""
    try:
        return cast(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    pieces = []
    for row in range(len(column)):
        piece = column.slice(row, 1)
        try:
            pieces.append(cast(piece))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            reasons.setdefault(row, f"{name} must be {wanted}, was {str(column[row].as_py())[:40]!r}")
            pieces.append(None)
    kind = next((piece.type for piece in pieces if piece is not None), pa.null())
    return pa.concat_arrays([pa.nulls(1, kind) if piece is None else piece.cast(kind) for piece in pieces])


def _one_of(column: pa.Array, name: str, reasons: dict[int, str]) -> None:
    texts = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    unknown = pc.invert(pc.or_(pc.is_in(texts, pa.array(KNOWN[name])), pc.is_null(texts)))
    for row in np.flatnonzero(unknown.to_numpy(zero_copy_only=False)):
        wanted = ", ".join(KNOWN[name])
        reasons.setdefault(int(row), f"{name} must be one of {wanted}, was {str(texts[int(row)].as_py())[:40]!r}")
