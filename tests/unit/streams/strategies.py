"""Hypothesis strategies: streams of observations as bad as real ones."""

from __future__ import annotations

from hypothesis import strategies as st

from contracts.observations import Observation
from contracts.policy import Detection, Threshold

near = st.integers(900, 1100)
prices = st.one_of(near, near, st.sampled_from([0, -5, None, 950, 1000, 1050, 1051, 949, 100, 3001, 100_000, 10**15]))
detections = st.builds(
    Detection,
    move_bp=st.sampled_from([0, 100, 500, 1000]),
    drift=st.booleans(),
    quarantine=st.booleans(),
    availability_confirmations=st.integers(1, 3),
    crawl_window_minutes=st.sampled_from([0, 0, 3, 7]),
    promotion_days=st.just(0),
    delist_after_days=st.just(0),
    mass_minimum=st.just(0),
    thresholds=st.sampled_from([(), (Threshold(200, category="tv"),), (Threshold(50, competitor="a"),)]),
)


def observations(most: int = 60) -> st.SearchStrategy[list[Observation]]:
    """Streams over few series with repeats, late rows, odd prices and two currencies."""
    row = st.builds(
        Observation,
        competitor=st.sampled_from("ab"),
        product_id=st.sampled_from("xyz"),
        observed_at=st.integers(0, 40).map(lambda minute: minute * 60_000),
        price_minor=prices,
        currency=st.sampled_from(["EUR", "EUR", "EUR", "CZK", "???"]),
        availability=st.sampled_from(["InStock", "InStock", "OutOfStock", "Unknown"]),
        price_type=st.sampled_from(["regular", "regular", "member"]),
        category=st.just("tv"),
    )
    return st.lists(row, max_size=most).map(_mostly_in_order)


def _mostly_in_order(rows: list[Observation]) -> list[Observation]:
    # Sorting two thirds keeps the stream plausible while late rows remain.
    cut = len(rows) // 3
    return sorted(rows[cut:], key=lambda o: o.observed_at) + rows[:cut]
