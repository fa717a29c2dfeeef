"""Every piece of TOML that the documentation shows is one that its reader takes: policy, settings or shops."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.policy import Policy, parse_policy
from crawlers import shops
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]


def shown() -> Iterator[object]:
    """Every TOML block, named by its page."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for text in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            yield pytest.param(text, id=page.name)


@pytest.mark.parametrize("text", list(shown()))
def test_a_piece_of_toml_is_read_as_it_stands(text: str, tmp_path: Path) -> None:
    found = tomllib.loads(text)
    if set(found) <= set(Policy.__struct_fields__):
        assert parse_policy(text, "shown").name == "shown"
    elif set(found) <= {"shop", "source"}:
        path = tmp_path / "shops.toml"
        path.write_text(text, encoding="utf-8")
        assert len(shops.read_sources(path)) == len(found.get("source", []))
        shops.read(path)
    else:
        assert set(found) <= Settings(**found).model_fields_set
