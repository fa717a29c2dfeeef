"""Dead letters on real Kafka: listed, shown, put back byte for byte, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.dead import list_, printable, replay, show
from contracts.codec import dead_letter_headers
from contracts.errors import BadInputError, BadPriceError, NotFoundError
from contracts.topics import OBSERVATIONS, SALES
from runtime import dead_letters
from runtime.publish import Publisher
from tests.integration.kept import records

pytestmark = pytest.mark.kafka
BYTES = b'[{"price_minor": -1, "name": "\x1b[31m\xff"}]'


@pytest.fixture(autouse=True)
def installation(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRICERADAR_KAFKA", kafka)


def die(kafka: str, offset: int, source: str = OBSERVATIONS.name) -> None:
    error = BadPriceError("a price must be positive, was -1")
    headers = [("ce_id", b"e1"), *dead_letter_headers(error, "streams", source, 5, offset)]
    with Publisher(kafka) as publisher:
        publisher.send_bytes(f"{source or OBSERVATIONS.name}.dead", b"5", BYTES, headers)


def in_partition(kafka: str, topic: str, number: int) -> list[tuple[bytes, list[tuple[str, bytes]]]]:
    return [(one.value, one.headers) for one in records(kafka, topic, number)]


def test_the_way_of_a_dead_letter_and_back(kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    die(kafka, 17)
    die(kafka, -1, "")  # a page that was never a message
    letter = next(one for one in dead_letters.read(kafka) if one.header("source.offset") == "17")

    list_(topic=OBSERVATIONS.name, error="bad_price", limit=20)
    listed = capsys.readouterr().out
    assert letter.id in listed
    assert "2 dead letters" in listed

    show(letter.id)
    shown = capsys.readouterr().out
    assert f"{OBSERVATIONS.name}[5]@17" in shown
    assert "\x1b" not in shown
    assert "a price must be positive" in shown

    replay(everything=True)
    assert "1 put back, 1 left" in capsys.readouterr().out
    assert in_partition(kafka, OBSERVATIONS.name, 5) == [(BYTES, [("ce_id", b"e1")])]

    replay(everything=True)
    assert capsys.readouterr().out == "0 put back\n"

    replay([letter.id])
    assert "1 put back" in capsys.readouterr().out
    assert len(in_partition(kafka, OBSERVATIONS.name, 5)) == 2


def test_a_replay_of_one_topic_leaves_the_others(kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    die(kafka, 3, SALES.name)
    replay(topic=OBSERVATIONS.name)
    assert in_partition(kafka, SALES.name, 5) == []
    replay(topic=SALES.dead)
    assert len(in_partition(kafka, SALES.name, 5)) == 1


def test_what_is_not_there_is_said_in_one_line(kafka: str) -> None:
    with pytest.raises(NotFoundError, match="no dead letter"):
        show(f"{OBSERVATIONS.dead}/3/999999")
    with pytest.raises(NotFoundError, match="no dead letter"):
        show(f"{OBSERVATIONS.dead}/99/0")
    for wrong in ("nonsense", "a/b/c", "unknown.topic/1/2"):
        with pytest.raises(BadInputError):
            show(wrong)
    with pytest.raises(BadInputError, match="--all"):
        replay()


def test_control_characters_never_reach_the_terminal() -> None:
    assert printable("a\x1b[31m\nb\u202e") == "a\\x1b[31m\\nb\\u202e"
    assert printable("x" * 10, 4) == "xxxx..."
