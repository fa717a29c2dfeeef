"""Batches: one partition each, bounded in rows and bytes, nothing lost, order kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import MAX_BATCH_BYTES, MAX_BATCH_ROWS, decode_observations
from contracts.observations import Observation
from contracts.partition import series_partition
from crawlers.messaging.batches import Batches


def observation(product: str, at: int, name: str = "") -> Observation:
    return Observation("shop", product, at, 100, "CNY", name=name)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 3000)), max_size=80))
def test_nothing_is_lost_and_order_per_series_is_kept(rows: list[tuple[str, int]]) -> None:
    batches = Batches()
    sent = [full for at, (p, size) in enumerate(rows) if (full := batches.add(observation(p, at, "x" * size)))]
    sent += batches.drain()
    seen: dict[str, list[int]] = {}
    for partition, value in sent:
        assert len(value) <= MAX_BATCH_BYTES
        for row in decode_observations(value):
            assert partition == series_partition(row.competitor, row.product_id)
            seen.setdefault(row.product_id, []).append(row.observed_at)
    assert seen == {p: [at for at, (q, _) in enumerate(rows) if q == p] for p in {p for p, _ in rows}}
    assert batches.drain() == []


def test_a_batch_holds_at_most_a_thousand_rows() -> None:
    batches = Batches()
    full = [b for at in range(2500) if (b := batches.add(Observation("s", "p", at, None, "EUR")))]
    assert all(len(decode_observations(value)) <= MAX_BATCH_ROWS for _, value in full)
    assert sum(len(decode_observations(value)) for _, value in [*full, *batches.drain()]) == 2500
