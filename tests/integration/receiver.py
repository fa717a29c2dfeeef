"""A local HTTP server that stands for the services alerts go to, and keeps what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int  # of the answer

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Receiver:
    """Answers with `status` and `answer`; `on_receipt` runs before the answer goes out."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.got: list[Got] = []
        self.status, self.answer = 200, b"{}"
        self.location = ""
        self.on_receipt: Callable[[Got], None] = lambda _: None


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1") -> Iterator[int]:
    """Serve on a free port of loopback, which is given; the handler must not be asked before its owner knows it."""
    server = ThreadingHTTPServer((host, 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body, found.status)
            found.got.append(got)
            try:
                found.on_receipt(got)
                self.send_response(got.status)
                if found.location:
                    self.send_header("Location", found.location)
                self.send_header("Content-Length", str(len(found.answer)))
                self.end_headers()
                self.wfile.write(found.answer)
            except ConnectionError:
                self.close_connection = True  # who asked is gone

        def do_GET(self) -> None:
            found.got.append(Got(f"GET {self.path}", {}, b"", 200))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        found = Receiver(port)
        yield found
