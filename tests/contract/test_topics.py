"""The registry of topics: names, keys, retention."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from contracts.times import DAY_MS
from contracts.topics import CHECKPOINTS, DEAD_TOPICS, OBSERVATIONS, PARTITIONS, TOPICS, Topic

TABLE = (Path(__file__).parents[2] / "docs" / "topics.md").read_text(encoding="utf-8")
EVERY = TOPICS + DEAD_TOPICS


def test_names_are_unique() -> None:
    assert len({topic.name for topic in EVERY}) == len(EVERY)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_name_is_lowercase_words_joined_by_dots_and_a_version(topic: Topic) -> None:
    """Dots only: Kafka's own metric names cannot tell a dot from an underscore."""
    assert re.fullmatch(r"[a-z]+(\.[a-z]+)+\.v[1-9][0-9]*", topic.name)


@pytest.mark.parametrize("topic", EVERY, ids=lambda topic: topic.name)
def test_topics_of_one_join_share_their_partitions(topic: Topic) -> None:
    assert topic.partitions == PARTITIONS


@pytest.mark.parametrize("topic", EVERY, ids=lambda topic: topic.name)
def test_what_is_compacted_is_kept_and_what_is_deleted_says_when(topic: Topic) -> None:
    assert (topic.retention_ms is None) == (topic.cleanup == "compact")


def test_every_topic_but_the_checkpoints_has_a_dead_letter_topic() -> None:
    assert {topic.name for topic in DEAD_TOPICS} == {topic.dead for topic in TOPICS if topic is not CHECKPOINTS}


@pytest.mark.parametrize("topic", DEAD_TOPICS, ids=lambda topic: topic.name)
def test_a_dead_letter_is_bytes_kept_for_a_month(topic: Topic) -> None:
    assert topic.value is bytes
    assert topic.retention_ms == 30 * DAY_MS


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_table_in_the_documentation_is_right(topic: Topic) -> None:
    kept = "compacted, for ever" if topic.retention_ms is None else f"{topic.retention_ms // DAY_MS} d"
    key = topic.key.replace("|", "\\|")

    assert f"| `{topic.name}` | {key} | {_value(topic)} | {kept} |\n" in TABLE


def _value(topic: Topic) -> str:
    if topic.value is bytes:
        return "bytes"
    if topic.value is OBSERVATIONS.value:
        return "array of `Observation`"
    return ", ".join(f"`{kind.__name__}`" for kind in get_args(topic.value) or [topic.value])
