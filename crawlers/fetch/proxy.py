"""The only way out of the browser: a proxy on loopback that looks names up itself and refuses addresses inside.

A browser follows redirects, loads scripts and looks names up without asking anybody; through here it
reaches the very address that was checked, or nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from crawlers.fetch import addresses

MOST_HEAD = 65_536
HEAD_SECONDS, CONNECT_SECONDS, SILENT_SECONDS = 10.0, 15.0, 60.0
PIECE = 65_536
_REFUSED = b"HTTP/1.1 403 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_OPEN = b"HTTP/1.1 200 Open\r\n\r\n"


@contextmanager
def guarded_proxy(allow_private: bool) -> Iterator[str]:
    """Open it, in a thread with a loop of its own; its address, `http://127.0.0.1:PORT`."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), list[int]()
    stop = asyncio.Event()

    async def serve() -> None:
        way = _Passage(allow_private)
        server = await asyncio.start_server(way.serve, "127.0.0.1", 0, limit=MOST_HEAD)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        way.close()
        await asyncio.gather(*way.tasks, return_exceptions=True)

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serve())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run, name="browser-guarded_proxy", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


class _Passage:
    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """End what is under way."""
        for task in self.tasks:
            task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser."""
        task = asyncio.current_task()
        if task is not None:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        try:
            await self._serve(reader, writer)
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # who asked sees that the connection ended
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        port = parts.port or (443 if tunnel or parts.scheme == "https" else 80)
        address = await self._address(parts.hostname or "")
        if address is None:
            writer.write(_REFUSED)
            await writer.drain()
            return
        far_reader, far_writer = await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
        try:
            if tunnel:
                writer.write(_OPEN)
            else:
                far_writer.write(_origin_form(head, method, target))
            await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        finally:
            far_writer.close()

    async def _address(self, host: str) -> str | None:
        """The address to connect to; None where one that the name stands for is not of the open internet."""
        if (known := addresses.literal(host)) is not None:
            found = known
        else:
            found = await asyncio.get_running_loop().run_in_executor(None, addresses.look_up, host)
        return found if self._allow_private or addresses.is_public(found) else None


def _origin_form(head: bytes, method: str, target: str) -> bytes:
    """A request as the shop's server wants it, for one answer: the next may go to another host."""
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = head.split(b"\r\n")[1:-2]
    kept = [line for line in lines if not line.lower().startswith((b"proxy-", b"connection:"))]
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode("latin-1"), *kept, b"Connection: close", b"", b""])


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await asyncio.wait_for(reader.read(PIECE), SILENT_SECONDS):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (TimeoutError, OSError):
        writer.close()
