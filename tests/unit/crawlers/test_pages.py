"""Every folder of tests/pages: a page, what is on it, and where needed the page object that reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawlers.extract import Shops, extract
from crawlers.extract.overrides import loads

PAGES = Path(__file__).parents[2] / "pages"


@pytest.mark.parametrize("case", sorted(PAGES.iterdir()), ids=lambda case: case.name)
def test_page(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    objects = case / "shops.toml"
    shops = loads(objects.read_text(encoding="utf-8")) if objects.exists() else Shops()
    found = extract((case / "page.html").read_bytes(), expected.pop("url"), shops=shops).as_json()
    assert {field: found[field] for field in expected} == expected
    stated = {"name", "price", "list_price", "currency", "availability", "sku", "gtin", "seller"} & expected.keys()
    assert stated <= found["confidences"].keys()
    assert stated <= {one["field"] for one in found["evidence"]}
