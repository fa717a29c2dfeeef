"""The JSON Schemas in contracts/schemas are those of the structs, and they refuse what the codec refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts.schema import FOLDER, schemas, text, write

SCHEMAS = dict(schemas())


def test_the_committed_schemas_are_current() -> None:
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}

    assert on_disk == {name: text(schema) for name, schema in SCHEMAS.items()}, "run: python -m contracts.schema"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_itself_valid(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("price.observations.v1.json", [{"competitor": "a"}]),
        ("price.observations.v1.json", {}),
        ("market.events.v1.json", {"kind": "Unheard"}),
        ("stock.levels.v1.json", {"sku": "a", "on_hand": "many", "as_of": 1}),
        ("policy.json", {"pricing": {"cap_bp": 301}}),
        ("policy.json", {"prices": {}}),
    ],
)
def test_a_schema_refuses_what_the_codec_refuses(name: str, wrong: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMAS[name])


def test_writing_removes_what_no_topic_has_any_more(tmp_path: Path) -> None:
    (tmp_path / "gone.v1.json").write_text("{}")

    write(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == set(SCHEMAS)
    assert all(json.loads(path.read_text(encoding="utf-8"))["title"] for path in tmp_path.iterdir())
