"""Topics: created with their partitions, clean-up and retention, as `contracts.topics` says."""

from __future__ import annotations

from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from contracts.errors import UnavailableError
from contracts.topics import CHECKPOINTS, DEAD_TOPICS, TOPICS, Topic

CLIENT_ID = "priceradar-admin"


def ensure_topics(bootstrap: str, replication: int = 1) -> list[str]:
    """Create every topic that is missing and return their names; UnavailableError where Kafka does not answer."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), client_id=CLIENT_ID)
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}") from error
    try:
        existing = set(admin.list_topics())
        missing = [topic for topic in (*TOPICS, *DEAD_TOPICS) if topic.name not in existing]
        if missing:
            admin.create_topics({topic.name: _request(topic, replication) for topic in missing})
        return [topic.name for topic in missing]
    except TopicAlreadyExistsError:  # another process was quicker
        return []
    except KafkaError as error:
        raise UnavailableError(f"topics cannot be created at {bootstrap}: {error}") from error
    finally:
        admin.close()


def _request(topic: Topic, replication: int) -> dict[str, Any]:
    config: dict[str, str] = {"cleanup.policy": topic.cleanup}
    if topic.retention_ms is not None:
        config["retention.ms"] = str(topic.retention_ms)
    if topic is CHECKPOINTS:
        # Whole states come again and again: without small segments compaction would start after a gigabyte.
        config |= {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.3"}
    return {"num_partitions": topic.partitions, "replication_factor": replication, "configs": config}
