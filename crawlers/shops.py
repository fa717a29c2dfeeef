"""The file of page objects, where one is named in the settings."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import BadInputError
from crawlers.extract.overrides import NONE, Shops, loads


def read(path: Path | None) -> Shops:
    """Page objects of the TOML file at `path`, none without a path; BadInputError where it cannot be read."""
    if path is None:
        return NONE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"page objects {path} cannot be read: {error}; name a TOML file in UTF-8") from error
    return loads(text, str(path))
