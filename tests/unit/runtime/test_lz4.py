"""Messages are compressed at the quick level, and read by any Kafka client."""

from __future__ import annotations

import inspect

from aiokafka import codec

from runtime import lz4


def test_the_level_is_the_only_default_and_what_is_written_reads_back() -> None:
    text = b'{"event_id":"move_1","price_minor":1299}' * 100
    defaults = [p.name for p in inspect.signature(codec.lz4_encode).parameters.values() if p.default is not p.empty]

    lz4.quick()

    assert defaults == ["level"]
    assert codec.lz4_encode(text) == codec.lz4_encode(text, level=lz4.QUICK)
    assert codec.lz4_decode(codec.lz4_encode(text)) == text
