"""Prometheus metrics that every stage has, and the endpoint that serves them.

Metrics of one room stand next to its code; all names begin with `priceradar_`, in
base units, and no label ever holds a SKU, a URL or a user.
"""

from __future__ import annotations

import errno
from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram, Info, start_http_server

from contracts.errors import BadInputError

MOST_PROCESSES = 20  # of one machine that serve metrics
LATENCY_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)  # 10 s is the objective

ITEMS_IN = Counter("priceradar_stage_items_in_total", "Items a stage took in", ["stage"])
ITEMS_OUT = Counter("priceradar_stage_items_out_total", "Items a stage gave out", ["stage"])
LAST_PROCESSED = Gauge(
    "priceradar_stage_last_processed_timestamp_seconds", "When a stage last finished an item", ["stage"]
)
DEAD_LETTERS = Counter("priceradar_dead_letters_total", "Messages sent to a dead-letter topic", ["topic", "error"])
STAGE_SECONDS = Histogram(
    "priceradar_stage_seconds",
    "Time a stage took for one message",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
BUILD = Info("priceradar_build", "Version of PriceRadar")


def known_stage(stage: str) -> None:
    """Export zeros for a stage before its first item, so that its absence is visible."""
    ITEMS_IN.labels(stage)
    ITEMS_OUT.labels(stage)
    LAST_PROCESSED.labels(stage)
    STAGE_SECONDS.labels(stage)


def processed(stage: str, items_in: int, items_out: int) -> None:
    """Count one finished message of a stage."""
    ITEMS_IN.labels(stage).inc(items_in)
    ITEMS_OUT.labels(stage).inc(items_out)
    LAST_PROCESSED.labels(stage).set_to_current_time()


def serve_metrics(port: int, host: str = "127.0.0.1") -> int:
    """Serve /metrics in a thread; the port, which is the first free one from `port` on, 0: any. BadInputError."""
    BUILD.info({"version": version("priceradar")})
    for candidate in range(port, port + (MOST_PROCESSES if port else 1)):
        try:
            server, _thread = start_http_server(candidate, addr=host)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue  # another process of this machine
            raise BadInputError(f"metrics cannot be served at {host}:{candidate}: {error}") from error
        return int(server.server_port)
    raise BadInputError(f"no port from {port} on at {host} is free for metrics; set another PRICERADAR_METRICS_PORT")
