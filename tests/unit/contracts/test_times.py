"""Milliseconds since the epoch, to and from people's notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.times import DAY_MS, from_iso, to_iso

YEAR_9999 = 253_402_300_799_999


@given(st.integers(0, YEAR_9999))
def test_every_millisecond_survives_the_way_there_and_back(ms: int) -> None:
    assert from_iso(to_iso(ms)) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-02", DAY_MS),
        ("1970-01-02T00:00:00", DAY_MS),
        ("1970-01-02T00:00:00Z", DAY_MS),
        ("1970-01-02T08:00:00+08:00", DAY_MS),
        (" 1970-01-02 00:00:00.5 ", DAY_MS + 500),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, ms: int) -> None:
    assert from_iso(text) == ms


def test_notation_is_rfc_3339_with_milliseconds() -> None:
    assert to_iso(DAY_MS + 7) == "1970-01-02T00:00:00.007Z"


@pytest.mark.parametrize("text", ["", "yesterday", "24.11.2026", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_iso(text)
