"""What the demand model expects of proposals, and the price index by day, against numbers by hand."""

from __future__ import annotations

import msgspec
import pytest

from backtest.outlook import IndexByDay, outlook_of
from backtest.output import EVENTS_SCHEMA, batch_of, event_cells
from backtest.report import render
from backtest.tally import Tally
from contracts.policy import DEFAULT
from contracts.times import DAY_MS
from tests.unit.pricing.samples import NOW, move, ready


def test_units_and_margin_and_their_ends() -> None:
    agent = ready(DEFAULT)
    (proposal,) = agent.on_event(move(9_000))
    known = msgspec.structs.replace(
        proposal.signals, daily_demand=10.0, demand_lower=8.0, demand_upper=12.0, cost_minor=6_000, fees_minor=0,
        elasticity=-2.0, elasticity_lower=-3.0, elasticity_upper=-1.0,
    )  # fmt: skip
    cut = msgspec.structs.replace(
        proposal, signals=known, current_minor=10_000, proposed_minor=9_700, blocked_by=None, currency="EUR"
    )

    found = outlook_of(cut)

    assert found is not None
    assert found.units.expected == pytest.approx(10 * (0.97**-2 - 1))
    assert found.units.lower == pytest.approx(8 * (0.97**-1 - 1))
    assert found.units.upper == pytest.approx(12 * (0.97**-3 - 1))
    assert found.margin.expected == pytest.approx(10 * 0.97**-2 * 3_700 - 10 * 4_000)
    assert found.margin.lower <= found.margin.expected <= found.margin.upper
    assert outlook_of(msgspec.structs.replace(cut, blocked_by="stock")) is None
    assert outlook_of(msgspec.structs.replace(cut, signals=msgspec.structs.replace(known, elasticity=None))) is None


def test_the_index_of_each_day_and_every_plot_are_in_the_report() -> None:
    agent, tally, index = ready(DEFAULT), Tally(), IndexByDay()
    for day, price in enumerate((9_000, 8_000, 12_500)):
        index.reach(NOW + day * DAY_MS, agent.state)
        event = move(price, at=NOW + day * DAY_MS, event_id=f"e{day}")
        tally.events(batch_of([event], EVENTS_SCHEMA, event_cells))
        for proposal in agent.on_event(event):
            tally.proposal(proposal)
    index.note(agent.state)
    tally.index = index

    first = NOW // DAY_MS
    # Our catalogue price is 10,000.
    assert index.days == {first: 11_111, first + 1: 12_500, first + 2: 8_000}
    html = render({"policy": "p", "recording": "r", **tally.summary({})}, [tally])
    for title in (
        "Alerts a day",
        "Moves by size",
        "Price index",
        "Proposals a day",
        "Units a day",
        "Margin a day",
        "guard",
    ):
        assert title in html
    assert html.count("<svg") >= 4
