"""A policy by the name of a shipped one, or by the path of a TOML file."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import BadPolicyError
from contracts.policy import SHIPPED, Policy, parse_policy


def load_policy(name: str) -> Policy:
    """The policy a user named; BadPolicyError where it is neither shipped nor a readable file."""
    if name in SHIPPED:
        return SHIPPED[name]
    path = Path(name)
    if not path.is_file():
        raise BadPolicyError(f"policy {name!r} is neither a file nor one of {', '.join(SHIPPED)}")
    try:
        return parse_policy(path.read_text("utf-8"), path.stem)
    except UnicodeDecodeError as error:
        raise BadPolicyError(f"policy {name!r} is not UTF-8 text: {error}") from error
