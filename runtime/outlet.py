"""Many records out at little cost: one record batch a partition instead of one future a record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import faust

from contracts.codec import Headers
from contracts.partition import key_partition
from runtime.crash import crash_unless_stopping

LINGER_SECONDS = 0.02  # records that come within it share a batch
MOST_WAITING = 20_000  # records before the caller waits for the producer


class Outlet:
    """Collects records and hands them to the producer under a Faust app, batch by batch.

    Order per partition holds: batches of a partition go out in the order they were filled.
    A failure to produce ends the process.
    """

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._producer: Any = None
        self._batches: dict[tuple[str, int], Any] = {}
        self._full: list[tuple[tuple[str, int], Any]] = []
        self._waiting = 0
        self._pending: list[Awaitable[Any]] = []
        self._turn = asyncio.Lock()
        self._flusher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make sure the producer is up; cheap when it is."""
        if self._producer is None:
            wrapped: Any = await self._app.maybe_start_producer()
            self._producer = wrapped._producer  # noqa: SLF001 Faust's own `send` costs some 60 us a record

    def add(self, topic: str, key: bytes, value: bytes, headers: Headers, partition: int | None = None) -> None:
        """Add a record; without a partition the key's murmur2 decides, as in every Kafka client."""
        where = (topic, key_partition(key) if partition is None else partition)
        batch = self._batches.get(where)
        if batch is None or batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
            if batch is not None:
                self._full.append((where, batch))
            batch = self._batches[where] = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)
        self._waiting += 1
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_soon())

    async def breathe(self) -> None:
        """Wait for the producer where it is far behind; else return at once."""
        if self._waiting > MOST_WAITING or len(self._pending) > MOST_WAITING:
            await self.settle()

    async def settle(self) -> None:
        """Wait until Kafka has acknowledged everything added so far; raises where it has not."""
        await self._flush()
        pending, self._pending = self._pending, []
        await asyncio.gather(*pending)

    async def _flush_soon(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(LINGER_SECONDS)
                await self._flush()
                self._pending = [future for future in self._pending if not _succeeded(future)]
        except Exception as error:  # noqa: BLE001 nobody awaits this task
            crash_unless_stopping(self._app, error)
        finally:
            self._flusher = None

    async def _flush(self) -> None:
        async with self._turn:
            batches = [*self._full, *self._batches.items()]
            self._full, self._batches, self._waiting = [], {}, 0
            for (topic, partition), batch in batches:
                self._pending.append(await self._producer.send_batch(batch, topic, partition=partition))


def _succeeded(future: Any) -> bool:
    return future.done() and (future.result(), True)[1]
