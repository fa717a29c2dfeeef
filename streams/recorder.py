"""The recorder: every message of the market and of our own systems from Kafka to Parquet.

A message is acknowledged after the file that holds it is synced and its price points are in
the ledger. Files are named by their offsets, so what is delivered again is left out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import faust
import pyarrow as pa
from faust.types import TP, EventT
from pyarrow import parquet

from contracts.codec import decode_observations
from contracts.errors import BadInputError, TamperedError
from contracts.observations import Observation, PricePoint, within_int64
from contracts.policy import Policy
from contracts.recording import MESSAGE_SCHEMA, Extent, extent_of, observations_table, write_file
from contracts.topics import ALERTS, CATALOG, DECISIONS, EVENTS, MATCHES, OBSERVATIONS, PROPOSALS, SALES, STOCK
from runtime import metrics
from runtime.crash import or_crash
from runtime.faust_app import create_app, topics
from runtime.settings import Settings
from streams.admin import cluster_id
from streams.history import History

STAGE = "recorder"
RECORDED = (OBSERVATIONS, EVENTS, CATALOG, MATCHES, STOCK, SALES, DECISIONS, PROPOSALS, ALERTS)
FLUSH_SECONDS = 10.0
MOST_BYTES = 64 * 1024 * 1024  # of messages held in memory
SMALL_FILE = 4 * 1024 * 1024
MERGE_AT = 24  # small files of a partition before they become one
CLUSTER = "cluster"  # names the Kafka whose offsets the files are named by

log = logging.getLogger(__name__)


class HistoryLedger(Protocol):
    """What the recorder needs of the ledger."""

    def record_price_points(self, points: Sequence[PricePoint]) -> None: ...


class Tape:
    """The files of one partition of a topic, and the messages waiting to be written to the next one."""

    def __init__(self, folder: Path, topic: str, partition: int) -> None:
        self.folder, self.topic, self.partition = folder, topic, partition
        self.files = _whole(sorted((folder / topic / f"partition={partition}").glob("*.parquet")))
        self.last = max((extent_of(path).last for path in self.files), default=-1)
        self.waiting: list[EventT[Any]] = []

    def batches(self) -> list[tuple[int, list[Observation]]]:
        """Offset and rows of what waits, where that are observations."""
        if self.topic != OBSERVATIONS.name:
            return []
        return [(event.message.offset, _observations(event.message.value)) for event in self.waiting]

    def write(self, batches: Sequence[tuple[int, Sequence[Observation]]]) -> None:
        """Write what waits as one file, synced; `batches` as above."""
        messages = [event.message for event in self.waiting]
        extent = Extent(self.topic, self.partition, messages[0].offset, messages[-1].offset)
        of_rows = self.topic == OBSERVATIONS.name
        path = extent.path(self.folder)
        write_file(observations_table(self.partition, batches) if of_rows else _messages_table(messages), path)
        self.files.append(path)
        self.last = extent.last

    def merge(self) -> None:
        """Make one file of many small ones; a reader in between sees rows twice and leaves out the second."""
        small = [path for path in self.files if path.stat().st_size < SMALL_FILE]
        if len(small) < MERGE_AT or small != self.files[-len(small) :]:
            return
        tables = [parquet.read_table(path, partitioning=None) for path in small]
        first, last = extent_of(small[0]).first, extent_of(small[-1]).last
        path = Extent(self.topic, self.partition, first, last).path(self.folder)
        write_file(pa.concat_tables(tables).unify_dictionaries().combine_chunks(), path)
        for old in small:
            old.unlink()
        self.files = [*self.files[: -len(small)], path]


class Recorder:
    """Gathers messages by partition and makes them safe every few seconds."""

    def __init__(self, settings: Settings, ledger: HistoryLedger) -> None:
        self.settings, self.ledger = settings, ledger
        self.tapes: dict[TP, Tape] = {}
        self.history = History()
        self.lock = asyncio.Lock()
        self.bytes = 0

    async def handle(self, event: EventT[Any]) -> None:
        """Take in one message."""
        async with self.lock:
            tape = self._tape(event.message.tp)
            offset = event.message.offset
            if offset <= tape.last:
                event.ack()
            elif not tape.waiting or offset > tape.waiting[-1].message.offset:
                tape.waiting.append(event)
                self.bytes += len(event.message.value or b"")
            if self.bytes > MOST_BYTES:
                await self._flush()

    async def flush(self) -> None:
        """For the timer and the end."""
        async with self.lock:
            await self._flush()

    async def _flush(self) -> None:
        for tape in self.tapes.values():
            if not tape.waiting:
                continue
            started = time.perf_counter()
            batches = await asyncio.to_thread(tape.batches)
            points = self.history.points(row for _offset, rows in batches for row in rows)
            if points:
                await asyncio.to_thread(self.ledger.record_price_points, points)
            await asyncio.to_thread(tape.write, batches)
            done, tape.waiting = tape.waiting, []
            for event in done:
                event.ack()
            metrics.processed(STAGE, len(done), len(done))
            metrics.STAGE_SECONDS.labels(STAGE).observe(time.perf_counter() - started)
            await asyncio.to_thread(tape.merge)
        self.bytes = 0

    def _tape(self, tp: TP) -> Tape:
        tape = self.tapes.get(tp)
        if tape is None:
            tape = self.tapes[tp] = Tape(self.settings.recordings, tp.topic, tp.partition)
        return tape

    def forget(self, tps: Iterable[TP]) -> None:
        """Partitions that changed hands: whoever has them now reads from the last acknowledged message."""
        for tp in tps:
            self.tapes.pop(tp, None)

    def check_cluster(self) -> None:
        """TamperedError where the recording is of another Kafka: its offsets would hide new messages."""
        marker = self.settings.recordings / CLUSTER
        now = cluster_id(self.settings.kafka)
        if not marker.is_file():
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.write_text(now)
        elif marker.read_text() != now:
            raise TamperedError(
                f"{marker.parent} holds a recording of Kafka cluster {marker.read_text()}, this is {now}:"
                " move the folder away, a new one is begun"
            )


def _whole(files: list[Path]) -> list[Path]:
    """Files without those that a merge has put into another and had no time to remove."""
    kept: list[Path] = []
    for path in sorted(files, key=lambda path: (extent_of(path).first, -extent_of(path).last)):
        if kept and extent_of(path).last <= extent_of(kept[-1]).last:
            path.unlink()
        else:
            kept.append(path)
    return kept


def _observations(value: bytes | None) -> list[Observation]:
    try:
        return [within_int64(row) for row in decode_observations(value)]
    except BadInputError:
        return []  # it is among the dead letters, with its bytes


def _messages_table(messages: Sequence[Any]) -> pa.Table:
    columns = [
        [message.offset for message in messages],
        [int(message.timestamp * 1000) for message in messages],
        [message.key for message in messages],
        [message.value for message in messages],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, MESSAGE_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=MESSAGE_SCHEMA)


def build(settings: Settings, policy: Policy, ledger: HistoryLedger | None = None) -> faust.App:  # noqa: ARG001
    """The Faust app of the recorder; without a ledger it opens the one in the settings."""
    if ledger is None:
        from ledger.store import Ledger  # noqa: PLC0415 tests bring their own

        ledger = Ledger.open(settings.ledger_url)
    app = create_app(STAGE, settings)
    recorder = Recorder(settings, ledger)
    recorder.check_cluster()
    metrics.known_stage(STAGE)

    @app.agent(topics(app, *RECORDED), concurrency=1)
    async def record(stream: Any) -> None:
        async for event in stream.noack().events():
            await or_crash(recorder.handle(event))

    @app.timer(interval=FLUSH_SECONDS)
    async def flush() -> None:
        await or_crash(recorder.flush())

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]
    async def assigned(_app: faust.App, assigned: set[TP], **_: Any) -> None:
        recorder.forget(assigned)

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]
    async def revoked(_app: faust.App, revoked: set[TP], **_: Any) -> None:
        recorder.forget(revoked)

    @app.on_before_shutdown.connect
    async def ending(*_: Any, **__: Any) -> None:
        # Too late to acknowledge: the next start finds the files and leaves these messages out.
        await or_crash(recorder.flush())

    return app
