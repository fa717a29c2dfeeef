"""Many decisions at once: the kernel's own functions, compiled, over rows. Row for row what `propose` gives.

numba compiles `pricing.sizing` and `pricing.kernel` as they stand, so there is no second
version of a rule. It is loaded when the first batch is decided: who decides one by one never
waits for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.policy import Policy
from contracts.proposals import Proposal
from pricing import kernel, sizing
from pricing.approval import tier_for
from pricing.guards import reason_of, recorded
from pricing.inputs import Asked, Case, limits_of, rows_of
from pricing.kernel import Decided

Rows = npt.NDArray[Any]
DECIDED = np.dtype([(name, np.float64 if name == "units" else np.int64) for name in Decided._fields])


class Decisions(NamedTuple):
    """Decided rows, a structured array with the fields of `kernel.Decided`."""

    rows: Rows

    def one(self, number: int) -> Decided:
        """One row as plain numbers: equal to what the kernel gives for it alone."""
        return Decided(*self.rows[number].item())

    def outcomes(self) -> Counter[str]:
        """How many went out ("proposed"), and how many each guard held back."""
        codes, counts = np.unique(self.rows["code"], return_counts=True)
        pairs = zip(codes.tolist(), counts.tolist(), strict=True)
        return Counter({reason_of(code) or "proposed": count for code, count in pairs})

    def tiers(self, policy: Policy) -> list[str]:
        """Who must sign each."""
        stakes, where = np.unique(self.rows["stake"], return_inverse=True)
        names = [tier_for(stake, policy.approval) for stake in stakes.tolist()]
        return [names[number] for number in where.tolist()]

    def proposal(self, number: int, case: Case, policy: Policy, asked: Asked) -> Proposal:
        """The full record of one row, as `propose` would have made it."""
        return recorded(self.one(number), case, policy, asked)


def decide_all(cases: Sequence[Case], policy: Policy) -> Decisions:
    """Decide every case under a policy, each for itself: budgets are as its signals say."""
    return decide_rows(rows_of(cases, policy.pricing), policy)


def decide_rows(rows: Rows, policy: Policy) -> Decisions:
    """Decide rows of `pricing.inputs.FACTS`."""
    out = np.zeros(len(rows), DECIDED)
    _compiled()(rows, limits_of(policy.pricing), out)
    return Decisions(out)


@cache
def _compiled() -> Any:
    import numba  # noqa: PLC0415 half a second that only a batch needs

    jit = numba.njit(cache=True, nogil=True)
    rules = _jitted(kernel, jit, _jitted(sizing, jit, {}))
    return _jitted_function(_walk, jit, {**globals(), **rules})


def _walk(rows: Rows, limits: Any, out: Rows) -> None:
    for number in range(len(rows)):
        made = decide(rows[number], limits)  # type: ignore[name-defined]  # noqa: F821 the compiled one
        to = out[number]
        to.code, to.stage, to.lowest = made.code, made.stage, made.lowest
        to.target, to.capped, to.rounded = made.target, made.capped, made.rounded
        to.marketed, to.floored, to.price = made.marketed, made.floored, made.price
        to.units, to.gain, to.gain_lower = made.units, made.gain, made.gain_lower
        to.gain_upper, to.stake = made.gain_upper, made.stake


def _jitted(module: ModuleType, jit: Any, known: dict[str, Any]) -> dict[str, Any]:
    """A module's functions compiled, each calling the others' compiled form; the module itself stays as it is."""
    space: dict[str, Any] = {**vars(module), **known}
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            space[name] = _jitted_function(value, jit, space)
    return space


def _jitted_function(function: Any, jit: Any, space: dict[str, Any]) -> Any:
    return jit(FunctionType(function.__code__, space, function.__name__))
