"""Rows of our own systems, CSV or Parquet, as facts: each bad row named with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from pyarrow import parquet

from contracts.errors import BadInputError, BadRowError, PriceRadarError
from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.money import is_currency, to_minor
from contracts.times import DAY_MS, from_iso
from contracts.topics import CATALOG, MATCHES, SALES, STOCK, Topic
from runtime.sheets import Sheet, is_parquet, parquet_rows

Fact = CatalogItem | Match | StockLevel | UnitsSold
KINDS: dict[str, Topic] = {"catalog": CATALOG, "stock": STOCK, "matches": MATCHES, "sales": SALES}
TIMES = ("as_of", "matched_at", "inbound_at", "interval_start", "interval_end")
NOW = {"catalog": "as_of", "stock": "as_of", "matches": "matched_at"}
NEVER_NEGATIVE = ("cost_minor", "fees_minor", "map_minor", "floor_minor", "on_hand", "inbound", "units")
NUMBERS = ("on_hand", "inbound", "units", "confidence")
AMOUNTS = ("price", "cost", "fees", "map", "floor")


def key_of(fact: Fact) -> str:
    """The Kafka key of a fact."""
    return f"{fact.competitor}|{fact.product_id}" if isinstance(fact, Match) else fact.sku


class FactFile:
    """A file of facts of one kind.

    Args:
        kind: catalog, stock, matches or sales.
        currency: of amounts whose row states none.
        now_ms: the time of rows that state none, epoch ms.
        refuse: told each row that is left out.
        encoding: of a CSV file, see `runtime.sheets.Sheet`.

    Amounts are columns in minor units (`price_minor`) or in the currency's own (`price`). Times are
    ISO 8601 (UTC where they have no offset) or epoch milliseconds; sales may have a `date` instead.

    Attributes:
        rejected: rows left out so far.
        ignored: columns that mean nothing here, known once reading has begun.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        currency: str,
        now_ms: int,
        refuse: Callable[[BadRowError], None],
        encoding: str = "",
    ) -> None:
        self.path, self.kind, self.currency, self.now_ms = path, kind, currency, now_ms
        self._refuse = refuse
        self._sheet = Sheet(path, encoding)
        self.rejected = 0
        self.ignored: list[str] = []

    def rows(self) -> int | None:
        """Number of rows where the file says it, else None."""
        return parquet_rows(self.path)

    def facts(self) -> Iterator[Fact]:
        """The usable rows; BadInputError where the file itself is unusable."""
        try:
            for line, values in self._rows():
                try:
                    yield self._fact(values)
                except (PriceRadarError, msgspec.ValidationError, ValueError) as error:
                    self.rejected += 1
                    self._refuse(BadRowError(f"{self.path} line {line}: {_reason(error)}", line))
        except (OSError, pa.ArrowException) as error:
            raise BadInputError(f"{self.path} cannot be read: {str(error).splitlines()[0]}") from error

    def _rows(self) -> Iterator[tuple[int, Mapping[Any, Any]]]:
        if is_parquet(self.path):
            with parquet.ParquetFile(self.path) as file:
                self._check(file.schema_arrow.names)
                place = 0
                for batch in file.iter_batches(batch_size=10_000):
                    for values in batch.to_pylist():
                        place += 1
                        yield place, values
            return
        rows = self._sheet.rows()
        first = next(rows, None)
        self._check(self._sheet.columns)
        yield from rows if first is None else chain([first], rows)

    def _check(self, names: list[str]) -> None:
        fact: Any = KINDS[self.kind].value
        known = {field.name for field in msgspec.structs.fields(fact)} | set(AMOUNTS) | {"date"}
        required = {"catalog": ("sku",), "stock": ("sku", "on_hand"), "sales": ("sku", "units")}
        needed = required.get(self.kind, ("competitor", "product_id", "sku"))
        missing = [name for name in needed if name not in names]
        if self.kind == "catalog" and not {"price", "price_minor"} & set(names):
            missing.append("price (or price_minor)")
        if self.kind == "sales" and not ({"date"} & set(names) or {"interval_start", "interval_end"} <= set(names)):
            missing.append("date (or interval_start and interval_end)")
        if missing:
            has = ", ".join(names)[:200] or "no header"
            raise BadInputError(f"{self.path} lacks the column {', '.join(missing)}; it has {has}")
        self.ignored = [name for name in names if name not in known]

    def _fact(self, row: Mapping[Any, Any]) -> Fact:
        if None in row:
            raise ValueError("more values than columns; quote values with commas")
        values = {name: _stripped(value) for name, value in row.items()}
        values = {name: value for name, value in values.items() if value not in (None, "")}
        if self.kind in ("catalog", "sales"):
            values.setdefault("currency", self.currency)
            if not is_currency(str(values["currency"])):
                raise ValueError(f"currency must be an ISO 4217 code, was {str(values['currency'])[:20]!r}")
        for name in AMOUNTS:
            if name in values:
                amount = self._sheet.number(str(values.pop(name)))
                values[f"{name}_minor"] = to_minor(amount, str(values["currency"]))
        for name in NUMBERS:
            if isinstance(text := values.get(name), str):
                values[name] = _number(name, self._sheet.number(text), text)
        if "date" in values:
            values["interval_start"] = _moment("date", values.pop("date"))
            values["interval_end"] = values["interval_start"] + DAY_MS
        for name in TIMES:
            if name in values:
                values[name] = _moment(name, values[name])
        if self.kind in NOW:
            values.setdefault(NOW[self.kind], self.now_ms)
        kind: Any = KINDS[self.kind].value
        fact: Fact = msgspec.convert(values, kind, strict=False)
        _check_numbers(fact)
        return fact


def _check_numbers(fact: Fact) -> None:
    price = getattr(fact, "price_minor", None)
    if price is not None and price <= 0:
        raise ValueError(f"price must be above zero, was {price} minor units")
    for name in NEVER_NEGATIVE:
        value = getattr(fact, name, None)
        if value is not None and not value >= 0:
            raise ValueError(f"{name} must not be negative, was {value}")
    if isinstance(fact, Match) and not 0 <= fact.confidence <= 1:
        raise ValueError(f"confidence must be from 0 to 1, was {fact.confidence}")
    if isinstance(fact, UnitsSold) and fact.interval_end <= fact.interval_start:
        raise ValueError("interval_end must be after interval_start")
    if not fact.sku:
        raise ValueError("sku must not be empty")


def _number(name: str, text: str, was: str) -> str:
    try:
        float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, was {was[:40]!r}") from None
    return text


def _stripped(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _moment(name: str, value: Any) -> int:
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else value.isoformat()
    if text.lstrip("-").isdigit() and len(text) > 8:
        return int(text)
    try:
        return from_iso(text)
    except ValueError:
        raise ValueError(f"{name} must be an ISO 8601 time, was {text[:40]!r}") from None


def _reason(error: Exception) -> str:
    """What msgspec says of a row, without its path notation."""
    text = str(error).splitlines()[0]
    if isinstance(error, msgspec.ValidationError):
        return text.replace("`$.", "`").replace("Object missing required field", "missing").replace(" - at ", ", in ")
    return text
