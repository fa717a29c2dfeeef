"""The same decisions under another policy: what each guard would have said, all products at once.

A comparison of two whole runs differs by what was decided before, too: another price, another
cooldown. Here both policies decide from the very same signals, so what differs is the policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.policy import Policy
from pricing.batch import Decisions, decide_rows
from pricing.inputs import Case, rows_of


def decided_again(cases: Sequence[Case], first: Policy, second: Policy) -> dict[str, Any]:
    """Outcomes of both policies, how many only one of them proposes, and the amounts at stake by currency."""
    one, two = (_decided(cases, policy) for policy in (first, second))
    out = [made.rows["code"] == 0 for made in (one, two)]
    return {
        "cases": len(cases),
        "both": int((out[0] & out[1]).sum()),
        "only_first": int((out[0] & ~out[1]).sum()),
        "only_second": int((~out[0] & out[1]).sum()),
        "first": dict(sorted(one.outcomes().items())),
        "second": dict(sorted(two.outcomes().items())),
        "at_stake_first": _at_stake(cases, one, out[0]),
        "at_stake_second": _at_stake(cases, two, out[1]),
    }


def _decided(cases: Sequence[Case], policy: Policy) -> Decisions:
    rows = rows_of(cases, policy.pricing)
    rows["kill_switch"] = False  # that of the policy which gathered the signals; each has its own
    return decide_rows(rows, policy)


def _at_stake(cases: Sequence[Case], made: Decisions, out: npt.NDArray[np.bool_]) -> dict[str, int]:
    stakes: Counter[str] = Counter()
    for number in np.flatnonzero(out).tolist():
        stakes[cases[number].currency] += int(made.rows["stake"][number])
    return dict(sorted(stakes.items()))
