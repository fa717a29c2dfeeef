"""What Kafka keeps of a topic now: read to the end, without a group."""

from __future__ import annotations

from typing import Any

from kafka import KafkaConsumer, TopicPartition


def records(kafka: str, topic: str, *numbers: int) -> list[Any]:
    """Every record of these partitions (of all where none is named), each partition in its order."""
    consumer: Any = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    try:
        tps = [TopicPartition(topic, number) for number in numbers or consumer.partitions_for_topic(topic) or ()]
        consumer.assign(tps)
        ends = consumer.end_offsets(tps)
        consumer.seek_to_beginning(*tps)
        found: list[Any] = []
        while any(consumer.position(tp) < ends[tp] for tp in tps):
            for batch in consumer.poll(timeout_ms=500).values():
                found += batch
        return found
    finally:
        consumer.close()


def values(kafka: str, topic: str, *numbers: int) -> list[bytes]:
    """The same, without keys and headers."""
    return [record.value for record in records(kafka, topic, *numbers)]
