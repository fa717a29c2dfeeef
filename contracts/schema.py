"""JSON Schemas of what every topic carries and of a policy file: `python -m contracts.schema` writes them.

Other languages and schema registries read the files in `contracts/schemas`; a test keeps them current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from contracts.policy import Policy
from contracts.topics import TOPICS

FOLDER = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """File name and JSON Schema of every topic whose value is JSON, and of a policy."""
    for topic in TOPICS:
        if topic.value is not bytes:
            yield f"{topic.name}.json", _schema(topic.value, topic.name)
    yield "policy.json", _schema(Policy, "policy")


def _schema(kind: object, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **msgspec.json.schema(kind)}


def text(schema: dict[str, Any]) -> str:
    """A schema as it is written to its file."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> None:
    """Write every schema and remove files that no topic has any more."""
    folder.mkdir(exist_ok=True)
    current = dict(schemas())
    for name, schema in current.items():
        (folder / name).write_text(text(schema), encoding="utf-8")
    for path in folder.glob("*.json"):
        if path.name not in current:
            path.unlink()


if __name__ == "__main__":
    write()
