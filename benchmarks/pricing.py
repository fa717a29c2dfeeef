"""SKUs decided a second: all at once, beside one by one, with the same results: `make bench ARGS=pricing`.

CPU-seconds of this process alone, so that other work on the machine counts little. The products
are drawn once from a fixed seed, like a catalogue on the day of a large campaign.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from statistics import median
from typing import Any, TypeVar

from contracts.codec import encode
from contracts.policy import DEFAULT
from contracts.proposals import Signals
from contracts.times import MINUTE_MS
from pricing.batch import Decisions, decide_all, decide_rows
from pricing.guards import propose
from pricing.inputs import Asked, Case, rows_of

SKUS = 100_000
ALONE = 10_000
TIMES = 5
NOW = 1_800_000_000_000
CURRENCIES = ("CNY", "EUR", "JPY", "KWD")
T = TypeVar("T")


def run() -> dict[str, object]:
    """Seconds to decide 100,000 products in both ways, and whether every record is the same."""
    chance = Random(7)
    cases = [_case(chance) for _ in range(SKUS)]
    decide_all(cases[:10], DEFAULT)  # compiled before the clock runs
    rows, gathering = _timed(lambda: rows_of(cases, DEFAULT.pricing))
    decided, deciding = _timed(lambda: decide_rows(rows, DEFAULT))
    alone, seconds = _timed(lambda: [_alone(number, case) for number, case in enumerate(cases[:ALONE])], times=1)
    return {
        "skus": SKUS,
        "seconds_to_decide": _round(deciding),
        "seconds_to_read_signals": _round(gathering),
        "median_of_both": round(median(deciding) + median(gathering), 3),
        "decided_a_second": round(SKUS / median(deciding)),
        "one_by_one": {"skus": ALONE, "seconds": _round(seconds), "a_second": round(ALONE / seconds[0])},
        "records_that_differ": sum(
            encode(one) != encode(decided.proposal(number, cases[number], DEFAULT, Asked(f"sku{number}", "event")))
            for number, one in enumerate(alone)
        ),
        "outcomes": _outcomes(decided),
    }


def _timed(work: Callable[[], T], times: int = TIMES) -> tuple[T, list[float]]:
    taken = []
    for _ in range(times):
        started = time.process_time()
        result = work()
        taken.append(time.process_time() - started)
    return result, taken


def _alone(number: int, case: Case) -> Any:
    return propose(case, DEFAULT, Asked(f"sku{number}", "event"))


def _case(chance: Random) -> Case:
    price = chance.randint(1_000, 1_000_000)
    daily, slope = chance.uniform(0.1, 300), chance.uniform(-5, -1)
    signals = Signals(
        competitor="rival",
        competitor_price_minor=int(price * chance.uniform(0.7, 1.05)),
        competitor_previous_minor=price,
        competitor_observed_at=NOW,
        price_minor=price,
        window_start_minor=int(price * chance.uniform(1.0, 1.02)),
        cost_minor=int(price * chance.uniform(0.5, 0.9)),
        map_minor=None if chance.random() < 0.7 else int(price * chance.uniform(0.9, 1.0)),
        on_hand=chance.randint(0, 20_000),
        inbound=chance.randint(0, 1_000),
        stock_as_of=NOW - chance.randint(0, 16) * MINUTE_MS,
        daily_demand=daily,
        demand_lower=daily * 0.8,
        demand_upper=daily * 1.25,
        elasticity=slope,
        elasticity_lower=slope - 0.8,
        elasticity_upper=slope + 0.8,
        margin_spent_last_hour_minor=chance.randint(0, 1_000_000),
    )
    return Case(signals, NOW, chance.choice(CURRENCIES))


def _outcomes(decided: Decisions) -> dict[str, int]:
    return dict(decided.outcomes().most_common())


def _round(seconds: list[float]) -> list[float]:
    return [round(one, 3) for one in seconds]
