"""What a backtest counts while it runs: the numbers of summary.json and the report's plots."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backtest.outlook import NOTHING, IndexByDay, Range, outlook_of
from contracts.alerts import Alert
from contracts.proposals import Proposal
from contracts.times import DAY_MS
from pricing.inputs import Case

SIZES_BP = (0, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000)  # lower edges of the plot of moves by size


class Tally:
    """Counts of events, alerts and proposals; a few numbers whatever the length of the recording."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.moves: Counter[str] = Counter()
        self.sizes: Counter[tuple[str, int]] = Counter()
        self.events_by_day: Counter[tuple[int, str]] = Counter()
        self.alerts_by_day: Counter[tuple[int, str]] = Counter()
        self.alerts = 0
        self.alert_updates = 0
        self.alert_kinds: Counter[str] = Counter()
        self.severities: Counter[str] = Counter()
        self.proposals: Counter[str] = Counter()
        self.proposals_by_day: Counter[tuple[int, str]] = Counter()
        self.guards: Counter[str] = Counter()
        self.index = IndexByDay()
        self.units: dict[int, Range] = {}
        self.cases: list[Case] | None = None  # what each proposal was decided from, where that is asked for
        self.margin: dict[tuple[str, int], Range] = {}  # of each currency by itself

    def events(self, table: pa.RecordBatch) -> None:
        """Count market events, rows of events.parquet."""
        self.kinds.update(table.column("kind").to_pylist())
        moves = table.filter(pc.equal(table.column("kind"), "PriceMoved"))
        if not moves.num_rows:
            return
        stepped = pc.equal(moves.column("basis"), "step").to_numpy(zero_copy_only=False)
        previous, anchor, price, at = (
            moves.column(name).cast(pa.int64()).to_numpy()
            for name in ("previous_minor", "anchor_minor", "price_minor", "observed_at")
        )
        reference = np.where(stepped, previous, anchor)
        change = (price - reference) * 10_000 // reference
        up = change > 0
        edges = np.array(SIZES_BP)[np.searchsorted(SIZES_BP, np.abs(change), side="right") - 1]
        self.moves.update(step=int(stepped.sum()), drift=int((~stepped).sum()), up=int(up.sum()), down=int((~up).sum()))
        self.sizes.update(zip(np.where(up, "up", "down").tolist(), edges.tolist(), strict=True))
        days = (at // DAY_MS).tolist()
        self.events_by_day.update(zip(days, moves.column("competitor").to_pylist(), strict=True))

    def alert(self, alert: Alert) -> None:
        """Count one alert, or a later revision of one."""
        if alert.status != "opened":
            self.alert_updates += 1
            return
        self.alerts += 1
        self.alert_kinds[alert.kind] += 1
        self.severities[alert.severity] += 1
        self.alerts_by_day[alert.observed_at // DAY_MS, alert.competitor] += 1

    def proposal(self, proposal: Proposal) -> None:
        """Count one proposal, or the guard that held it back."""
        if self.cases is not None:
            self.cases.append(Case(proposal.signals, proposal.decided_at, proposal.currency))
        outcome = proposal.kind if proposal.blocked_by is None else "blocked"
        self.proposals[outcome] += 1
        self.proposals_by_day[proposal.decided_at // DAY_MS, outcome] += 1
        if proposal.blocked_by is not None:
            self.guards[proposal.blocked_by] += 1
        expected = outlook_of(proposal)
        if expected is not None:
            day = proposal.decided_at // DAY_MS
            self.units[day] = self.units.get(day, NOTHING).plus(expected.units)
            key = (proposal.currency, day)
            self.margin[key] = self.margin.get(key, NOTHING).plus(expected.margin)

    def alerts_per_day(self) -> float:
        """New alerts a day, over the days from the first event's to the last's."""
        days = [day for day, _ in (*self.events_by_day, *self.alerts_by_day)]
        return round(self.alerts / (max(days) - min(days) + 1), 1) if days else 0.0

    def _expected(self) -> dict[str, dict[str, float]]:
        """Units and margin by currency that all proposals together change a day, with the ends of the interval."""
        totals: dict[str, Range] = {}
        named = [("units", change) for change in self.units.values()]
        named += [(f"margin_minor_{currency}", change) for (currency, _day), change in self.margin.items()]
        for name, change in named:
            totals[name] = totals.get(name, NOTHING).plus(change)
        return {name: {k: round(v, 2) for k, v in total._asdict().items()} for name, total in sorted(totals.items())}

    def summary(self, counts: dict[str, int]) -> dict[str, object]:
        """The counts of summary.json; `counts` are the detector's."""
        names = ("observations", "invalid", "duplicates", "out_of_order", "accepted", "quarantined", "price_changes")
        return {
            **{name: counts.get(name, 0) for name in names},
            "moves": {name: self.moves[name] for name in ("step", "drift", "up", "down")},
            "promotions": self.kinds["PromotionStarted"],
            "out_of_stock": self.kinds["OutOfStock"],
            "back_in_stock": self.kinds["BackInStock"],
            "mass_moves": self.kinds["MassMove"],
            "alerts": self.alerts,
            "alert_updates": self.alert_updates,
            "alerts_by_kind": dict(sorted(self.alert_kinds.items())),
            "alerts_by_severity": dict(sorted(self.severities.items())),
            "alerts_per_day": self.alerts_per_day(),
            "proposals": self.proposals["markdown"] + self.proposals["restore"],
            "proposals_held_back": self.proposals["blocked"],
            "guard_hits": dict(sorted(self.guards.items())),
            "expected_change_a_day": self._expected(),
        }
