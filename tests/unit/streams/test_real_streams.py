"""The detector on real streams: two listings a minute apart, scrape failures, a slow creep."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from backtest.recording import Recording
from backtest.runner import Run
from contracts.events import MarketEvent, ObservationQuarantined, PriceMoved
from contracts.observations import Observation, PriceType
from contracts.policy import DEFAULT
from contracts.times import HOUR_MS, from_iso
from streams.engine import Engine

pytestmark = pytest.mark.evaluation
HALF_DAY_MS = 12 * HOUR_MS
PAY_TYPES: dict[str, PriceType] = {"1": "regular", "2": "instalment"}
Series = tuple[str, str, str]


def b2w(folder: Path) -> list[Observation]:
    """Two scrapes a day with exact duplicates, put in the order of time as an import does."""
    with (folder / "b2w" / "comp_prices.csv").open() as file:
        rows = [
            Observation(
                row["COMPETITOR"],
                row["PROD_ID"],
                from_iso(row["DATE_EXTRACTION"]),
                round(float(row["COMPETITOR_PRICE"]) * 100),
                "BRL",
                price_type=PAY_TYPES[row["PAY_TYPE"]],
            )
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda row: row.observed_at)


def series_of(seen: Observation | PriceMoved) -> Series:
    return seen.competitor, seen.product_id, seen.price_type


def moves_of(rows: list[Observation]) -> list[PriceMoved]:
    detection = msgspec.structs.replace(DEFAULT.detection, price_types=("regular", "instalment"))
    return [event for event in Engine(detection).observe(rows) if isinstance(event, PriceMoved)]


def true_moves(rows: list[Observation], *, drift: bool) -> set[tuple[Series, int]]:
    """The rule, slow and obvious, on the lowest price of each half-day."""
    lowest: dict[Series, dict[int, int]] = defaultdict(dict)
    for row in rows:
        assert row.price_minor is not None
        half, prices = row.observed_at // HALF_DAY_MS, lowest[series_of(row)]
        prices[half] = min(row.price_minor, prices.get(half, row.price_minor))
    found = set()
    for series, prices in lowest.items():
        last = anchor = 0
        for half, price in sorted(prices.items()):
            step = abs(price - last) * 100 > 5 * last
            slow = drift and abs(price - anchor) * 100 > 5 * anchor
            if last and (step or slow):
                found.add((series, half))
                anchor = price
            last, anchor = price, anchor or price
    return found


@pytest.mark.parametrize("drift", [False, True])
def test_precision_and_recall_with_two_listings_a_minute_apart(evaluation_data: Path, drift: bool) -> None:
    rows = b2w(evaluation_data)

    raised = [
        (series_of(move), move.observed_at // HALF_DAY_MS) for move in moves_of(rows) if drift or move.basis == "step"
    ]
    truth = true_moves(rows, drift=drift)

    assert len(truth) > 2400
    assert len(truth & set(raised)) / len(raised) >= 0.98
    assert len(truth & set(raised)) / len(truth) >= 0.98


def test_the_file_as_it_comes_gives_the_same_moves(evaluation_data: Path, tmp_path: Path) -> None:
    """Not in order, with its duplicates, through the reader of foreign files."""
    foreign = tmp_path / "b2w.csv"
    with (evaluation_data / "b2w" / "comp_prices.csv").open() as source, foreign.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(("observed_at", "competitor", "product_id", "price", "price_type"))
        for row in csv.DictReader(source):
            kind = PAY_TYPES[row["PAY_TYPE"]]
            writer.writerow((row["DATE_EXTRACTION"], row["COMPETITOR"], row["PROD_ID"], row["COMPETITOR_PRICE"], kind))

    run = Run(Recording(foreign, "BRL"), DEFAULT)
    told = {event.event_id for _partition, event in run.events() if isinstance(event, PriceMoved)}

    in_order = Engine(DEFAULT.detection).observe(b2w(evaluation_data))
    moved = [event for event in in_order if isinstance(event, PriceMoved)]
    assert len(told) == len(moved)
    assert run.counts["duplicates"] > 0
    truth = {found for found in true_moves(b2w(evaluation_data), drift=True) if found[0][2] == "regular"}
    found = {(series_of(move), move.observed_at // HALF_DAY_MS) for move in moved}
    assert len(truth & found) / len(found) >= 0.98
    assert len(truth & found) / len(truth) >= 0.98


@pytest.mark.parametrize("factor", [Fraction(100), Fraction(1, 100), Fraction(10)])
def test_a_wrong_price_anywhere_is_quarantined_once_and_moves_nothing(evaluation_data: Path, factor: Fraction) -> None:
    rows = [row for row in b2w(evaluation_data) if row.price_type == "regular"]
    by_product: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for row in rows:
        by_product[row.competitor, row.product_id].append(row)
    chance = random.Random(3)
    for _ in range(25):
        series = by_product[chance.choice(sorted(by_product))]
        place = chance.randrange(1, len(series))
        price = int((series[place].price_minor or 0) * factor)
        spoiled = [*series[:place], msgspec.structs.replace(series[place], price_minor=price), *series[place + 1 :]]

        events = Engine(DEFAULT.detection).observe(spoiled)

        assert [e.price_minor for e in events if isinstance(e, ObservationQuarantined)] == [price]
        assert not [e for e in events if isinstance(e, PriceMoved) and price in (e.price_minor, e.previous_minor)]


def test_a_price_times_a_hundred_is_quarantined_once_and_moves_nothing(evaluation_data: Path) -> None:
    rows = b2w(evaluation_data)
    place = next(n for n, row in enumerate(rows) if n > 5000 and row.price_type == "regular")
    wrong = msgspec.structs.replace(rows[place], price_minor=(rows[place].price_minor or 0) * 100)
    spoiled = [*rows[:place], wrong, *rows[place + 1 :]]

    events: list[MarketEvent] = Engine(DEFAULT.detection).observe(spoiled)
    around = [event for event in events if event.observed_at == wrong.observed_at]

    assert [event for event in events if isinstance(event, ObservationQuarantined)] == [
        event
        for event in around
        if isinstance(event, ObservationQuarantined) and event.price_minor == wrong.price_minor
    ]
    assert sum(isinstance(event, ObservationQuarantined) for event in events) == 1
    assert not [
        e for e in events if isinstance(e, PriceMoved) and wrong.price_minor in (e.price_minor, e.previous_minor)
    ]


def test_failures_and_small_changes_raise_no_move(evaluation_data: Path) -> None:
    with (evaluation_data / "small" / "iphone_price_observations.csv").open(encoding="utf-8") as file:
        rows = [
            Observation(
                row["shop_name"],
                f"{row['item_name']} {row['capacity']} {row['color_key']} {row['state']}",
                from_iso(row["observed_at"]),
                int(float(row["price"])) if row["price"] else None,
                "JPY",
            )
            for row in csv.DictReader(file)
        ]

    events = Engine(DEFAULT.detection).observe(sorted(rows, key=lambda row: row.observed_at))

    assert {type(event).__name__ for event in events} == set()


def test_the_alerts_of_changedetection_and_the_creep_it_misses(evaluation_data: Path) -> None:
    case = json.loads((evaluation_data / "peer_cases" / "changedetection_threshold_5pct_sequence.json").read_bytes())
    rows = [
        Observation("shop", "p", hour * HOUR_MS, round(price * 100), "USD") for hour, price in enumerate(case["prices"])
    ]

    moves = {move.observed_at // HOUR_MS: move.basis for move in moves_of(rows)}

    assert {hour for hour, basis in moves.items() if basis == "step"} == {
        hour for hour, alerted in enumerate(case["alert"]) if alerted
    }
    assert moves[len(rows) - 1] == "drift"
