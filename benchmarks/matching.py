"""Matching by names alone on the drugstore's Austrian and German assortments, whose GTINs are the truth.

`python -m benchmarks.matching --fit` prints the weights of `crawlers.matching.features`, fitted on one half of
the Austrian products; the figures are of the other half.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawlers.matching.catalogue import Catalogue
from crawlers.matching.features import Features
from crawlers.matching.products import AUTO, REVIEW, Product

THEIRS, OURS = "dm", "dmDe"
Floats = NDArray[np.float64]


def products(folder: Path, shop: str) -> list[Product]:
    """Products of a shop, names only; their GTIN is the key."""
    import polars as pl  # noqa: PLC0415 for benchmarks only

    rows = pl.read_parquet(folder / "items.parquet").filter(pl.col("competitor") == shop)
    rows = rows.unique("product_id").sort("product_id")
    return [Product(key=key, name=name) for key, name in zip(rows["product_id"], rows["name"], strict=True)]


def held_out(key: str) -> bool:
    """Whether a product is left out of the fit: every other number before the check digit."""
    return int(key[-2]) % 2 == 1


def same_names(theirs: list[Product], ours: list[Product]) -> list[bool]:
    """Of products whose names are the same and unique on both sides, whether their GTINs are the same, too."""
    names = [Counter(product.name.casefold() for product in side) for side in (theirs, ours)]
    keys = {product.name.casefold(): product.key for product in ours}
    unique = [product for product in theirs if all(count[product.name.casefold()] == 1 for count in names)]
    return [keys[product.name.casefold()] == product.key for product in unique]


def fit(rows: Floats, right: Floats) -> Floats:
    """Bias and weights of a logistic regression, by Newton's method."""
    design = np.column_stack([np.ones(len(rows)), rows])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-design @ weights))
        curve = (design * (chance * (1.0 - chance))[:, None]).T @ design + np.eye(len(weights)) * 1e-2
        weights -= np.linalg.solve(curve, design.T @ (chance - right) + 1e-2 * weights)
    return weights


def run() -> dict[str, Any]:
    """Precision and recall of the automatic band on the held-out half, and of what people would see."""
    data = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not data:
        return {"skipped": "set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data"}
    folder = Path(data) / "market_recording"
    theirs, ours = products(folder, THEIRS), products(folder, OURS)
    began = time.process_time()
    found = Catalogue(ours).match(theirs)
    seconds = time.process_time() - began
    known = {product.key for product in ours}
    tested = [(product.key, match) for product, match in zip(theirs, found, strict=True) if held_out(product.key)]
    true = sum(key in known for key, _ in tested)
    auto = [match.key == key for key, match in tested if match and match.confidence >= AUTO]
    seen = [match.key == key for key, match in tested if match and REVIEW <= match.confidence < AUTO]
    same = same_names(theirs, ours)
    return {
        "same_names": len(same),
        "same_names_precision": round(sum(same) / max(1, len(same)), 4),
        "products": len(tested),
        "true_matches": true,
        "auto": len(auto),
        "auto_precision": round(sum(auto) / max(1, len(auto)), 4),
        "auto_recall": round(sum(auto) / true, 4),
        "review": len(seen),
        "review_precision": round(sum(seen) / max(1, len(seen)), 4),
        "recall_with_review": round((sum(auto) + sum(seen)) / true, 4),
        "products_per_second": round(len(theirs) / seconds),
    }


def main() -> None:
    """Print weights fitted anew."""
    folder = Path(os.environ["PRICERADAR_EVALUATION_DATA"]) / "market_recording"
    theirs, catalogue = products(folder, THEIRS), Catalogue(products(folder, OURS))
    near = [(product.key, found) for product, found in zip(theirs, catalogue.by_name(theirs), strict=True) if found]
    train = [(key, place, features) for key, (place, features) in near if not held_out(key)]
    right = np.array([catalogue.key(place) == key for key, place, _ in train], dtype=np.float64)
    weights = fit(np.array([features for _, _, features in train]), right)
    print("BIAS =", round(float(weights[0]), 3))
    print("WEIGHTS =", tuple(round(float(weight), 3) for weight in weights[1:]), Features._fields)


if __name__ == "__main__":
    if "--fit" in sys.argv:
        main()
    else:
        print(run())
