"""What two names have in common, and how sure that makes a match. Pure.

The confidence is a logistic regression (`WEIGHTS`), fitted and checked by `python -m benchmarks.matching`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class Features(NamedTuple):
    """What two names have in common.

    Args:
        shared, ours_unshared, theirs_unshared: shares of the words, weighed by rarity.
        spelled: likeness of the words in alphabetical order, 0..1.
        size, numbers: 1 equal, 0.5 none on both sides, 0 on one side only, -1 different.
        lead: how much likelier than the second best of our products.
        claim: how much likelier than the best other product of theirs that wants ours; below 0 behind it.
        telling: rarity of the shared words, summed.
        length: number of their words, in tens.
        first: 1 where both begin with the same word, usually the brand.
        same: 1 where nothing differs.
        theirs_found, ours_found: shares of the brand's products, theirs and ours, that have a name on the other
            side which is nearly the same: where they are low, the assortments are named differently or renewed.
    """

    shared: float
    ours_unshared: float
    theirs_unshared: float
    spelled: float
    size: float
    numbers: float
    telling: float
    length: float
    first: float
    same: float
    lead: float = 0.0
    claim: float = 0.0
    theirs_found: float = 0.0
    ours_found: float = 0.0


WEIGHTS = (
    -2.745, -1.848, -1.057, 2.036, 0.923, 0.071, 1.906, -1.757, 3.481, -0.606, 4.216, 3.328, 1.187, -0.499,
)  # fmt: skip
BIAS = -5.65


def probability(features: Features) -> float:
    """How sure a match by name is, 0..1."""
    return _logistic(BIAS + sum(weight * value for weight, value in zip(WEIGHTS, features, strict=True)))


def likeness(features: Features) -> float:
    """A likeness to compare candidates by, 0..1, before the second best is known."""
    penalty = 0.25 * (features.size < 0) + 0.25 * (features.numbers < 0)
    return max(0.0, (features.shared + features.spelled) / 2 - penalty)


def with_claim(features: Features, wanted: list[float]) -> Features:
    """The features with `claim`; `wanted`: likeness of all of theirs that want the same one, falling."""
    mine = likeness(features)
    rival = (wanted[1] if mine == wanted[0] else wanted[0]) if len(wanted) > 1 else 0.0
    return features._replace(claim=mine - rival)


def agreement(one: frozenset[Any], two: frozenset[Any]) -> float:
    """Of sizes or numbers: 1 equal, 0.5 none on both sides, 0 on one side only, 0.25 one within the other, else -1."""
    if one == two:
        return 1.0 if one else 0.5
    if not one or not two:
        return 0.0
    return 0.25 if one <= two or two <= one else -1.0


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, value))))
