"""A batch of recorded observations as columns, whatever the file called them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType
from typing import Any, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import BadRecordingError, PriceRadarError
from contracts.money import UNSTATED, exponent
from contracts.observations import Observation, Promotion, PromotionKind
from streams.names import Texts

NO_PRICE = np.iinfo(np.int64).min  # as streams.kernel has it
KINDS: tuple[str, ...] = get_args(PromotionKind)
NAMES: dict[str, str] = {
    "competitor": "",
    "product_id": "",
    "seller": "",
    "price_type": "regular",
    "currency": UNSTATED,
    "availability": "InStock",
    "sku": "",
    "category": "",
    "name": "",
    "url": "",
    "evidence": "",
    "source": "",
}
# Names that many rows share. To make a dictionary of the others costs more than all else that reading does.
FEW = ("competitor", "seller", "price_type", "currency", "availability", "category", "source")
DEFAULTS = {field.encode_name: field.default for field in msgspec.structs.fields(Observation)}
FOREIGN = ("availability", "currency")  # may be said otherwise than by a column of that name
NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})
SURE = DEFAULTS["match_confidence"]
UNREAD = object()
REQUIRED = ("observed_at", "competitor", "product_id")
PRICES = ("price_minor", "price_cents", "price")

_promotions: msgspec.json.Decoder[tuple[Promotion, ...]] = msgspec.json.Decoder(tuple[Promotion, ...])


class Frame:
    """Rows of a recording, in their order.

    Args:
        batch: the columns as they were read.
        currency: of rows that state none.
        where: file and row group, for messages.

    Attributes:
        observed_at: int64 (n,), epoch ms.
        price: int64 (n,), minor units, `NO_PRICE` where there is none.
    """

    def __init__(self, batch: pa.RecordBatch, currency: str, where: str) -> None:
        self.batch, self.where = batch, where
        self.rows: int = batch.num_rows
        self._defaults = {**NAMES, "currency": currency}
        self._names = set(batch.schema.names)
        self.observed_at = times(batch.column("observed_at"), where)
        self.price = self._price()
        self._list: npt.NDArray[np.int64] | None = None
        self._shown: Any = UNREAD
        # The others have the value that the struct has by itself.
        self._stated = [name for name in NAMES if name in (*self._names, "competitor", "product_id", *FOREIGN)]

    def slice(self, start: int, end: int) -> Frame:
        """Rows [start, end) as a frame of their own."""
        return Frame(self.batch.slice(start, end - start), self._defaults["currency"], self.where)

    def dictionary(self, name: str) -> tuple[pa.Array, npt.NDArray[np.int32] | None]:
        """The distinct values of a column of names and the place of each row's; None: all rows have the one."""
        column = self._names_of(name)
        if column is None:
            return pa.array([self._defaults[name]], pa.string()), None
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        dictionary = column.dictionary
        if column.null_count:
            dictionary = pa.concat_arrays([dictionary.cast(pa.string()), pa.array([self._defaults[name]])])
            codes = pc.fill_null(column.indices.cast(pa.int32()), len(dictionary) - 1)
        else:
            codes = column.indices.cast(pa.int32())
        return dictionary, codes.to_numpy(zero_copy_only=False)

    def packed(self, name: str) -> Texts:
        """The bytes of a column of names, without looking any of them up."""
        column = self.batch.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if not pa.types.is_string(column.type):
            column = column.cast(pa.string())
        if column.null_count:
            column = column.fill_null(self._defaults[name])
        _valid, ends, data = column.buffers()
        at = np.frombuffer(ends, np.int32)[column.offset : column.offset + self.rows + 1]
        return Texts(np.frombuffer(data or b"", np.uint8), at)

    def texts(self, name: str, rows: npt.NDArray[np.int64]) -> list[str]:
        """The names in some rows of a column."""
        if name not in self._names:
            return [self._defaults[name]] * len(rows)
        found = self.batch.column(name).take(pa.array(rows))
        if pa.types.is_dictionary(found.type):
            found = found.dictionary.take(found.indices)
        return texts(name, found.cast(pa.string()).fill_null(self._defaults[name]).to_pylist())

    def list_price(self) -> npt.NDArray[np.int64] | None:
        """The struck-through price in minor units, `NO_PRICE` where there is none; None: nowhere."""
        for name in ("list_price_minor", "list_price_cents", "list_price"):
            if name in self._names and self.batch.column(name).null_count < self.rows:
                return self._amounts(name)
        return None

    def promotions(self) -> pa.Array | None:
        """JSON of the promotions shown, null where there is none; None: nowhere."""
        if "promotions" in self._names:
            column = self.batch.column("promotions")
        elif "promotion" in self._names:
            column = self.batch.column("promotion")
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            column = pa.array([_foreign_promotion(text) for text in column.cast(pa.string()).to_pylist()], pa.string())
        else:
            return None
        return None if column.null_count == self.rows else column

    def observations(
        self, rows: npt.NDArray[np.int64], known: Mapping[str, Sequence[str]] = NOTHING
    ) -> list[Observation]:
        """Some rows as the structs they were, or would have been; `known` are names of theirs already looked up."""
        columns: dict[str, Iterable[Any] | None] = {
            **{name: self._name(name, rows) for name in self._stated if name not in known},
            **known,
            "observed_at": self.observed_at[rows].tolist(),
            "price_minor": _or_none(self.price, rows),
            "list_price_minor": self._list_prices(rows),
            "promotions": self._promotions(rows),
        }
        if "match_confidence" in self._names:
            stated = self.batch.column("match_confidence").take(pa.array(rows)).to_pylist()
            columns["match_confidence"] = [SURE if value == SURE else value for value in stated]
        given = ((columns.get(name), default) for name, default in DEFAULTS.items())
        return list(map(Observation, *[repeat(default) if found is None else found for found, default in given]))

    def _list_prices(self, rows: npt.NDArray[np.int64]) -> Sequence[int | None] | None:
        if self._list is None:
            found = self.list_price()
            self._list = np.empty(0, np.int64) if found is None else found
        return _or_none(self._list, rows) if len(self._list) else None

    def _promotions(self, rows: npt.NDArray[np.int64]) -> Sequence[tuple[Promotion, ...]] | None:
        if self._shown is UNREAD:
            self._shown = self.promotions()
        if self._shown is None:
            return None
        return [_promotions.decode(text) if text else () for text in self._shown.take(pa.array(rows)).to_pylist()]

    def _name(self, name: str, rows: npt.NDArray[np.int64]) -> list[str]:
        if name in self._names or name not in FOREIGN:
            return self.texts(name, rows)
        dictionary, codes = self.dictionary(name)
        names = texts(name, dictionary.to_pylist())
        return names * len(rows) if codes is None else [names[code] for code in codes[rows].tolist()]

    def _names_of(self, name: str) -> pa.Array | None:
        if name in self._names:
            return self.batch.column(name)
        if name == "availability" and "available" in self._names:
            available = self.batch.column("available")
            codes = pc.if_else(pc.fill_null(available.cast(pa.bool_()), True), 0, 1).cast(pa.int32())
            if available.null_count:
                codes = pc.if_else(pc.is_null(available), pa.scalar(2, pa.int32()), codes)
            return pa.DictionaryArray.from_arrays(codes, pa.array(["InStock", "OutOfStock", "Unknown"]))
        return None

    def _price(self) -> npt.NDArray[np.int64]:
        return self._amounts(next(name for name in PRICES if name in self._names))

    def _amounts(self, name: str) -> npt.NDArray[np.int64]:
        column = self.batch.column(name)
        try:
            if name.endswith(("_minor", "_cents")):
                return _whole(column.cast(pa.int64()))
            return self._major(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, PriceRadarError) as error:
            reason = str(error).splitlines()[0]
            raise BadRecordingError(f"{self.where}: column {name} must hold amounts: {reason}") from error

    def _major(self, column: pa.Array) -> npt.NDArray[np.int64]:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        amounts = column.cast(pa.decimal128(28, 8) if not pa.types.is_string(column.type) else column.type)
        amounts = amounts.cast(pa.decimal128(28, 8))
        currencies, codes = self.dictionary("currency")
        minor = np.full(self.rows, NO_PRICE, np.int64)
        for code, currency in enumerate(currencies.to_pylist()):
            of_it = np.ones(self.rows, bool) if codes is None else codes == code
            if of_it.any():
                minor[of_it] = _whole(_scaled(amounts.filter(pa.array(of_it)), _exponent(currency)))
        return minor


