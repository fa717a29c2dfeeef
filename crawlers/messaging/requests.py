"""Requests to fetch a page again now, from `crawl.requests.v1`: read in a thread, handed over in order."""

from __future__ import annotations

import queue
import threading
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from contracts.codec import decode
from contracts.errors import UndecodableError
from contracts.topics import CRAWL_REQUESTS, CrawlRequest
from runtime.metrics import DEAD_LETTERS
from runtime.reachable import require_kafka

POLL_MS = 500


class Requests:
    """Every crawl reads all requests from now on and keeps those of its own watchlist."""

    def __init__(self, bootstrap: str) -> None:
        self._found: queue.SimpleQueue[CrawlRequest] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._consumer = KafkaConsumer(bootstrap_servers=require_kafka(bootstrap), enable_auto_commit=False)
        partitions = [TopicPartition(CRAWL_REQUESTS.name, number) for number in range(CRAWL_REQUESTS.partitions)]
        self._consumer.assign(partitions)
        self._consumer.seek_to_end(*partitions)
        for partition in partitions:
            self._consumer.position(partition)
        self._thread = threading.Thread(target=self._read, name="crawl-requests", daemon=True)
        self._thread.start()

    def take(self) -> list[CrawlRequest]:
        """What has come in since the last call."""
        found = []
        while not self._found.empty():
            found.append(self._found.get_nowait())
        return found

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._consumer.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                records: dict[Any, list[Any]] = self._consumer.poll(timeout_ms=POLL_MS)
            except KafkaError:
                self._stop.wait(1.0)  # it is away: the client connects again by itself
                continue
            for record in (record for batch in records.values() for record in batch):
                self._take(record.value)

    def _take(self, value: bytes | None) -> None:
        try:
            self._found.put(decode(value, CrawlRequest))
        except UndecodableError as error:
            DEAD_LETTERS.labels(CRAWL_REQUESTS.name, error.code).inc()
