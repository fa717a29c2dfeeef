"""A backtest looks again where the agent would live: the same looks at the same event times."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import parquet

from backtest.recording import Recording
from backtest.runner import Run, backtest
from contracts.codec import encode
from contracts.facts import CatalogItem, StockLevel, UnitsSold
from contracts.observations import Observation
from contracts.policy import DEFAULT
from contracts.proposals import Decision, Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS
from contracts.topics import CATALOG, DECISIONS, SALES, STOCK
from pricing.agent import PricingAgent
from pricing.looks import Fact, moment_of
from tests.unit.backtest.test_backtest_run import record
from tests.unit.backtest.test_resuming import record_facts

CUT = 10 * DAY_MS
DECIDED = CUT + HOUR_MS
DAYS = 45


def observations() -> list[Observation]:
    """A rival that cuts for good on day 10; another product of ours that moves the time on."""
    found = []
    for hours in range(24, DAYS * 24, 6):
        at = hours * HOUR_MS
        theirs = 9_000 if at >= CUT else 10_000
        found.append(Observation("shop", "p1", at, theirs, "EUR", availability="InStock", sku="OWN-1"))
        other = 5_000 if hours // 24 % 2 else 4_500
        found.append(Observation("shop", "p2", at + MINUTE_MS, other, "EUR", availability="InStock", sku="OWN-2"))
    return found


FACTS: dict[object, list[Fact]] = {
    CATALOG: [CatalogItem("OWN-1", 10_000, "EUR", 1, cost_minor=6_000)],
    STOCK: [StockLevel("OWN-1", 5_000, at) for at in (1, CUT - 4 * HOUR_MS, CUT + 10 * MINUTE_MS)],
    SALES: [UnitsSold("OWN-1", day * DAY_MS, (day + 1) * DAY_MS, 20.0, 10_000, "EUR") for day in range(DAYS)],
    DECISIONS: [
        Decision(
            decision_id="d1",
            sku="OWN-1",
            price_minor=9_700,
            previous_minor=10_000,
            currency="EUR",
            decided_at=DECIDED,
            proposal_id="p1",
        )
    ],
}


def live(recording: Recording) -> list[Proposal]:
    """What the agent says when it is told the same, one by one."""
    agent = PricingAgent(DEFAULT)
    facts = sorted((fact for some in FACTS.values() for fact in some), key=moment_of)
    made: list[Proposal] = []
    for _partition, event in Run(recording, DEFAULT).events():
        while facts and moment_of(facts[0]) <= event.observed_at:
            made += agent.learn(facts.pop(0))
        made += [*agent.tick(event.observed_at), *agent.on_event(event)]
    return made


@pytest.mark.parametrize("message", [1, 50])
def test_a_backtest_looks_again_as_the_agent_does_live(tmp_path: Path, message: int) -> None:
    record(tmp_path / "recording", observations(), message)
    record_facts(tmp_path / "recording", FACTS)  # type: ignore[arg-type]
    backtest(Recording(tmp_path / "recording"), DEFAULT, tmp_path / "out")

    rows = parquet.read_table(tmp_path / "out" / "proposals.parquet").to_pylist()
    expected = live(Recording(tmp_path / "recording"))
    assert [row["record_hash"] for row in rows] == [made.record_hash for made in expected]
    looks = [made for made in expected if made.look]
    assert [(made.kind, made.blocked_by, made.look, made.decided_at) for made in looks] == [
        ("markdown", None, "again:stale_stock", CUT + 10 * MINUTE_MS),
        ("restore", None, f"stood:{DECIDED}", DECIDED + 14 * DAY_MS),
        ("restore", None, f"stood:{DECIDED + 14 * DAY_MS}", DECIDED + 28 * DAY_MS),
    ]
    assert len({encode(made) for made in expected}) == len(expected)
