"""`priceradar extract`: what a saved page offers, as JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import BadInputError, BadPageError


def extract(
    page: Annotated[Path | None, typer.Argument(help="a saved page, PAGE.html or PAGE.html.gz")] = None,
    url: Annotated[str, typer.Option(help="where the page came from")] = "",
    pages: Annotated[Path | None, typer.Option("--list", help="CSV with the columns page, url")] = None,
) -> None:
    """Read price, currency, availability, SKU and promotions from a saved page.

    Example: priceradar extract page.html.gz --url https://shop.example/p/1
    """
    if (page is None) == (pages is None):
        raise BadInputError("name either one page with --url, or a list with --list FILE")
    if page is not None:
        print(json.dumps(_read(page, url), ensure_ascii=False))
        return
    assert pages is not None
    for row in _rows(pages):
        print(json.dumps(_line(row, pages.parent), ensure_ascii=False), flush=True)


def _line(row: dict[str, str], folder: Path) -> dict[str, object]:
    name, url = row.get("page") or "", row.get("url") or ""
    path = Path(name)
    try:
        found = _read(path if path.is_absolute() or path.exists() else folder / path, url)
    except BadInputError as error:
        found = {"error": error.code, "message": str(error)}
    return {"page": name, "url": url, **found}


def _read(path: Path, url: str) -> dict[str, object]:
    from crawlers.extract import extract as read

    try:
        with path.open("rb") as file:
            body = file.read(64 * 1024 * 1024)
    except OSError as error:
        raise BadPageError(f"page {path} cannot be read: {error.strerror}; name an existing file") from error
    return read(body, url).as_json()


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"page", "url"} <= set(reader.fieldnames or ()):
                raise BadInputError(f"{path} must have the columns page and url, was {reader.fieldnames}")
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{path} cannot be read: {error}; name a CSV file in UTF-8") from error
