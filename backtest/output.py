"""The files of a backtest: written beside their place, moved there when whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from pyarrow import parquet

from backtest.resuming import StateFile
from contracts.errors import BadInputError
from contracts.events import MarketEvent

ROWS = 20_000  # rows a row group
EVENTS = "events.parquet"
STATE = "state"
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
        pa.field("look", pa.string(), nullable=False),
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


class Batches:
    """Rows into a Parquet file, some thousand at a time however they come.

    The file is written in parts, one each time that it is sealed, and joined when it is closed.

    Args:
        sealed: parts that an interrupted run left, to go on behind them; what it wrote later is dropped.
    """

    def __init__(self, path: Path, schema: pa.Schema, sealed: int = 0) -> None:
        self.path, self._schema, self.sealed = path, schema, sealed
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._writer = self._begun()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROWS:
            self._flush(ROWS)

    def seal(self) -> None:
        """Everything added so far is in parts that survive a power cut."""
        self._finish()
        with self._part(self.sealed).open("rb") as file:
            os.fsync(file.fileno())
        self.sealed += 1
        self._writer = self._begun()

    def close(self) -> None:
        """Write what waits and join the parts."""
        if not self._writer.is_open:
            return
        self._finish()
        parts = [self._part(number) for number in range(self.sealed + 1)]
        if len(parts) == 1:
            parts[0].replace(self.path)
            return
        self._writer = parquet.ParquetWriter(self.path, self._schema, compression="zstd")
        for part in parts:
            with parquet.ParquetFile(part) as file:
                for batch in file.iter_batches(ROWS):
                    self.add_batch(batch)
        self._finish()  # the parts stay until all is done: a run that ends before may need them again

    def _begun(self) -> parquet.ParquetWriter:
        return parquet.ParquetWriter(self._part(self.sealed), self._schema, compression="zstd")

    def _finish(self) -> None:
        self._flush(1)
        self._writer.close()

    def _part(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _flush(self, least: int) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
        while table.num_rows >= least:
            self._writer.write_table(table.slice(0, ROWS))
            table = table.slice(ROWS)
        self._waiting, self._rows = table.to_batches(), table.num_rows


class Rows(Batches):
    """Structs into a Parquet file."""

    def __init__(self, path: Path, schema: pa.Schema, cells: Callable[[Any], tuple[Any, ...]], sealed: int = 0) -> None:
        super().__init__(path, schema, sealed)
        self._cells, self._structs = cells, list[Any]()

    def add(self, value: Any) -> None:
        """Add one struct as a row."""
        self._structs.append(value)
        if len(self._structs) >= ROWS:
            self._turn()

    def _finish(self) -> None:
        if self._structs:
            self._turn()
        super()._finish()

    def _turn(self) -> None:
        structs, self._structs = self._structs, []
        self.add_batch(batch_of(structs, self._schema, self._cells))


def batch_of(structs: Sequence[Any], schema: pa.Schema, cells: Callable[[Any], tuple[Any, ...]]) -> pa.RecordBatch:
    """Structs as rows."""
    columns = zip(*map(cells, structs), strict=True) if structs else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


class Tables:
    """The tables of one policy's results in a folder; `sealed` are the parts of each to go on behind."""

    def __init__(self, folder: Path, sealed: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.events = Batches(folder / EVENTS, EVENTS_SCHEMA, sealed)
        self.proposals = Rows(
            folder / "proposals.parquet", PROPOSALS_SCHEMA, attrgetter(*PROPOSALS_SCHEMA.names), sealed
        )
        self.alerts = Rows(folder / "alerts.parquet", ALERTS_SCHEMA, attrgetter(*ALERTS_SCHEMA.names), sealed)
        self._all: tuple[Batches, ...] = (self.events, self.proposals, self.alerts)

    def seal(self) -> int:
        """Everything added so far is on disk for good; returns the parts of each table."""
        for rows in self._all:
            rows.seal()
        return self.events.sealed

    def close(self) -> None:
        """Write what waits and the ends of the files."""
        for rows in self._all:
            rows.close()


class Output:
    """A folder of results; a context manager. They are written beside it and moved there when they are whole.

    What an interrupted run left there is gone on with where its state still fits, else replaced.

    Args:
        fingerprint: of what the results follow from.

    Attributes:
        state: where the run saves how far it is.
        saved: what an interrupted run saved; None: begin anew.

    Errors: BadInputError where the folder holds something else.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        self.state = StateFile(self._partial / STATE, fingerprint)
        if folder.exists() and (
            not folder.is_dir() or any(p.name not in (*FILES, "compare") for p in folder.iterdir())
        ):
            raise BadInputError(f"--out {folder} must be new or hold an earlier backtest: it holds something else")

    def __enter__(self) -> Self:
        self.saved = self.state.load()
        if self.saved is None:
            shutil.rmtree(self._partial, ignore_errors=True)
        self._open: list[Tables] = []
        return self

    def tables(self, number: int, sealed: int) -> Tables:
        """The tables of the first policy (0) or the second, behind as many parts as are sealed."""
        self._open.append(Tables(self._partial / "compare" if number else self._partial, sealed))
        return self._open[-1]

    def events(self, number: int) -> Path:
        """Where the events of the first policy (0) or the second lie once its tables are closed."""
        return (self._partial / "compare" if number else self._partial) / EVENTS

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for tables in self._open:
            tables.close()
        if error is None:
            self.state.path.unlink(missing_ok=True)
            for part in self._partial.rglob("*.parquet.*"):
                part.unlink()
            shutil.rmtree(self.folder, ignore_errors=True)
            self._partial.replace(self.folder)
        elif isinstance(error, Exception) or not self.state.path.exists():
            shutil.rmtree(self._partial, ignore_errors=True)

    def summary(self, summary: dict[str, object]) -> None:
        """Write summary.json."""
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        (self._partial / "summary.json").write_text(text, "utf-8")

    def report(self, html: str) -> None:
        """Write report.html."""
        (self._partial / "report.html").write_text(html, "utf-8")


def event_cells(event: MarketEvent) -> tuple[Any, ...]:
    """The row of events.parquet that an event is."""
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
