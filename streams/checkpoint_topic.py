"""Checkpoints in Kafka: written by the worker's producer, read back on assignment.

Each record names the manifest before it, so the newest whole checkpoint is found from the end
of the partition and a start reads one checkpoint, however many older ones compaction has left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Self

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from contracts.codec import decode, encode
from contracts.errors import TamperedError, UndecodableError
from contracts.topics import CHECKPOINTS
from streams.checkpoint import Draft, Manifest, assemble, manifest_key

log = logging.getLogger(__name__)

PREVIOUS, CHECKPOINT, CHUNK = "previous", "checkpoint", "chunk"


async def write(app: faust.App, draft: Draft, previous_manifest_at: int) -> int:
    """Write a checkpoint, chunks first, and return the offset of its manifest."""
    producer = await app.maybe_start_producer()
    previous = (PREVIOUS, str(previous_manifest_at).encode())
    checkpoint = (CHECKPOINT, draft.checkpoint_id.encode())
    sent = []
    for number, (key, piece) in enumerate(draft.chunks):
        headers = [previous, checkpoint, (CHUNK, str(number).encode())]
        sent.append(await producer.send(CHECKPOINTS.name, key, piece, draft.partition, None, headers))
    written = await asyncio.gather(*sent)
    manifest = draft.manifest(min(record.offset for record in written), previous_manifest_at)
    result = await producer.send_and_wait(
        CHECKPOINTS.name, manifest_key(draft.slot), encode(manifest), draft.partition, None, [previous, checkpoint]
    )
    return int(result.offset)


class CheckpointReader:
    """Reads the newest whole checkpoint of a partition; an async context manager."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_bytes=64 * 1024 * 1024,
            max_partition_fetch_bytes=16 * 1024 * 1024,
            fetch_max_wait_ms=100,
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def newest(self, partition: int) -> tuple[Manifest, int, bytes] | None:
        """Manifest, its offset and the state's bytes of the newest whole checkpoint; None where there is none."""
        tp = TopicPartition(CHECKPOINTS.name, partition)
        self._consumer.assign([tp])
        at = (await self._consumer.end_offsets([tp]))[tp] - 1
        while at >= 0:
            record = await self._record(tp, at)
            if record is None:
                return None
            manifest = _manifest(record)
            if manifest is None:
                at = int(dict(record.headers)[PREVIOUS])
                continue
            try:
                return manifest, at, assemble(manifest, await self._chunks(tp, manifest, at))
            except TamperedError as error:
                log.warning("partition %d: %s, trying the one before", partition, error)
                at = manifest.previous_manifest_at
        return None

    async def first_offset(self, topic: str, partition: int) -> int:
        """The first offset Kafka still has of a partition."""
        tp = TopicPartition(topic, partition)
        return int((await self._consumer.beginning_offsets([tp]))[tp])

    async def messages(
        self, topic: str, partition: int, start: int, end: int
    ) -> AsyncIterator[ConsumerRecord[Any, Any]]:
        """Messages of a partition from offset `start` to before `end`, those that Kafka still has."""
        tp = TopicPartition(topic, partition)
        self._consumer.assign([tp])
        self._consumer.seek(tp, start)
        while start < end:
            batches = await self._consumer.getmany(tp, timeout_ms=1000)
            for record in batches.get(tp, []):
                if record.offset >= end:
                    return
                yield record
                start = record.offset + 1

    async def _record(self, tp: TopicPartition, at: int) -> ConsumerRecord[Any, Any] | None:
        self._consumer.seek(tp, at)
        record = await self._consumer.getone(tp)
        return record if record.offset == at else None

    async def _chunks(self, tp: TopicPartition, manifest: Manifest, end: int) -> dict[int, bytes]:
        chunks: dict[int, bytes] = {}
        self._consumer.seek(tp, manifest.first_chunk_at)
        while True:
            batches = await self._consumer.getmany(tp, timeout_ms=1000)
            for record in batches.get(tp, []):
                if record.offset >= end:
                    return chunks
                headers = dict(record.headers)
                if CHUNK in headers and headers[CHECKPOINT].decode() == manifest.checkpoint_id:
                    chunks[int(headers[CHUNK])] = record.value


def _manifest(record: ConsumerRecord[Any, Any]) -> Manifest | None:
    if not record.key.endswith(b"/manifest"):
        return None
    try:
        return decode(record.value, Manifest)  # type: ignore[no-any-return]
    except UndecodableError as error:
        log.warning("checkpoint manifest at %d: %s", record.offset, error)
        return None
