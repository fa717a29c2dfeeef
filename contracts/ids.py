"""Deterministic ids: a hash of what the thing is, so every write is an upsert."""

from __future__ import annotations

import hashlib

DIGEST_BYTES = 16  # 128 bits: no collision to expect among 10**15 events


def make_id(kind: str, *parts: str | int) -> str:
    """Id of a thing from its kind and identifying parts: `move_9f...` (32 hex digits)."""
    # A separator that no part may hold keeps ("a", "bc") and ("ab", "c") apart.
    text = "\x1f".join([kind, *map(str, parts)])
    return f"{kind}_{hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()}"


def content_hash(data: bytes) -> str:
    """SHA-256 of bytes, for pages, policies and decision records."""
    return hashlib.sha256(data).hexdigest()
