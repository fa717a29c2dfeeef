"""What our own systems said comes out of a recording as it went in."""

from __future__ import annotations

from pathlib import Path

from backtest.facts import read_facts
from backtest.recording import Recording
from backtest.replaying import messages_of
from contracts.codec import decode
from contracts.facts import UnitsSold
from contracts.observations import Observation
from contracts.times import DAY_MS
from contracts.topics import SALES
from tests.unit.backtest.test_backtest_run import record
from tests.unit.backtest.test_resuming import record_facts


def test_outages_told_with_sales_are_kept_and_replayed(tmp_path: Path) -> None:
    sold = [UnitsSold("A", day * DAY_MS, (day + 1) * DAY_MS, 3.0, out_of_stock=day == 1) for day in range(3)]
    record(tmp_path, [Observation("shop", "p", 1, 900, "EUR")], message=1)
    record_facts(tmp_path, {SALES: sold})

    assert [value for _at, _topic, value in read_facts(tmp_path)] == sold
    replayed = [one for one in messages_of(Recording(tmp_path)) if one.topic == SALES.name]
    assert [decode(one.value or b"", UnitsSold) for one in replayed] == sold
