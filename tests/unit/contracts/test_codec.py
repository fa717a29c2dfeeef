"""Bytes that are not what the topic promises are a typed error, and what is comes back unchanged."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.codec import (
    cloudevent_headers,
    dead_letter_headers,
    decode,
    decode_event,
    decode_observations,
    encode,
)
from contracts.errors import BadPriceError, UndecodableError
from contracts.events import Event, PriceMoved
from contracts.observations import Observation
from contracts.topics import EVENTS, OBSERVATIONS, TOPICS, Topic

JSON_TOPICS = [topic for topic in TOPICS if topic.value is not bytes]
MOVE = PriceMoved(
    event_id="move_1",
    competitor="shop",
    product_id="p1",
    observed_at=1,
    basis="step",
    previous_minor=100,
    anchor_minor=100,
    price_minor=90,
    currency="CNY",
)


def values(topic: Topic) -> st.SearchStrategy[Any]:
    """Any value of a topic, for hypothesis; integers within 64 bits, as JSON readers expect."""
    st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
    kinds = [Observation] if topic is OBSERVATIONS else list(get_args(topic.value)) or [topic.value]
    one = st.one_of(*[st.builds(kind, **_fields(kind)) for kind in kinds])
    return st.lists(one, max_size=3).map(tuple) if topic is OBSERVATIONS else one


def _fields(kind: Any) -> dict[str, st.SearchStrategy[Any]]:
    return {field.encode_name: st.from_type(field.type) for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("topic", JSON_TOPICS, ids=lambda topic: topic.name)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_value_of_every_topic_survives_the_way_there_and_back(topic: Topic, data: st.DataObject) -> None:
    value = data.draw(values(topic))

    assert decode(encode(value), topic.value) == value
    assert encode(decode(encode(value), topic.value)) == encode(value)


@pytest.mark.parametrize("topic", JSON_TOPICS, ids=lambda topic: topic.name)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"42",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b'[{"competitor":1}]',
        b'{"kind":"Unheard"}',
        b"[" * 5000,
    ],
    ids=lambda data: repr(data[:20]),
)
def test_bytes_that_are_not_the_promised_json_are_a_typed_error(topic: Topic, data: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode(data, topic.value)


def test_a_tombstone_is_a_typed_error() -> None:
    with pytest.raises(UndecodableError, match="was null"):
        decode(None, EVENTS.value)


def test_the_error_says_where_and_shows_the_beginning() -> None:
    with pytest.raises(UndecodableError, match=r"observed_at.*began with b'\[\{\"comp"):
        decode_observations(
            b'[{"competitor":"a","product_id":"b","observed_at":"noon","price_minor":1,"currency":"CNY"}]'
        )


def test_one_wrong_row_condemns_its_batch() -> None:
    good = encode((Observation("shop", "p1", 1, 100, "CNY"),))

    with pytest.raises(UndecodableError):
        decode_observations(good[:-1] + b',{"competitor":"shop"}]')


def test_fields_of_a_later_version_are_ignored() -> None:
    assert decode_event(encode(MOVE)[:-1] + b',"added_later":{"a":[1]}}') == MOVE


def test_events_carry_their_kind() -> None:
    assert encode(MOVE).startswith(b'{"kind":"PriceMoved"')
    assert all(kind.__struct_config__.tag == kind.__name__ for kind in get_args(Event))


def test_a_message_says_what_it_is_in_cloudevents_headers() -> None:
    headers = dict(cloudevent_headers("move_1", "PriceMoved", "streams", "2026-11-24T12:00:00.000Z", "00-aa-bb-01"))

    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == b"move_1"
    assert headers["ce_type"] == b"priceradar.PriceMoved"
    assert headers["traceparent"] == b"00-aa-bb-01"
    assert "traceparent" not in dict(cloudevent_headers("a", "b", "c", "d"))


def test_a_dead_letter_says_why_and_where_from() -> None:
    headers = dict(dead_letter_headers(BadPriceError("a price must be positive, was -1"), "streams", "t.v1", 3, 42))

    assert headers["error.type"] == b"bad_price"
    assert headers["error.message"] == b"a price must be positive, was -1"
    assert (headers["source.topic"], headers["source.partition"], headers["source.offset"]) == (b"t.v1", b"3", b"42")
    assert dict(dead_letter_headers(ValueError("x" * 9999), "s", "t", 0, 0))["error.type"] == b"ValueError"
    assert len(dict(dead_letter_headers(ValueError("x" * 9999), "s", "t", 0, 0))["error.message"]) == 2000
