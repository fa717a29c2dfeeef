"""Topics: created with their partitions, clean-up and retention, as `contracts.topics` says."""

from __future__ import annotations

from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from contracts.errors import UnavailableError
from contracts.times import DAY_MS
from contracts.topics import CATALOG, CHECKPOINTS, DEAD_TOPICS, DECISIONS, TOPICS, Topic
from runtime.reachable import require_kafka

CLIENT_ID = "priceradar-admin"
# The cap window is rebuilt from these: every price in it must still be there, not only the last.
UNCOMPACTED_MS = 45 * DAY_MS


def ensure_topics(bootstrap: str, replication: int = 1) -> list[str]:
    """Create every topic that is missing and return their names; UnavailableError where Kafka does not answer."""
    admin = _connect(bootstrap)
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


def cluster_id(bootstrap: str) -> str:
    """The id of the Kafka cluster there; UnavailableError where it does not answer."""
    admin = _connect(bootstrap)
    try:
        return str(admin.describe_cluster()["cluster_id"])
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not say which cluster it is: {error}") from error
    finally:
        admin.close()


def wrong_topics(bootstrap: str) -> list[str]:
    """What is wrong with the topics there, one phrase each; UnavailableError where Kafka does not answer."""
    admin = _connect(bootstrap)
    try:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    except KafkaError as error:
        raise UnavailableError(f"topics cannot be read at {bootstrap}: {error}") from error
    finally:
        admin.close()
    expected = (*TOPICS, *DEAD_TOPICS)
    missing = [f"topic {t.name} is missing, any worker creates it" for t in expected if t.name not in found]
    return missing + [
        f"topic {t.name} must have {t.partitions} partitions, has {found[t.name]}: create it anew"
        for t in expected
        if found.get(t.name, t.partitions) != t.partitions
    ]


def _connect(bootstrap: str) -> Any:
    try:
        return KafkaAdminClient(bootstrap_servers=require_kafka(bootstrap), client_id=CLIENT_ID)
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}") from error


def _request(topic: Topic, replication: int) -> dict[str, Any]:
    config: dict[str, str] = {"cleanup.policy": topic.cleanup}
    if topic.retention_ms is not None:
        config["retention.ms"] = str(topic.retention_ms)
    if topic is CHECKPOINTS:
        # Whole states come again and again: without small segments compaction would start after a gigabyte.
        config |= {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.3"}
    if topic in (CATALOG, DECISIONS):
        config["min.compaction.lag.ms"] = str(UNCOMPACTED_MS)
    return {"num_partitions": topic.partitions, "replication_factor": replication, "configs": config}
