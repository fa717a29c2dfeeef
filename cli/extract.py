"""`priceradar extract`: what a saved page offers, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import BadInputError, BadPageError
from runtime.sheets import Sheet

if TYPE_CHECKING:
    from crawlers.extract import Shops


def extract(
    page: Annotated[Path | None, typer.Argument(help="a saved page, PAGE.html or PAGE.html.gz")] = None,
    url: Annotated[str, typer.Option(help="where the page came from")] = "",
    pages: Annotated[Path | None, typer.Option("--list", help="CSV with the columns page, url")] = None,
    encoding: Annotated[str, typer.Option(help="of a list that is not UTF-8, such as gb18030")] = "",
    shops: Annotated[Path | None, typer.Option(help="page objects of single shops, a TOML file")] = None,
) -> None:
    """Read price, currency, availability, SKU and promotions from a saved page.

    Example: priceradar extract page.html.gz --url https://shop.example/p/1
    """
    if (page is None) == (pages is None):
        raise BadInputError("name either one page with --url, or a list with --list FILE")
    known = _shops(shops)
    if page is not None:
        print(json.dumps(_read(page, url, known), ensure_ascii=False))
        return
    assert pages is not None
    for row in _rows(pages, encoding):
        print(json.dumps(_line(row, pages.parent, known), ensure_ascii=False), flush=True)


def _shops(path: Path | None) -> Shops:
    from crawlers.shops import read
    from runtime.settings import load_settings

    return read(path or load_settings().shops)


def _line(row: dict[str, str], folder: Path, shops: Shops) -> dict[str, object]:
    name, url = row.get("page") or "", row.get("url") or ""
    try:
        found = _read(_place(Path(name), folder), url, shops)
    except BadInputError as error:
        found = {"error": error.code, "message": str(error)}
    except Exception as error:  # noqa: BLE001 whatever one page does, the others are read
        found = {"error": "unreadable_page", "message": f"page {name} ended the extraction: {error!r}; report it"}
    return {"page": name, "url": url, **found}


def _place(path: Path, folder: Path) -> Path:
    return path if path.is_absolute() or path.exists() else folder / path


def _read(path: Path, url: str, shops: Shops) -> dict[str, object]:
    from crawlers.extract import extract as read

    try:
        with path.open("rb") as file:
            body = file.read(64 * 1024 * 1024)
    except (OSError, ValueError) as error:
        raise BadPageError(f"page {path} cannot be read: {error}; name an existing file") from error
    return read(body, url, shops=shops).as_json()


def _rows(path: Path, encoding: str) -> Iterator[dict[str, str]]:
    for _, row in Sheet(path, encoding, ("page", "url")).rows():
        yield {str(key): str(value) for key, value in row.items() if key}