def texts(column: str, names: Sequence[str | None]) -> list[str]:
    """Names of a column; the default as the very object, for msgspec leaves out no other: equal rows, equal bytes."""
    default = DEFAULTS[column]
    return [default if name == default else name or "" for name in names]


def check_columns(names: list[str], where: str) -> None:
    """BadRecordingError where a column is missing that a recording must have."""
    missing = [name for name in REQUIRED if name not in names]
    if not any(name in names for name in PRICES):
        missing.append("price_minor (or price_cents, or price)")
    if missing:
        raise BadRecordingError(f"{where} lacks the column {', '.join(missing)}; it has {', '.join(names)[:200]}")


def times(column: pa.Array, where: str) -> npt.NDArray[np.int64]:
    """A column of times as int64 (n,), epoch ms; BadRecordingError."""
    try:
        found = moments(column).cast(pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise BadRecordingError(f"{where}: column observed_at must hold ISO 8601 times: {reason}") from error
    if found.null_count:
        raise BadRecordingError(
            f"{where}: column observed_at must hold a time in every row, {found.null_count} lack it"
        )
    return found.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def moments(values: pa.Array) -> pa.Array:
    """Times, ISO 8601 texts, dates or epoch ms as timestamps in ms; without an offset they are UTC."""
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("ms", tz=values.type.tz), safe=False)
    if pa.types.is_integer(values.type):
        return values.cast(pa.timestamp("ms", tz="UTC"))
    if pa.types.is_date(values.type):
        return values.cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    zoned = pa.timestamp("ms", tz="UTC")
    try:
        return values.cast(zoned)
    except pa.ArrowInvalid:
        return values.cast(pa.timestamp("ms")).cast(zoned)  # without an offset: UTC


def _or_none(amounts: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> list[int | None]:
    return [None if amount == NO_PRICE else amount for amount in amounts[rows].tolist()]


def _whole(column: pa.Array) -> npt.NDArray[np.int64]:
    return pc.fill_null(column, NO_PRICE).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _scaled(amounts: pa.Array, digits: int) -> pa.Array:
    # Half a minor unit is rounded up, as contracts.money does.
    whole = pc.multiply(amounts, pa.scalar(10**digits, pa.decimal128(5, 0)))
    return pc.round(whole, 0, round_mode="half_towards_infinity").cast(pa.int64())


def _exponent(currency: str) -> int:
    try:
        return exponent(currency)
    except PriceRadarError:
        return 2  # the detector rejects the row for its currency


def _foreign_promotion(text: str | None) -> str | None:
    if not text:
        return None
    if text.startswith("[{"):
        return text
    kind: Any = text if text in KINDS else "other"
    return msgspec.json.encode((Promotion(kind, "" if kind == text else text),)).decode()
