"""Messages written by any earlier version decode for ever, to the same bytes.

`golden/v1` holds two samples of each struct: every field set, and only those that must be; later
folders hold what gained fields since.
They are never regenerated: where one no longer passes, the change breaks what is already in Kafka.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from contracts.alerts import Delivery
from contracts.codec import decode, encode
from contracts.events import Event
from contracts.observations import Observation, PricePoint
from contracts.schema import schemas
from contracts.topics import OBSERVATIONS, TOPICS

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(GOLDEN.glob("v*/*.json"))

KINDS: dict[str, Any] = {
    kind.__name__: topic.value
    for topic in TOPICS
    if topic.value is not bytes
    for kind in ([Observation] if topic is OBSERVATIONS else get_args(topic.value) or [topic.value])
}
NOT_ON_KAFKA: dict[str, Any] = {kind.__name__: kind for kind in (PricePoint, Delivery)}
SCHEMAS = dict(schemas())
TOPIC_OF = {kind: topic.name for topic in TOPICS for kind, value in KINDS.items() if value is topic.value}


def _kind(sample: Path) -> str:
    return sample.name.split(".")[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_golden_sample_decodes_and_encodes_to_the_same_bytes(sample: Path) -> None:
    data = sample.read_bytes().rstrip(b"\n")

    assert encode(decode(data, (KINDS | NOT_ON_KAFKA)[_kind(sample)])) == data


@pytest.mark.parametrize(
    "sample",
    [sample for sample in SAMPLES if _kind(sample) in KINDS],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_a_golden_sample_is_valid_by_the_schema_of_its_topic(sample: Path) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS[f"{TOPIC_OF[_kind(sample)]}.json"])

    validator.validate(msgspec.json.decode(sample.read_bytes()))


@pytest.mark.parametrize("kind", [*KINDS, *NOT_ON_KAFKA])
def test_every_struct_has_its_golden_samples(kind: str) -> None:
    assert {path.name for path in SAMPLES} >= {f"{kind}.json", f"{kind}.least.json"}


def test_every_event_is_covered() -> None:
    assert {kind.__name__ for kind in get_args(Event)} <= set(KINDS)
