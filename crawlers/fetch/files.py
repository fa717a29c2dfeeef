"""Large answers straight to a file: a feed of gigabytes costs disk, not memory.

For requests that say so; all others go Scrapy's way. Names are resolved by the same guarded resolver.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urldefrag

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.http import Headers, Request, Response
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers as TxHeaders

from crawlers.fetch.backoff import Backoff

TO_FILE = "priceradar_to_file"  # of a request's meta: path the body is written to where the status is 200
MOST_BYTES = 2 * 1024**3
SILENT_SECONDS, LONGEST_SECONDS = 60, 3600.0
_OF_THE_WAY = ("Content-Encoding", "Content-Length", "Transfer-Encoding")


class FileDownloads(HTTP11DownloadHandler):
    """Scrapy's handler, and files; the last and first to know what a shop asks for."""

    async def download_request(self, request: Request) -> Response:
        """Fetch; the response to a request for a file has no body."""
        backoff = self._crawler.get_downloader_middleware(Backoff)
        if backoff is not None:
            backoff.at_the_door(request)
        response = await self._fetched(request)
        if backoff is not None:
            backoff.answered(request, response)
        return response

    async def _fetched(self, request: Request) -> Response:
        path = request.meta.get(TO_FILE)
        if path is None or request.meta.get("proxy"):
            return await super().download_request(request)
        return await to_file(request, Path(path))


async def to_file(request: Request, path: Path) -> Response:
    """Fetch into a file; the response has no body. Certificates are checked."""
    from twisted.internet import reactor  # noqa: PLC0415 importing it installs one

    agent = Agent(reactor, BrowserLikePolicyForHTTPS(), connectTimeout=30.0)  # type: ignore[no-untyped-call]
    url = urldefrag(request.url)[0].encode("ascii")
    answer: Any = await maybe_deferred_to_future(agent.request(b"GET", url, TxHeaders(request.headers)))
    headers = Headers(dict(answer.headers.getAllRawHeaders()))
    for name in _OF_THE_WAY:
        headers.pop(name, None)
    finished: Deferred[None] = Deferred()
    with path.open("wb") as file:
        answer.deliverBody(_Writer(file if answer.code == 200 else None, finished))
        await maybe_deferred_to_future(finished)
    return Response(request.url, status=answer.code, headers=headers)


class _Writer(Protocol, TimeoutMixin):
    """Writes what arrives, or drops it; ends what is silent, slow or too much."""

    def __init__(self, file: BinaryIO | None, finished: Deferred[None]) -> None:
        self._file, self._finished = file, finished
        self._bytes, self._end = 0, time.monotonic() + LONGEST_SECONDS

    def connectionMade(self) -> None:  # noqa: N802 Twisted's name
        """The body begins."""
        self.setTimeout(SILENT_SECONDS)  # type: ignore[no-untyped-call]

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """A piece of the body."""
        if self._finished.called:
            return
        self.resetTimeout()  # type: ignore[no-untyped-call]
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            self._fail(OSError(f"a feed may have {MOST_BYTES} bytes on its way; this one has more"))
        elif time.monotonic() > self._end:
            self._fail(TimeoutError(f"a feed must have come within {LONGEST_SECONDS:.0f} seconds"))
        elif self._file is not None:
            self._file.write(data)

    def timeoutConnection(self) -> None:  # noqa: N802
        """Nothing came for too long."""
        self._fail(TimeoutError(f"nothing came for {SILENT_SECONDS} seconds"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """The body has ended, or the connection before it."""
        self.setTimeout(None)  # type: ignore[no-untyped-call]
        if self._finished.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):  # type: ignore[no-untyped-call]
            self._finished.callback(None)
        else:
            self._finished.errback(reason)

    def _fail(self, error: Exception) -> None:
        self.setTimeout(None)  # type: ignore[no-untyped-call]
        self._finished.errback(Failure(error))  # type: ignore[no-untyped-call]
        if self.transport is not None:
            self.transport.stopProducing()
