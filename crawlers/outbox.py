"""Batches of observations and dead letters to Kafka, with a cap on what is in flight."""

from __future__ import annotations

import threading
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from contracts.codec import Headers, dead_letter_headers
from contracts.errors import PriceRadarError, UnavailableError
from contracts.observations import Observation
from contracts.topics import OBSERVATIONS
from crawlers.batches import Batches
from crawlers.metrics import IN_FLIGHT
from runtime.metrics import DEAD_LETTERS, processed

STAGE = "crawl"
MOST_IN_FLIGHT = 200  # batches; kafka-python's producer itself knows no bound


class Outbox:
    """Owns the producer. `add` collects, `flush` sends what is collected; `crowded` says: slow down."""

    def __init__(self, bootstrap: str) -> None:
        self._batches = Batches()
        self._in_flight = 0
        self._lock = threading.Lock()
        self.failed: PriceRadarError | None = None
        self._producer = _connect(bootstrap)

    @property
    def crowded(self) -> bool:
        """Whether as many batches are unacknowledged as allowed."""
        return self._in_flight >= MOST_IN_FLIGHT

    def add(self, row: Observation) -> None:
        """Collect an observation; a full batch goes out at once."""
        full = self._batches.add(row)
        if full is not None:
            self._send(OBSERVATIONS.name, *full, [])

    def flush(self) -> None:
        """Send every open batch without waiting for its acknowledgement."""
        for partition, value in self._batches.drain():
            self._send(OBSERVATIONS.name, partition, value, [])

    def dead_letter(self, value: bytes, error: PriceRadarError, evidence: str) -> None:
        """Send what could not become an observation, with its reason and the page's hash."""
        headers: Headers = [*dead_letter_headers(error, STAGE, "", -1, -1), ("evidence", evidence.encode())]
        DEAD_LETTERS.labels(OBSERVATIONS.name, error.code).inc()
        self._send(OBSERVATIONS.dead, None, value, headers)

    def close(self, seconds: float = 30.0) -> None:
        """Send what is open and wait for all acknowledgements; UnavailableError where they do not come."""
        self.flush()
        try:
            self._producer.flush(timeout=seconds)
        except KafkaTimeoutError as error:
            raise UnavailableError(f"Kafka has not acknowledged everything in {seconds:.0f} s: {error}") from error
        finally:
            self._producer.close(timeout=5)
        if self.failed is not None:
            raise self.failed

    def _send(self, topic: str, partition: int | None, value: bytes, headers: Headers) -> None:
        key = str(partition).encode() if partition is not None else None
        with self._lock:
            self._in_flight += 1
            IN_FLIGHT.set(self._in_flight)
        try:
            future = self._producer.send(topic, value=value, key=key, partition=partition, headers=headers)
        except KafkaError as error:
            self._lost(error)
            return
        future.add_callback(self._done)
        future.add_errback(self._lost)

    def _done(self, _metadata: Any) -> None:
        with self._lock:
            self._in_flight -= 1
            IN_FLIGHT.set(self._in_flight)
        processed(STAGE, 1, 1)

    def _lost(self, error: Any) -> None:
        with self._lock:
            self._in_flight -= 1
        self.failed = UnavailableError(f"Kafka did not take a batch of observations: {error}")


def _connect(bootstrap: str) -> Any:
    if not bootstrap:
        raise UnavailableError("no Kafka is configured; set PRICERADAR_KAFKA=host:port, or start `priceradar up`")
    try:
        return KafkaProducer(
            bootstrap_servers=[server.strip() for server in bootstrap.split(",")],
            client_id="priceradar-crawl",
            compression_type="lz4",
            acks="all",
            linger_ms=5,
            batch_size=256 * 1024,
            max_request_size=2 * 1024 * 1024,
            max_block_ms=10_000,
            bootstrap_timeout_ms=5_000,
            allow_auto_create_topics=False,
        )
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}; is it running?") from error
