"""New and changed alerts to every open page: one look at the ledger a second, however many watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from contracts.alerts import Alert
from contracts.errors import UnavailableError
from ledger import pages
from ledger.store import Ledger

EVERY_SECONDS = 1.0
SEEN_AT_ONCE = 200  # more new ones than this are counted, not sent
KEEP_ALIVE_SECONDS = 15.0


class Live:
    """Watches the ledger while somebody listens."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._listeners: set[asyncio.Queue[list[Alert]]] = set()
        self._task: asyncio.Task[None] | None = None
        self._known: dict[str, int] = {}

    async def listen(self) -> AsyncIterator[list[Alert]]:
        """Alerts as they come or change, the oldest first; an empty list where nothing came for a while."""
        queue: asyncio.Queue[list[Alert]] = asyncio.Queue(maxsize=100)
        if self._task is None or self._task.done():
            self._known = _revisions(await asyncio.to_thread(self._newest))
            self._task = asyncio.create_task(self._watch())
        self._listeners.add(queue)
        try:
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield []
        finally:
            self._listeners.discard(queue)

    async def _watch(self) -> None:
        while self._listeners:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                newest = await asyncio.to_thread(self._newest)
            except UnavailableError:
                continue
            fresh = [alert for alert in newest if self._known.get(alert.alert_id) != alert.revision]
            self._known = _revisions(newest)
            if fresh:
                self._tell(fresh[::-1])

    def _tell(self, fresh: list[Alert]) -> None:
        for queue in self._listeners:
            if not queue.full():  # who does not read has lost the connection
                queue.put_nowait(fresh)

    def _newest(self) -> list[Alert]:
        with self._ledger.reading() as connection:
            return pages.alerts(connection, pages.AlertFilter(status="all"), None, SEEN_AT_ONCE)


def _revisions(alerts: list[Alert]) -> dict[str, int]:
    return {alert.alert_id: alert.revision for alert in alerts}
