"""Ids are hashes of what the thing is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import content_hash, make_id

PARTS = st.lists(st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\x1f")), st.integers()), max_size=4)


def test_an_id_never_changes() -> None:
    assert make_id("move", "shop", "p1", 1700000000000) == "move_884558232adac155a130adecd1a8648b"


@given(st.sampled_from(["move", "alert"]), PARTS)
def test_an_id_is_its_kind_and_32_hex_digits(kind: str, parts: list[str | int]) -> None:
    assert re.fullmatch(rf"{kind}_[0-9a-f]{{32}}", make_id(kind, *parts))


@given(PARTS, PARTS)
def test_different_things_have_different_ids(a: list[str | int], b: list[str | int]) -> None:
    same = list(map(str, a)) == list(map(str, b))

    assert (make_id("move", *a) == make_id("move", *b)) == same


@pytest.mark.parametrize(("a", "b"), [(("a", "bc"), ("ab", "c")), (("a",), ("a", "")), (("1", "2"), ("12",))])
def test_parts_do_not_run_together(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    assert make_id("move", *a) != make_id("move", *b)


def test_content_is_hashed_with_sha_256() -> None:
    assert content_hash(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
