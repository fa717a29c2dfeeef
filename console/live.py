"""New and changed alerts to every open page: one look at the ledger a second, however many watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from contracts.alerts import Alert
from contracts.errors import UnavailableError
from ledger import care, pages
from ledger.care import Care
from ledger.store import Ledger

EVERY_SECONDS = 1.0
SEEN_AT_ONCE = 200  # the newest ones are watched; a page shows no more of them either
KEEP_ALIVE_SECONDS = 15.0


class Seen(msgspec.Struct, frozen=True):
    """An alert and what people did with it; `moved` where the alert itself is new or changed."""

    alert: Alert
    care: Care
    moved: bool = False


class Live:
    """Watches the ledger while somebody listens."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._listeners: set[asyncio.Queue[list[Seen]]] = set()
        self._task: asyncio.Task[None] | None = None
        self._known: dict[str, tuple[int, Care]] = {}

    async def listen(self) -> AsyncGenerator[list[Seen], None]:
        """Alerts as they come, change or are cared for, the oldest first; an empty list after a while of nothing.

        The first list is empty, too: from then on nothing is missed.
        """
        queue: asyncio.Queue[list[Seen]] = asyncio.Queue(maxsize=100)
        if self._task is None or self._task.done():
            self._known = _states(await asyncio.to_thread(self._newest))
            self._task = asyncio.create_task(self._watch())
        self._listeners.add(queue)
        try:
            yield []
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
            fresh = [told for one in newest if (told := self._changed(one)) is not None]
            self._known = _states(newest)
            if fresh:
                self._tell(fresh[::-1])

    def _changed(self, one: Seen) -> Seen | None:
        known = self._known.get(one.alert.alert_id)
        if known == (one.alert.revision, one.care):
            return None
        return msgspec.structs.replace(one, moved=known is None or known[0] != one.alert.revision)

    def _tell(self, fresh: list[Seen]) -> None:
        for queue in self._listeners:
            if not queue.full():  # who does not read has lost the connection
                queue.put_nowait(fresh)

    def _newest(self) -> list[Seen]:
        with self._ledger.reading() as connection:
            found = pages.alerts(connection, pages.AlertFilter(status="all"), None, SEEN_AT_ONCE)
            cared = care.of(connection, [alert.alert_id for alert in found])
        return [Seen(alert, cared.get(alert.alert_id, Care())) for alert in found]


def _states(found: list[Seen]) -> dict[str, tuple[int, Care]]:
    return {one.alert.alert_id: (one.alert.revision, one.care) for one in found}
