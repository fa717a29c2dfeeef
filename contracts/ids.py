"""Deterministic ids: a hash of what the thing is, so every write is an upsert."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

SEPARATOR = "\x1f"  # no part may hold it: it keeps ("a", "bc") and ("ab", "c") apart
DIGEST_BYTES = 16  # 128 bits: no collision to expect among 10**15 events


def make_id(kind: str, *parts: str | int) -> str:
    """Id of a thing from its kind and identifying parts: `move_9f...` (32 hex digits)."""
    text = SEPARATOR.join([kind, *map(str, parts)])
    return f"{kind}_{hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()}"


def make_ids(kinds: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Ids of many things; a text has the parts of one as `make_id` joins them, the kind left out."""
    digest = hashlib.blake2b
    return [
        f"{kind}_{digest(f'{kind}{SEPARATOR}{text}'.encode(), digest_size=DIGEST_BYTES).hexdigest()}"
        for kind, text in zip(kinds, texts, strict=True)
    ]


def content_hash(data: bytes) -> str:
    """SHA-256 of bytes, for pages, policies and decision records."""
    return hashlib.sha256(data).hexdigest()
