"""Events a second through the alert book, on the events of real observations: `python -m benchmarks.alerts`.

Decoded events go in; the detector that finds them is not timed. Beside it what raises nothing:
moves too small to tell, ends of what never began, products listed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alerts.book import AlertBook
from backtest.recording import Recording
from backtest.runner import Run
from contracts.errors import UnavailableError
from contracts.events import BackInStock, MarketEvent, PriceMoved, ProductListed
from contracts.policy import DEFAULT

QUIET = 300_000


def run() -> dict[str, object]:
    """Events and alerts a second over a recording, and events a second of those that raise nothing."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        raise UnavailableError("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    recording = Recording(Path(folder) / "market_recording" / "observations.parquet")
    events = [event for _partition, event in Run(recording, DEFAULT).events()]
    return {"recording": _timed(events), "raising_nothing": _timed(_quiet(), warm=QUIET // 100)}


def _timed(events: Sequence[MarketEvent], warm: int = 0) -> dict[str, int]:
    book = AlertBook(DEFAULT.alerting)
    for event in events[:warm]:
        book.on_event(event)
    started, told = time.perf_counter(), 0
    for event in events[warm:]:
        told += len(book.on_event(event))
    count = len(events) - warm
    return {"events": count, "alerts": told, "events_per_second": round(count / (time.perf_counter() - started))}


def _quiet() -> list[MarketEvent]:
    moves = [_move(number) for number in range(QUIET // 100)]
    return [*moves, *(_one(number) for number in range(QUIET // 100, QUIET))]


def _one(number: int) -> MarketEvent:
    known: dict[str, Any] = {
        "event_id": f"e{number}",
        "competitor": "shop",
        "product_id": f"p{number % 3000}",
        "observed_at": number,
    }
    if number % 3 == 0:
        return _move(number)
    return BackInStock(**known) if number % 3 == 1 else ProductListed(**known)


def _move(number: int) -> PriceMoved:
    return PriceMoved(
        event_id=f"m{number}",
        competitor="shop",
        product_id=f"p{number % 3000}",
        observed_at=number,
        basis="step",
        previous_minor=10_000,
        anchor_minor=10_000,
        price_minor=8_000 + number // 3000,
        currency="CNY",
    )


if __name__ == "__main__":
    print(run())
