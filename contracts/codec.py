"""Structs to JSON bytes and back, and the headers that travel with a message."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from contracts.errors import UndecodableError
from contracts.events import Event, MarketEvent
from contracts.observations import Observation

Headers = list[tuple[str, bytes]]

MAX_BATCH_ROWS = 1000
MAX_BATCH_BYTES = 64 * 1024

_encoder = msgspec.json.Encoder()
_observations: msgspec.json.Decoder[tuple[Observation, ...]] = msgspec.json.Decoder(tuple[Observation, ...])
_event: msgspec.json.Decoder[MarketEvent] = msgspec.json.Decoder(Event)
_decoders: dict[object, msgspec.json.Decoder[Any]] = {tuple[Observation, ...]: _observations, Event: _event}


def encode(value: object) -> bytes:
    """JSON bytes of a struct: the same value always gives the same bytes."""
    return _encoder.encode(value)


def decode_observations(data: bytes | None) -> tuple[Observation, ...]:
    """A batch of observations from JSON; UndecodableError says what was wrong and where."""
    return decode(data, tuple[Observation, ...])  # type: ignore[no-any-return]


def decode_event(data: bytes | None) -> MarketEvent:
    """A market event from JSON; UndecodableError says what was wrong and where."""
    return decode(data, Event)  # type: ignore[no-any-return]


def decode(data: bytes | None, kind: Any) -> Any:
    """Any value of a topic (`Topic.value`) from JSON; UndecodableError."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    if data is None:
        raise UndecodableError("a message must have a value, was null")
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UndecodableError(f"{error}; the message began with {data[:60]!r}") from error


@cache
def _fixed_headers(kind: str, source: str) -> tuple[tuple[str, bytes], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_type", f"priceradar.{kind}".encode()),
        ("ce_source", source.encode()),
        ("content-type", b"application/json"),
    )


def cloudevent_headers(event_id: str, kind: str, source: str, time: str, traceparent: str = "") -> Headers:
    """CloudEvents 1.0 headers in Kafka's binary mode; `time` is RFC 3339."""
    headers = [*_fixed_headers(kind, source), ("ce_id", event_id.encode()), ("ce_time", time.encode())]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def dead_letter_headers(error: Exception, stage: str, topic: str, partition: int, offset: int) -> Headers:
    """Headers of a dead letter: why it died and where it came from. Its bytes stay unchanged."""
    return [
        ("error.type", getattr(error, "code", type(error).__name__).encode()),
        ("error.message", str(error)[:2000].encode()),
        ("error.stage", stage.encode()),
        ("source.topic", topic.encode()),
        ("source.partition", str(partition).encode()),
        ("source.offset", str(offset).encode()),
    ]
