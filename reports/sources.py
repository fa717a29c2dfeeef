"""Where a brief's facts come from: the recording for what the market did and sold, the ledger for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from pyarrow import parquet

from contracts.codec import decode
from contracts.errors import BadInputError, BadRecordingError
from contracts.events import MarketEvent
from contracts.facts import CatalogItem, UnitsSold
from contracts.observations import PricePoint
from contracts.proposals import Decision, Proposal, ProposalStatus
from contracts.recording import files_of
from contracts.times import DAY_MS
from contracts.topics import EVENTS, SALES, Topic
from ledger import period as of_time
from ledger.period import Judged
from ledger.store import Ledger
from reports.periods import Period

STANDING_DAYS = 60  # a price not seen for longer is no price to compare with
BESIDE_DAYS = 14  # sales before and after a decision that are compared
MANY = 1_000_000


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a brief is computed from. Prices before are those at the period's start."""

    period: Period
    events: list[MarketEvent]
    items: dict[str, CatalogItem]
    prices_before: list[PricePoint]
    prices_now: list[PricePoint]
    proposals: list[tuple[Proposal, ProposalStatus]]
    decisions: list[Decision]
    decisions_after: list[Decision]
    sales: list[UnitsSold]
    alerts: list[Judged]
    alerts_before: list[Judged]
    recorded: bool


def gather(period: Period, ledger: Ledger, recordings: Path) -> Facts:
    """Facts of a period out of the ledger and the folder of recordings; BadRecordingError, UnavailableError."""
    length = period.end - period.start
    since, until = period.start - BESIDE_DAYS * DAY_MS, period.end + BESIDE_DAYS * DAY_MS
    with ledger.reading() as connection:
        return Facts(
            period=period,
            events=_events(recordings, period),
            items={item.sku: item for item in ledger.items(limit=MANY)},
            prices_before=of_time.standing_prices(connection, period.start - STANDING_DAYS * DAY_MS, period.start),
            prices_now=of_time.standing_prices(connection, period.end - STANDING_DAYS * DAY_MS, period.end),
            proposals=of_time.proposals(connection, period.start, period.end),
            decisions=of_time.decisions(connection, period.start, period.end),
            decisions_after=of_time.decisions(connection, period.end, until + 10 * length),
            sales=[sold for sold in _values(recordings, SALES) if since <= sold.interval_start < until],
            alerts=of_time.alerts(connection, period.start, period.end),
            alerts_before=of_time.alerts(connection, period.start - length, period.start),
            recorded=(recordings / EVENTS.name).is_dir(),
        )


def _events(recordings: Path, period: Period) -> list[MarketEvent]:
    found: dict[str, MarketEvent] = {}
    for event in _values(recordings, EVENTS):
        if period.start <= event.observed_at < period.end:
            found[event.event_id] = event  # delivered again, it is the same event
    return sorted(found.values(), key=lambda event: (event.observed_at, event.event_id))


def _values(recordings: Path, topic: Topic) -> Iterator[Any]:
    for paths in files_of(recordings, topic.name).values():
        for path in paths:
            try:
                values = parquet.read_table(path, columns=["value"])["value"].to_pylist()
            except (pa.ArrowException, OSError, KeyError) as error:
                raise BadRecordingError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
            for value in values:
                try:
                    yield decode(value, topic.value)
                except BadInputError:
                    continue  # live it became a dead letter
