"""How right extraction is on real product pages: precision, recall and F1 a field, and what is left without markup."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.errors import BadPageError
from crawlers.extract import extract

# Labels that contradict their page: both say $3.340 and $5.000 and, in JSON-LD, 3340 and 5000 CLP.
MISLABELLED = {
    "3f5c52ae76143352d95df6e24a3a9756c1bf6bd588a644f3c4e7510d66eecdbd": 3340.0,
    "9f0c6ced874ae5c3694839f39e82088feb1741aacb0628b8c8e2760e15718957": 5000.0,
}
_SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(
    r"\s(?:itemprop|itemscope|itemtype|typeof|property)(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?", re.IGNORECASE
)
_META = re.compile(r"<meta[^>]*(?:og:|product:|twitter:)[^>]*>", re.IGNORECASE)


class Score:
    """Right, wrong and missed answers."""

    def __init__(self) -> None:
        self.right = self.wrong = self.missed = 0

    def add(self, found: object, expected: list[Any]) -> None:
        """Count one page: an answer that is not among the expected ones is both wrong and missed."""
        right = bool(found) and found in expected
        self.right += right
        self.wrong += bool(found) and not right
        self.missed += bool(expected) and not right

    @property
    def precision(self) -> float:
        """Share of the answers that are right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def measure(folder: Path, change: Callable[[str], str] = str, corrected: bool = False) -> dict[str, Score]:
    """Scores by field over `folder` (product_pages); `change` is done to each page first."""
    truth = json.loads((folder / "ground_truth.json").read_text(encoding="utf-8"))
    scores = {field: Score() for field in ("price", "availability", "out_of_stock", "sku", "gtin")}
    for key, expected in truth.items():
        text = gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()).decode("utf-8", "replace")
        found = _read(change(text).encode(), expected["url"])
        prices = [float(price) for price in expected.get("price", [])]
        if corrected and key in MISLABELLED:
            prices = [MISLABELLED[key]]
        state = found["availability"] if found["availability"] != "Unknown" else None
        sold_out = [one for one in expected["availability"] if one == "OutOfStock"]
        scores["price"].add(found["price"] and float(found["price"]), prices)
        scores["availability"].add(state, expected["availability"])
        scores["out_of_stock"].add(state if state == "OutOfStock" else None, sold_out)
        scores["sku"].add(_plain(found["sku"]), [_plain(one) for one in expected.get("sku", [])])
        scores["gtin"].add(found["gtin"], expected.get("gtin", []))
    return scores


def without_markup(text: str) -> str:
    """A page as a shop without structured data would write it: no scripts, microdata, RDFa or OpenGraph."""
    return _META.sub("", _MARKUP.sub("", _SCRIPTS.sub("", text)))


def _read(body: bytes, url: str) -> dict[str, Any]:
    try:
        return extract(body, url).as_json()
    except BadPageError:
        return {"price": None, "availability": "Unknown", "sku": None, "gtin": None}


def _plain(text: str | None) -> str:
    return "".join(c for c in text or "" if c.isalnum()).lower()


def run() -> dict[str, Any]:
    """F1 and precision by field: as labelled, with two wrong labels corrected, and without any markup."""
    data = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not data:
        return {"skipped": "set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data"}
    folder = Path(data) / "product_pages"
    return {
        "as_labelled": _figures(measure(folder)),
        "labels_corrected": _figures(measure(folder, corrected=True)),
        "without_markup": _figures(measure(folder, without_markup, corrected=True)),
    }


def _figures(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    return {
        field: {"f1": round(score.f1, 3), "precision": round(score.precision, 3)} for field, score in scores.items()
    }


if __name__ == "__main__":
    print(json.dumps(run()))
