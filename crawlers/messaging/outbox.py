"""Batches of observations and dead letters to Kafka, with a cap on what is in flight.

Above the cap, and where Kafka fails, messages go to a spool on disk and from there to Kafka in the
same order; only a full spool holds the crawl back. A producer that failed once is replaced: after an
outage longer than its delivery timeout kafka-python's does not recover.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from contracts.codec import Headers, dead_letter_headers
from contracts.errors import PriceRadarError, UnavailableError
from contracts.observations import Observation
from contracts.topics import OBSERVATIONS
from crawlers.messaging.batches import Batches
from crawlers.messaging.spool import Parcel, Spool
from crawlers.metrics import IN_FLIGHT, SPOOLED
from runtime.metrics import DEAD_LETTERS, processed

STAGE = "crawl"
RETRY_SECONDS = 1.0
STUCK_SECONDS = 25.0  # longer than the producer's own delivery timeout, after which it should have said so
MOST_IN_FLIGHT = 200  # batches; kafka-python's producer itself knows no bound


class Outbox:
    """Owns the producer. `add` collects, `flush` sends what is collected; `crowded` says: wait."""

    def __init__(self, bootstrap: str, spool: Spool) -> None:
        self._batches = Batches()
        self._in_flight: dict[int, tuple[Parcel, Path | None]] = {}
        self._lock = threading.RLock()
        self._spool = spool
        self._bootstrap = bootstrap
        self._producer = _connect(bootstrap)
        self._failed = False
        self._progress_at = time.monotonic()
        self._closing = threading.Event()
        self._renewal: threading.Thread | None = None

    @property
    def crowded(self) -> bool:
        """Whether neither Kafka nor the disk takes more."""
        return self._spool.full

    @property
    def behind(self) -> bool:
        """Whether something waits on disk."""
        return len(self._spool) > 0

    def add(self, row: Observation) -> None:
        """Collect an observation; a full batch goes out at once."""
        full = self._batches.add(row)
        if full is not None:
            self._send(OBSERVATIONS.name, *full, [])

    def flush(self) -> None:
        """Send every open batch without waiting for its acknowledgement, what waits on disk first."""
        self._drain()
        for partition, value in self._batches.drain():
            self._send(OBSERVATIONS.name, partition, value, [])

    def dead_letter(self, value: bytes, error: PriceRadarError, evidence: str) -> None:
        """Send what could not become an observation, with its reason and the page's hash."""
        headers: Headers = [*dead_letter_headers(error, STAGE, "", -1, -1), ("evidence", evidence.encode())]
        DEAD_LETTERS.labels(OBSERVATIONS.name, error.code).inc()
        self._send(OBSERVATIONS.dead, None, value, headers)

    def close(self, seconds: float = 30.0) -> None:
        """Send what is open and wait for all acknowledgements; UnavailableError where they do not come.

        What was not acknowledged is on disk then and is sent by the next crawl.
        """
        end = time.monotonic() + seconds
        self.flush()
        while (self._in_flight or len(self._spool)) and time.monotonic() < end:
            self._drain()
            time.sleep(0.02)
        self._closing.set()
        if self._renewal is not None:
            self._renewal.join()
        self._take_back()
        _close(self._producer)
        if left := len(self._spool):
            raise UnavailableError(
                f"Kafka has not acknowledged everything in {seconds:.0f} s; {left} messages are kept for the next crawl"
            )

    def _drain(self) -> None:
        """Send from disk while there is room; a failed producer is replaced once nothing is with it any more."""
        if self._in_flight and time.monotonic() - self._progress_at > STUCK_SECONDS:
            self._take_back()
        if self._failed and not self._in_flight and (self._renewal is None or not self._renewal.is_alive()):
            self._renewal = threading.Thread(target=self._renew, name="kafka-renewal", daemon=True)
            self._renewal.start()
        while self._has_room() and (taken := self._spool.take()) is not None:
            path, parcel = taken
            self._to_kafka(parcel, int(path.stem), path)
        SPOOLED.set(self._spool.size)

    def _take_back(self) -> None:
        """Everything in flight is on disk again. What arrives all the same comes twice, which is harmless."""
        with self._lock:
            for number, (parcel, path) in self._in_flight.items():
                self._to_disk(number, parcel, path)
            self._in_flight.clear()
            IN_FLIGHT.set(0)
            self._failed = True

    def _to_disk(self, number: int, parcel: Parcel, path: Path | None) -> None:
        """Keep what Kafka did not take, in its place in the order; `path` where it came from the disk."""
        if path is None:
            self._spool.add(parcel, number)
        else:
            self._spool.put_back(path)

    def _renew(self) -> None:
        """In a thread of its own: to connect takes seconds where nobody answers, and the crawl goes on."""
        _close(self._producer)
        while not self._closing.is_set():
            try:
                producer = _connect(self._bootstrap)
            except UnavailableError:
                self._closing.wait(RETRY_SECONDS)
            else:
                with self._lock:
                    self._producer, self._failed = producer, False
                return

    def _has_room(self) -> bool:
        return not self._failed and len(self._in_flight) < MOST_IN_FLIGHT

    def _send(self, topic: str, partition: int | None, value: bytes, headers: Headers) -> None:
        parcel = Parcel(topic, partition, value, headers)
        with self._lock:
            if self._spool.waiting or not self._has_room():
                self._spool.add(parcel)
                return
        self._to_kafka(parcel, self._spool.reserve(), None)

    def _to_kafka(self, parcel: Parcel, number: int, path: Path | None) -> None:
        with self._lock:
            if not self._in_flight:
                self._progress_at = time.monotonic()
            self._in_flight[number] = parcel, path
            IN_FLIGHT.set(len(self._in_flight))
        key = str(parcel.partition).encode() if parcel.partition is not None else None
        try:
            future = self._producer.send(
                parcel.topic, value=parcel.value, key=key, partition=parcel.partition, headers=parcel.headers
            )
        except KafkaError:
            self._ended(number, False)
            return
        future.add_callback(lambda _metadata: self._ended(number, True))
        future.add_errback(lambda _error: self._ended(number, False))

    def _ended(self, number: int, arrived: bool) -> None:
        with self._lock:
            found = self._in_flight.pop(number, None)
            self._progress_at = time.monotonic()
            IN_FLIGHT.set(len(self._in_flight))
            if found is None:
                return  # taken back in the meantime: it is on disk
            parcel, path = found
            if not arrived:
                self._failed = True
                self._to_disk(number, parcel, path)
                return
            if path is not None:
                self._spool.delete(path)
        processed(STAGE, 1, 1)


def _close(producer: Any) -> None:
    with suppress(KafkaError):  # what it did not deliver is on disk
        producer.close(timeout=5)


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
            max_block_ms=1_000,
            delivery_timeout_ms=20_000,
            request_timeout_ms=10_000,
            reconnect_backoff_max_ms=1_000,
            bootstrap_timeout_ms=5_000,
            allow_auto_create_topics=False,
        )
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}; is it running?") from error
