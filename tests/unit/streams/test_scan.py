"""Scanning the bytes of a message means what decoding it means: rows, events, rejects, state and errors."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codec import decode_observations, encode
from contracts.errors import UndecodableError
from contracts.observations import Observation, Promotion
from contracts.policy import DEFAULT
from contracts.recording import OBSERVATION_SCHEMA
from streams.engine import Engine
from streams.message import Rows
from streams.state import MarketState

plain = st.text(st.characters(codec="utf-8", exclude_characters='"\\', min_codepoint=32, exclude_categories=["Cs"]))
odd = st.one_of(
    st.sampled_from(["", "a", "a\xff", 'a"b', "a\\", "a\nb", "\x00", "é", "大", "},{", "]"]), st.text(max_size=6)
)
amounts = st.one_of(
    st.integers(900, 1100), st.sampled_from([None, 0, -1, 10**17, 10**18, 2**63 - 1, 2**63, -(2**63) - 1, 10**30])
)
promotions = st.builds(Promotion, st.sampled_from(["coupon", "was_now", "other"]), odd, was_minor=amounts)


def messages(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[Observation]]:
    row = st.builds(
        Observation,
        competitor=st.sampled_from("ab") | texts,
        product_id=st.sampled_from("xy") | texts,
        observed_at=st.integers(0, 40).map(lambda minute: minute * 3_600_000)
        | amounts.filter(lambda at: at is not None),
        price_minor=amounts,
        currency=st.sampled_from(["EUR", "EUR", "EUR", "JPY", "QQQ", "eur", "", "EURO"]),
        availability=st.sampled_from(["InStock", "OutOfStock", "Unknown"]),
        price_type=st.sampled_from(["regular", "member", "coupon"]),
        seller=st.just("") | texts,
        list_price_minor=st.none() | amounts,
        sku=st.just("") | texts,
        match_confidence=st.sampled_from([1.0, 0.5, 1e-9, 1e22]),
        category=texts,
        name=texts,
        promotions=st.just(()) | st.lists(promotions, max_size=2).map(tuple),
    )
    return st.lists(row, max_size=8)


def both(stream: list[bytes]) -> None:
    """Scan the one, decode the other; they must never differ."""
    scanned, decoded = Engine(DEFAULT.detection), Engine(DEFAULT.detection)
    for data in stream:
        try:
            expected = decode_observations(data)
        except UndecodableError:
            with pytest.raises(UndecodableError):
                scanned.observe_message(data)
            continue
        events, rows = scanned.observe_message(data)
        assert encode(events) == encode(decoded.observe(expected))
        assert encode(list(rows)) == encode(expected)
        assert (scanned.rejected, scanned.counts) == (decoded.rejected, decoded.counts)
        assert scanned.state.to_bytes() == decoded.state.to_bytes()


@settings(max_examples=150)
@given(st.lists(messages(odd), max_size=3))
def test_what_our_encoder_writes(stream: list[list[Observation]]) -> None:
    both([encode(tuple(rows)) for rows in stream])


@settings(max_examples=60)
@given(messages(odd).filter(len), st.sampled_from([None, 1]), st.booleans(), st.booleans())
def test_what_another_encoder_writes(rows: list[Observation], indent: int | None, ascii_only: bool, turn: bool) -> None:
    objects = msgspec.to_builtins(rows)
    if turn:
        objects = [dict(reversed(row.items())) for row in objects]
    both([json.dumps(objects, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")])


@settings(max_examples=300)
@given(messages(odd).filter(len), st.data())
def test_damaged_bytes(rows: list[Observation], data: st.DataObject) -> None:
    whole = encode(tuple(rows))
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(
        st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b",", b"{", b"}", b"]", b"0", b"-", b"null", b".5"])
    )
    both([whole, whole[:at] + put + whole[at + cut :], whole])


@settings(max_examples=60)
@given(st.lists(st.tuples(plain, plain, st.integers(1, 10**15)), min_size=1, max_size=30))
def test_plain_messages_are_scanned(rows: list[tuple[str, str, int]]) -> None:
    seen = [Observation(shop, product, number, price, "EUR") for number, (shop, product, price) in enumerate(rows)]
    assert Rows.of(encode(seen), MarketState(DEFAULT.detection)) is not None


def test_every_field_is_known_to_the_scanner() -> None:
    full = Observation(
        "a", "b", 1, 2, "EUR", "OutOfStock", "member", "s", 3, "k", 0.5, "c", "n", "u", "e", "i", (Promotion("gift"),)
    )
    assert len(msgspec.to_builtins(full)) == len(Observation.__struct_fields__) == len(OBSERVATION_SCHEMA) - 3
    assert Rows.of(encode([full]), MarketState(DEFAULT.detection)) is not None
