"""The file of page objects and sources, where one is named in the settings."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import BadInputError
from crawlers.extract import overrides
from crawlers.extract.overrides import NONE, Shops
from crawlers.sources import source
from crawlers.sources.source import Source


def read(path: Path | None) -> Shops:
    """Page objects of the TOML file at `path`, none without a path; BadInputError where it cannot be read."""
    return NONE if path is None else overrides.loads(_text(path), str(path))


def read_sources(path: Path | None) -> tuple[Source, ...]:
    """Sources of the same file, none without a path; BadInputError where it cannot be read."""
    return () if path is None else source.loads(_text(path), str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"page objects {path} cannot be read: {error}; name a TOML file in UTF-8") from error
