"""Dead letters: what could not be used, read back from Kafka with its reason, and put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from contracts.errors import BadInputError, NotFoundError, UnavailableError
from contracts.topics import DEAD_TOPICS
from runtime.publish import Publisher
from runtime.reachable import require_kafka

GROUP = "priceradar-dead-replay"  # its committed offsets say how far the dead letters were put back
ANSWER_SECONDS = 30.0
OWN_HEADERS = ("error.", "source.")


class DeadLetter(msgspec.Struct, frozen=True):
    """A message as it died. `topic` is the dead-letter topic, `died_at` in epoch ms, UTC."""

    topic: str
    partition: int
    offset: int
    died_at: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def id(self) -> str:
        """How a person names it: `price.observations.v1.dead/3/17`."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def header(self, name: str) -> str:
        """A header as text, empty where there is none."""
        return next((value.decode("utf-8", "replace") for key, value in self.headers if key == name), "")

    @property
    def source(self) -> str:
        """Where it came from: `topic[partition]@offset`, empty where it never was a message."""
        topic = self.header("source.topic")
        return topic and f"{topic}[{self.header('source.partition')}]@{self.header('source.offset')}"


def topic_named(name: str) -> str:
    """The dead-letter topic a person means, by its own name or by that of its source; BadInputError."""
    known = {topic.name for topic in DEAD_TOPICS}
    for candidate in (name, f"{name}.dead"):
        if candidate in known:
            return candidate
    raise BadInputError(f"{name!r} has no dead letters; name one of {', '.join(sorted(known))}")


def parse_id(text: str) -> TopicPartition:
    """Topic and partition of an id such as `price.observations.v1.dead/3/17`; BadInputError."""
    topic, _, rest = text.rpartition("/")[0].rpartition("/")
    if not topic or not rest.isdigit() or not text.rpartition("/")[2].isdigit():
        raise BadInputError(f"a dead letter's id is topic/partition/offset, was {text!r}; `priceradar dead list`")
    return TopicPartition(topic_named(topic), int(rest))


def read(bootstrap: str, topics: Iterable[str] = ()) -> Iterator[DeadLetter]:
    """Every dead letter Kafka still keeps, of these topics or of all, partition by partition."""
    with _consumer(bootstrap) as consumer:
        for where in _partitions(consumer, list(topics)):
            yield from _letters(consumer, where, None)


def find(bootstrap: str, identity: str) -> DeadLetter:
    """One dead letter by its id; NotFoundError where Kafka does not keep it (any more)."""
    where, offset = parse_id(identity), int(identity.rpartition("/")[2])
    with _consumer(bootstrap) as consumer:
        if where in _partitions(consumer, [where.topic]):
            for letter in _letters(consumer, where, offset):
                if letter.offset == offset:
                    return letter
                break
    raise NotFoundError(f"there is no dead letter {identity}; `priceradar dead list` shows those kept")


def put_back(publisher: Publisher, letter: DeadLetter) -> bool:
    """Send one to where it came from; False where it never was a message (a page: the crawl comes again)."""
    topic = letter.header("source.topic")
    if not topic or int(letter.header("source.offset") or -1) < 0:
        return False
    headers = [(key, value) for key, value in letter.headers if not key.startswith(OWN_HEADERS)]
    publisher.send_bytes(topic, letter.key or None, letter.value, headers, int(letter.header("source.partition")))
    return True


def replay(bootstrap: str, topics: Iterable[str] = ()) -> tuple[int, int]:
    """Put back all that were not put back before; returns how many were and how many cannot be.

    What dies again comes back as a new dead letter and waits for the next replay.
    """
    sent = left = 0
    with _consumer(bootstrap, GROUP) as consumer, Publisher(bootstrap) as publisher:
        partitions = _partitions(consumer, list(topics))
        ends = consumer.end_offsets(partitions)  # now: what dies again must not go round in circles
        for where in partitions:
            for letter in _letters(consumer, where, consumer.committed(where), ends[where]):
                put = put_back(publisher, letter)
                sent, left = sent + put, left + (not put)
        publisher.flush()
        consumer.commit({where: OffsetAndMetadata(end, "", -1) for where, end in ends.items()})
    return sent, left


@contextmanager
def _consumer(bootstrap: str, group: str | None = None) -> Iterator[Any]:
    try:
        consumer = KafkaConsumer(bootstrap_servers=require_kafka(bootstrap), group_id=group, enable_auto_commit=False)
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}") from error
    try:
        yield consumer
    except KafkaError as error:
        raise UnavailableError(f"dead letters cannot be read at {bootstrap}: {error}") from error
    finally:
        consumer.close()


def _partitions(consumer: Any, topics: list[str]) -> list[TopicPartition]:
    names = topics or [topic.name for topic in DEAD_TOPICS]
    existing = consumer.topics()
    return [
        TopicPartition(name, number)
        for name in names
        if name in existing
        for number in sorted(consumer.partitions_for_topic(name) or ())
    ]


def _letters(consumer: Any, where: TopicPartition, start: int | None, end: int | None = None) -> Iterator[DeadLetter]:
    """Letters of a partition in [start, end); from the first kept, to the last there is now."""
    first, last = consumer.beginning_offsets([where])[where], consumer.end_offsets([where])[where]
    last = last if end is None else min(last, end)
    if max(first, start or 0) >= last:
        return
    consumer.assign([where])
    consumer.seek(where, max(first, start or 0))
    while consumer.position(where) < last:
        for record in consumer.poll(timeout_ms=1000).get(where, ()):
            if record.offset < last:
                yield DeadLetter(
                    where.topic,
                    where.partition,
                    record.offset,
                    record.timestamp,
                    record.key,
                    record.value,
                    tuple((key, value or b"") for key, value in record.headers),
                )
