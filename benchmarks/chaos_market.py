"""A market for the chaos proof: a stream as bad as real ones, and what an undisturbed run makes of it."""

from __future__ import annotations

import random

from contracts.codec import encode
from contracts.observations import Observation
from contracts.partition import series_partition
from contracts.policy import DEFAULT
from contracts.topics import PARTITIONS
from streams.partition import Partition

Batch = tuple[int, bytes]  # partition, value
UNDECODABLE = b'[{"competitor": 7}]'
DEAD_ROW = b'"price_minor":0,'


def market(seed: int, batches: int, rows: int = 40) -> list[Batch]:
    """A stream with repeats, late rows, bad prices and undecodable messages, by partition."""
    chance = random.Random(seed)
    clock, stream = 0, []
    for _ in range(batches):
        clock += 1000
        grouped: dict[int, list[Observation]] = {}
        for _ in range(rows):
            row = _seen(chance, clock)
            grouped.setdefault(series_partition(row.competitor, row.product_id), []).append(row)
        stream += [(number, encode(tuple(found))) for number, found in grouped.items()]
        if chance.random() < 0.05:
            stream.append((chance.randrange(PARTITIONS), UNDECODABLE))
    return stream


def _seen(chance: random.Random, clock: int) -> Observation:
    product = f"p{chance.randrange(200)}"
    late = chance.choice([0, 0, 0, -2500])
    price = chance.choice([1000, 1000, 1040, 1100, 950, 900, 0, 90_000])
    return Observation("shop", product, clock + late, price, "EUR", chance.choice(["InStock", "OutOfStock"]))


def undisturbed(stream: list[Batch]) -> dict[int, list[bytes]]:
    """Encoded events of each partition, in order, of a run that nothing disturbs."""
    partitions = {number: Partition(number, DEFAULT.detection) for number in range(PARTITIONS)}
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    events: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
    for number, value in stream:
        found, _bad, _rows = partitions[number].take(offsets[number], value)
        offsets[number] += 1
        events[number] += [encode(event) for event in found]
    return events
