"""Publishing single facts and replays: a kafka-python producer with a bound on what is in flight."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from contracts.codec import Headers, encode
from contracts.errors import UnavailableError
from contracts.topics import Topic
from runtime.reachable import require_kafka

MOST_IN_FLIGHT = 5_000  # kafka-python 3 has no bound of its own
ANSWER_SECONDS = 120.0


class Publisher:
    """Sends values to topics and knows that all of them arrived; a context manager.

    Errors: UnavailableError where Kafka does not answer, at once or on `flush`.
    """

    def __init__(self, bootstrap: str) -> None:
        try:
            self._producer = KafkaProducer(
                bootstrap_servers=require_kafka(bootstrap), linger_ms=5, compression_type="lz4", batch_size=256 * 1024
            )
        except KafkaError as error:
            raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}") from error
        self._room = threading.BoundedSemaphore(MOST_IN_FLIGHT)
        self._failed: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        self._producer.close()

    def send(
        self,
        topic: Topic,
        key: str,
        value: object,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> None:
        """Send one value, encoded as its topic asks; waits while too many are in flight."""
        self.send_bytes(topic.name, key.encode() if key else None, encode(value), list(headers), partition)

    def send_bytes(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None = None
    ) -> None:
        """Send bytes as they are: replays and dead letters."""
        if not self._room.acquire(timeout=ANSWER_SECONDS):
            raise UnavailableError(f"Kafka has not acknowledged anything for {ANSWER_SECONDS:.0f} s")
        future = self._producer.send(topic, key=key, value=value, headers=headers, partition=partition)
        future.add_callback(self._arrived)
        future.add_errback(self._lost)

    def flush(self) -> None:
        """Wait until everything arrived; UnavailableError where something did not."""
        try:
            self._producer.flush(timeout=ANSWER_SECONDS)
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not take what was sent: {error}") from error
        if self._failed is not None:
            raise UnavailableError(f"Kafka did not take a message: {self._failed}") from self._failed

    def _arrived(self, _metadata: Any) -> None:
        self._room.release()

    def _lost(self, error: BaseException) -> None:
        self._failed = error
        self._room.release()
