"""Our position counts who can be compared, and nobody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.times import HOUR_MS
from streams.price_index import Offer, Position, index_of, position

NOW = 100 * HOUR_MS


def offer(competitor: str, price: int, currency: str = "EUR", hours: int = 1, in_stock: bool = True) -> Offer:
    return Offer(competitor, price, currency, NOW - hours * HOUR_MS, in_stock)


def test_rank_and_index_among_what_can_be_compared() -> None:
    offers = [
        offer("a", 900),
        offer("b", 1100),
        offer("b", 1000),
        offer("c", 1300),
        offer("d", 1),
        offer("d", 100, "USD"),
        offer("stale", 10, hours=49),
        offer("gone", 10, in_stock=False),
        offer("broken", 0),
    ]

    assert position(1000, "EUR", offers[:4], NOW, 48 * HOUR_MS) == Position(3, 900, 1000, 1300, 2, 10_000)
    assert position(1000, "EUR", offers, NOW, 48 * HOUR_MS) == Position(4, 1, 900, 1300, 3, 11_111)


def test_nothing_to_compare_is_no_position() -> None:
    assert position(1000, "EUR", [offer("a", 900, "CNY")], NOW, 48 * HOUR_MS) is None
    assert position(0, "EUR", [offer("a", 900)], NOW, 48 * HOUR_MS) is None
    assert index_of([]) is None


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=9), st.integers(1, 10**9))
def test_a_position_agrees_with_itself(prices: list[int], own: int) -> None:
    found = position(own, "EUR", [offer(str(n), price) for n, price in enumerate(prices)], NOW, 48 * HOUR_MS)

    assert found is not None
    assert found.lowest_minor <= found.median_minor <= found.highest_minor
    assert found.median_minor in prices
    assert 1 <= found.rank <= len(prices) + 1
    assert (found.rank == 1) == (own <= found.lowest_minor)
