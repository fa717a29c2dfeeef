"""The partition of a key, as Kafka's Java client and aiokafka compute it."""

from __future__ import annotations

from functools import lru_cache

from contracts.observations import partition_key
from contracts.topics import PARTITIONS

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_R = 24
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2)."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k ^= k >> _R
        h = (h * _M & _MASK) ^ (k * _M & _MASK)
    if rest := data[whole:]:
        h = ((h ^ int.from_bytes(rest, "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int = PARTITIONS) -> int:
    """Partition of a key: the same one every Kafka client with murmur2 chooses."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=1 << 20)
def series_partition(competitor: str, product_id: str, partitions: int = PARTITIONS) -> int:
    """Partition of a product at a competitor, the same for all its series."""
    return partition_of(partition_key(competitor, product_id), partitions)


@lru_cache(maxsize=1 << 16)
def key_partition(key: bytes, partitions: int = PARTITIONS) -> int:
    """`partition_of`, remembered: the same keys come again and again."""
    return partition_of(key, partitions)
