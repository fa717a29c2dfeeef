"""A second policy beside the live one: what differs is told, and is what two backtests differ in."""

from __future__ import annotations

import json
from pathlib import Path

from backtest.recording import Recording
from backtest.runner import backtest
from backtest.shadow import Shadow
from contracts.codec import encode
from contracts.events import PriceMoved
from contracts.observations import Observation
from contracts.policy import DEFAULT, STEPS, parse_policy
from tests.unit.backtest.test_backtest_run import market, record


def test_what_differs_in_live_messages_is_what_two_backtests_differ_in(tmp_path: Path) -> None:
    by_partition = record(tmp_path / "rec", market(seed=5, rows=2000))
    both = Shadow(DEFAULT, STEPS)
    told = [
        one
        for number, rows in by_partition.items()
        for offset in range(0, len(rows), 7)
        for one in both.take(number, offset // 7, encode(tuple(rows[offset : offset + 7])))
    ]

    backtest(Recording(tmp_path / "rec"), DEFAULT, tmp_path / "out", compare=STEPS)

    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    counts = both.summary()
    for ours, theirs in (("both", "both"), ("only_live", "only_first"), ("only_shadow", "only_second")):
        assert counts[ours] == {kind: n for kind, n in summary["difference"][theirs].items() if n}
    settled = sum(one.only is None for one in told)  # told as of one, raised by the other later
    assert {one.only for one in told} >= {"live", "shadow"}
    assert len(told) - 2 * settled == sum(
        sum(summary["difference"][side].values()) for side in ("only_first", "only_second")
    )
    assert "Events that only one raises" in (tmp_path / "out" / "report.html").read_text()


def test_a_policy_beside_itself_differs_in_nothing() -> None:
    both = Shadow(DEFAULT, DEFAULT)
    assert not [one for n, row in enumerate(market(seed=6, rows=500)) for one in both.take(0, n, encode((row,)))]
    assert both.counts["live", "alerts"] == both.counts["shadow", "alerts"] > 0


def test_a_stricter_threshold_is_told_with_its_alerts() -> None:
    strict = parse_policy("[detection]\nmove_bp = 200\n", "strict")
    both = Shadow(DEFAULT, strict)
    rows = [encode((Observation("s", "p", at, price, "EUR"),)) for at, price in ((1, 1000), (3_600_000, 960))]
    warm = both.take(0, 0, rows[0], count=False)
    (found,) = both.take(0, 1, rows[1])

    assert warm == []
    assert isinstance(found.event, PriceMoved)
    assert (found.only, found.event.price_minor, found.alerts) == ("shadow", 960, 1)
