"""The page of a shop as it was when an alert was raised: kept by its hash, shown so that it can do nothing."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from console.desk import Desk, Reader, TheDesk
from contracts.errors import NotFoundError
from crawlers.extract.document import to_text

router = APIRouter(include_in_schema=False)
HASH = re.compile(r"[0-9a-f]{64}")
# The page is a stranger's: no script, no picture or style from anywhere, no form, no link that leads on.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"


def snapshot_of(desk: Desk, evidence: str) -> Path | None:
    """Where the page with this content hash lies; None where it is not kept (any more)."""
    if desk.options.data is None or not HASH.fullmatch(evidence):
        return None
    path = desk.options.data / "snapshots" / evidence[:2] / f"{evidence}.html.gz"
    return path if path.is_file() else None


def has_snapshot(desk: Desk, evidence: str) -> bool:
    """Whether a page can be shown."""
    return snapshot_of(desk, evidence) is not None


@router.get("/evidence/{evidence}")
def evidence(_person: Reader, desk: TheDesk, evidence: str) -> Response:
    """The page itself, as the shop sent it, in a sandbox."""
    path = snapshot_of(desk, evidence)
    if path is None:
        raise NotFoundError(f"no page is kept under {evidence[:80]!r}; snapshots are removed after a time")
    headers = {"Content-Security-Policy": SANDBOX, "Cache-Control": "no-store"}
    # In UTF-8, which the answer's header says: what the shop's own header said is not kept.
    text = to_text(gzip.decompress(path.read_bytes()))
    return Response(text.encode(errors="replace"), media_type="text/html", headers=headers)
