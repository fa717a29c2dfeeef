"""The files of a backtest: written beside their place, moved there when whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from pyarrow import parquet

from contracts.errors import BadInputError
from contracts.events import MarketEvent

ROWS = 20_000  # rows a row group
EVENTS = "events.parquet"
FILES = ("summary.json", "events.parquet", "proposals.parquet", "alerts.parquet", "report.html")
_TIME = pa.timestamp("ms", tz="UTC")

EVENTS_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("basis", pa.string()),
        pa.field("competitor", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("seller", pa.string(), nullable=False),
        pa.field("price_type", pa.string(), nullable=False),
        pa.field("sku", pa.string(), nullable=False),
        pa.field("observed_at", _TIME, nullable=False),
        pa.field("previous_minor", pa.int64()),
        pa.field("anchor_minor", pa.int64()),
        pa.field("price_minor", pa.int64()),
        pa.field("currency", pa.string()),
        pa.field("promotion", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
PROPOSALS_SCHEMA = pa.schema(
    [
        pa.field("proposal_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("sku", pa.string(), nullable=False),
        pa.field("decided_at", _TIME, nullable=False),
        pa.field("current_minor", pa.int64(), nullable=False),
        pa.field("proposed_minor", pa.int64(), nullable=False),
        pa.field("window_start_minor", pa.int64(), nullable=False),
        pa.field("floor_minor", pa.int64()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("blocked_by", pa.string()),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("at_stake_minor", pa.int64(), nullable=False),
        pa.field("expected_units", pa.float64(), nullable=False),
        pa.field("expected_profit_change_minor", pa.int64(), nullable=False),
        pa.field("trigger_event_id", pa.string(), nullable=False),
        pa.field("policy_version", pa.string(), nullable=False),
        pa.field("record_hash", pa.string(), nullable=False),
    ]
)
ALERTS_SCHEMA = pa.schema(
    [
        pa.field("alert_id", pa.string(), nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("competitor", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("seller", pa.string(), nullable=False),
        pa.field("price_type", pa.string(), nullable=False),
        pa.field("sku", pa.string(), nullable=False),
        pa.field("opened_at", _TIME, nullable=False),
        pa.field("observed_at", _TIME, nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("headline", pa.string(), nullable=False),
        pa.field("from_minor", pa.int64()),
        pa.field("to_minor", pa.int64()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("change_bp", pa.int64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
    ]
)


class Rows:
    """Structs into a Parquet file, some thousand at a time."""

    def __init__(self, path: Path, schema: pa.Schema, cells: Callable[[Any], tuple[Any, ...]]) -> None:
        self._schema, self._cells = schema, cells
        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[Any] = []

    def add(self, value: Any) -> None:
        """Add one struct as a row."""
        self._waiting.append(value)
        if len(self._waiting) >= ROWS:
            self._flush()

    def close(self) -> None:
        """Write what waits and the file's end."""
        if self._writer.is_open:
            self._flush()
            self._writer.close()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        columns = zip(*map(self._cells, rows), strict=True) if rows else [()] * len(self._schema)
        arrays = [pa.array(cells, field.type) for cells, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))


class Tables:
    """The tables of one policy's results in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.events = Rows(folder / EVENTS, EVENTS_SCHEMA, _event_cells)
        self.proposals = Rows(folder / "proposals.parquet", PROPOSALS_SCHEMA, attrgetter(*PROPOSALS_SCHEMA.names))
        self.alerts = Rows(folder / "alerts.parquet", ALERTS_SCHEMA, attrgetter(*ALERTS_SCHEMA.names))

    def close(self) -> None:
        """Write what waits and the ends of the files."""
        for rows in (self.events, self.proposals, self.alerts):
            rows.close()


class Output:
    """A folder of results; a context manager. What an interrupted run left is replaced.

    Attributes:
        tables: of the first policy; `second` makes those of one beside it, in `compare/`.

    Errors: BadInputError where the folder holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        if folder.exists() and (
            not folder.is_dir() or any(p.name not in (*FILES, "compare") for p in folder.iterdir())
        ):
            raise BadInputError(f"--out {folder} must be new or hold an earlier backtest: it holds something else")

    def __enter__(self) -> Self:
        shutil.rmtree(self._partial, ignore_errors=True)
        self.tables = Tables(self._partial)
        self._open = [self.tables]
        return self

    def second(self) -> Tables:
        """The tables of a second policy."""
        self._open.append(Tables(self._partial / "compare"))
        return self._open[-1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for tables in self._open:
            tables.close()
        if error is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self._partial.replace(self.folder)

    def summary(self, summary: dict[str, object]) -> None:
        """Write summary.json."""
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        (self._partial / "summary.json").write_text(text, "utf-8")

    def report(self, html: str) -> None:
        """Write report.html."""
        (self._partial / "report.html").write_text(html, "utf-8")


def _event_cells(event: MarketEvent) -> tuple[Any, ...]:
    return _getter_of(type(event))(event)


@cache
def _getter_of(kind: type[MarketEvent]) -> Callable[[MarketEvent], tuple[Any, ...]]:
    """What gives the cells of an event of a kind: its fields, null where it has none of that name."""
    there = [name for name in EVENTS_SCHEMA.names if name in kind.__struct_fields__]
    read = attrgetter(*there)
    at = {name: place for place, name in enumerate(there)}
    # One more cell behind the fields says the kind, and one holds the null.
    places = itemgetter(*[at.get(n, len(there) + (n != "kind")) for n in EVENTS_SCHEMA.names])
    rest = (kind.__name__, None)
    return lambda event: places((*read(event), *rest))
