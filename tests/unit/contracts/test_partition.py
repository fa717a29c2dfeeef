"""Our partition is the one every Kafka client chooses, so order per series holds whoever writes."""

from __future__ import annotations

import aiokafka.partitioner
import kafka.partitioner
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.partition import murmur2, partition_of, series_partition
from contracts.topics import PARTITIONS


class OneTopic:
    """What the client asks of its cluster metadata: a topic `t` with so many partitions."""

    def __init__(self, partitions: int) -> None:
        self.partitions = set(range(partitions))

    def topics(self) -> set[str]:
        return {"t"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self.partitions

    available_partitions_for_topic = partitions_for_topic


@given(st.binary(max_size=200))
def test_hash_equals_that_of_both_clients(data: bytes) -> None:
    assert murmur2(data) == kafka.partitioner.murmur2(data) & 0xFFFFFFFF
    assert murmur2(data) == aiokafka.partitioner.murmur2(data) & 0xFFFFFFFF


@pytest.mark.parametrize(("key", "value"), [(b"21", -973932308), (b"foobar", -790332482), (b"abc", 479470107)])
def test_hash_equals_that_of_kafka_itself(key: bytes, value: int) -> None:
    """Known values from the tests of org.apache.kafka.common.utils.Utils."""
    assert murmur2(key) == value & 0xFFFFFFFF


@given(st.binary(min_size=1, max_size=60), st.sampled_from([1, 2, 3, 12, 48]))
def test_partition_equals_that_of_both_clients(key: bytes, partitions: int) -> None:
    everyone = list(range(partitions))
    python_client = kafka.partitioner.DefaultPartitioner()

    assert partition_of(key, partitions) == python_client.partition("t", key, key, None, None, OneTopic(partitions))
    assert partition_of(key, partitions) == aiokafka.partitioner.DefaultPartitioner()(key, everyone, everyone)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_product_stays_in_one_partition_of_the_default_count(competitor: str, product: str) -> None:
    partition = series_partition(competitor, product)

    assert partition == partition_of(f"{competitor}|{product}".encode())
    assert 0 <= partition < PARTITIONS
