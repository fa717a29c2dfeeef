"""Rows a second of a whole crawl of a feed, and its peak memory at ten times the rows."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from contracts.errors import PriceRadarError
from contracts.observations import Observation

SIZES = (10_000, 100_000)
HEADS = {"xml": "<rss><channel>", "csv": "id,title,link,price\n", "json": '{"products": ['}
ROWS = {
    "xml": "<item><id>{0}</id><title>Chair {0}</title><link>/p/{0}</link><price>5.00 EUR</price></item>",
    "csv": "{0},Chair {0},/p/{0},5.00 EUR\n",
    "json": '{{"id": {0}, "title": "Chair {0}", "link": "/p/{0}", "price": "5.00 EUR"}},',
}
TAILS = {"xml": "</channel></rss>", "csv": "", "json": '{"id": "last", "price": "5.00 EUR"}]}'}


class Counted:
    """An outbox that only counts."""

    crowded = behind = False

    def __init__(self) -> None:
        self.rows = 0

    def add(self, row: Observation) -> None:  # noqa: ARG002
        """An observation."""
        self.rows += 1

    def flush(self) -> None:
        """Nothing waits."""

    def dead_letter(self, value: bytes, error: PriceRadarError, evidence: str) -> None:  # noqa: ARG002
        """A row that could not be read: none is expected."""
        raise error


def run() -> dict[str, dict[str, float]]:
    """For each notation: rows a CPU-second, and peak memory in MB at both sizes."""
    found: dict[str, dict[str, float]] = {}
    for kind in HEADS:
        measured = [_measured(kind, count) for count in SIZES]
        found[kind] = {
            "rows_per_second": round(measured[1]["rows"] / measured[1]["seconds"]),
            **{f"peak_mb_{count}": one["peak_mb"] for count, one in zip(SIZES, measured, strict=True)},
        }
    return found


def _measured(kind: str, count: int) -> dict[str, float]:
    body = f"{HEADS[kind]}{''.join(ROWS[kind].format(number) for number in range(count))}{TAILS[kind]}".encode()

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there = self.path == "/feed"
            self.send_response(200 if there else 404)
            self.end_headers()
            self.wfile.write(body if there else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/feed"
        more = 'items = "products"' if kind == "json" else ""
        command = [sys.executable, "-m", "benchmarks.feeds", url, more]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return cast("dict[str, float]", json.loads(result.stdout))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _crawl(url: str, more: str) -> dict[str, float]:
    from crawlers.job import Job  # noqa: PLC0415
    from crawlers.run import crawl  # noqa: PLC0415 a reactor is installed once, in a process of its own
    from runtime.settings import Settings  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        shops, outbox = Path(folder, "shops.toml"), Counted()
        shops.write_text(f'[[source]]\ncompetitor = "a"\nkind = "feed"\nurl = "{url}"\n{more}\n')
        started = time.process_time()
        job = Job([], Settings(data=Path(folder), shops=shops), allow_private=True)
        outcomes = crawl(job, cast("Any", outbox))
        seconds = time.process_time() - started
    assert outcomes["rows"] == outbox.rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": outbox.rows, "seconds": seconds, "peak_mb": round(peak)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_crawl(sys.argv[1], sys.argv[2])))
