"""Delay until a price move is seen, of the recrawl scheduler and of round-robin with the same budget.

The recorded prices are the shops; every page may be fetched once in seven days on average.
A move is a change of more than 5 %; its delay is the time to the next visit of its page,
or to the end of the recording. The constants of the scheduler were chosen on seven of the shops
(`CHOSEN_ON`); the others, replayed by themselves, are reported as unseen shops.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.times import DAY_MS, HOUR_MS
from crawlers.scheduling.product_lines import brand
from crawlers.scheduling.schedule import Bounds, Schedule

PERIOD_DAYS, TICK_MS, WARM_DAYS = 7, 2 * HOUR_MS, 28
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
CHOSEN_ON = ("billa", "dm", "hofer", "mpreis", "mueller", "penny", "unimarkt")
Pick = Callable[[int, int, Flags], Ints]
Seen = Callable[[Ints, int, Ints], None]


RATIOS = ("ratio", "ratio_after_four_weeks")


class Truth(NamedTuple):
    """Prices of all series: first ones by slot, changes in order of time."""

    shop: Ints
    brand: NDArray[np.uint64]
    first_ms: Ints
    first_price: Ints
    slot: Ints
    at_ms: Ints
    price: Ints
    move: Flags


class RoundRobin:
    """Every page in turn, in an order that mixes the shops."""

    def __init__(self, pages: int) -> None:
        self._order = np.random.default_rng(1).permutation(pages)

    def due(self, _now: int, budget: int, active: Flags) -> Ints:
        """The next pages in turn."""
        chosen = np.flatnonzero(active[self._order])[:budget]
        slots = self._order[chosen]
        turn = chosen[-1] + 1 if len(chosen) else 0
        self._order = np.roll(self._order, -turn)
        return slots

    def visited(self, _slots: Ints, _now: int, _prices: Ints) -> None:
        """Round-robin learns nothing."""


def truth(folder: Path, without: tuple[str, ...] = ()) -> Truth:
    """The recording's series, prices of zero and some shops left out."""
    import polars as pl  # noqa: PLC0415 for benchmarks only

    rows = pl.scan_parquet(folder / "observations.parquet").filter(pl.col("price_cents") > 0)
    rows = rows.filter(~pl.col("competitor").is_in(without))
    rows = rows.with_columns(pl.struct("competitor", "product_id").rank("dense").alias("slot") - 1)
    rows = rows.sort("slot", "observed_at", maintain_order=True)
    rows = rows.with_columns(
        before=pl.col("price_cents").shift(1).over("slot"), at=pl.col("observed_at").dt.epoch("ms")
    )
    items = pl.scan_parquet(folder / "items.parquet").unique(["competitor", "product_id"])
    items = items.select("competitor", "product_id", pl.col("name").fill_null(""))
    named = rows.group_by("slot").first().join(items, on=["competitor", "product_id"], how="left")
    firsts = named.sort("slot").collect()
    changes = rows.filter(pl.col("before") != pl.col("price_cents")).sort("at", maintain_order=True).collect()
    before, price = changes["before"].to_numpy().astype(np.int64), changes["price_cents"].to_numpy().astype(np.int64)
    shop = np.unique(firsts["competitor"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    return Truth(
        shop,
        np.array(
            [brand(*pair) for pair in firsts.select("competitor", pl.col("name").fill_null("")).rows()], dtype=np.uint64
        ),
        firsts["at"].to_numpy(),
        firsts["price_cents"].to_numpy().astype(np.int64),
        changes["slot"].to_numpy().astype(np.int64),
        changes["at"].to_numpy(),
        price,
        np.abs(price - before) * 20 > before,
    )


def delays(market: Truth, pick: Pick, seen: Seen) -> tuple[float, float]:
    """Mean delay in days over all moves, and over those visited after the first four weeks."""
    pages = len(market.shop)
    price = market.first_price.copy()
    waiting, arrived = np.zeros(pages, dtype=np.int64), np.zeros(pages, dtype=np.int64)
    start, end = int(market.first_ms.min()), int(market.at_ms.max())
    done, budget, total, warm = 0, 0.0, np.zeros(2), np.zeros(2)
    for now in range(start, end + 1, TICK_MS):
        until = int(np.searchsorted(market.at_ms, now, "right"))
        slots, move = market.slot[done:until], market.move[done:until]
        price[slots] = market.price[done:until]
        np.add.at(waiting, slots[move], 1)
        np.add.at(arrived, slots[move], market.at_ms[done:until][move] - start)
        done = until
        active = market.first_ms <= now
        budget += active.sum() / PERIOD_DAYS * TICK_MS / DAY_MS
        visits = pick(now, int(budget), active)
        budget -= int(budget)
        ended = np.array([(waiting[visits] * (now - start) - arrived[visits]).sum(), waiting[visits].sum()])
        total += ended
        warm += ended if now - start >= WARM_DAYS * DAY_MS else 0
        waiting[visits], arrived[visits] = 0, 0
        seen(visits, now, price[visits])
    unseen = np.array([(waiting * (end - start) - arrived).sum(), waiting.sum()])
    total, warm = total + unseen, warm + unseen
    return float(total[0] / total[1] / DAY_MS), float(warm[0] / warm[1] / DAY_MS)


def run() -> dict[str, Any]:
    """Mean delays in days and their ratio, over everything and after four weeks of learning."""
    data = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not data:
        return {"skipped": "set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data"}
    folder = Path(data) / "market_recording"
    unseen = compare(truth(folder, CHOSEN_ON))
    return compare(truth(folder)) | {f"{name}_unseen_shops": unseen[name] for name in ("moves", *RATIOS)} | million()


def million() -> dict[str, Any]:
    """Milliseconds of the scheduler with a million pages of 300 shops: to reckon all, and to pick again meanwhile."""
    pages, chance = 1_000_000, np.random.default_rng(1)
    brand, price = chance.integers(0, 200_000, pages).astype(np.uint64), chance.integers(100, 3000, pages)
    schedule = Schedule(chance.integers(0, 300, pages), 0, brand=brand, bounds=Bounds(fresh_ms=HOUR_MS))
    for day in range(1, 15):
        slots = np.arange(day % 7, pages, 7)
        price[slots[chance.random(len(slots)) < 0.05]] += 500
        schedule.visited(slots, day * DAY_MS, price[slots])
    took = []
    for now in (15 * DAY_MS, 15 * DAY_MS + 1000):
        began = time.perf_counter()
        schedule.due(now, 1000)
        took.append(round(1000 * (time.perf_counter() - began)))
    return {"million_pages_reckon_ms": took[0], "million_pages_pick_ms": took[1]}


def compare(market: Truth) -> dict[str, Any]:
    """Both ways through a market."""
    turn = RoundRobin(len(market.shop))
    theirs = delays(market, turn.due, turn.visited)
    schedule = Schedule(market.shop, int(market.first_ms.min()), brand=market.brand)
    began = time.process_time()
    ours = delays(market, schedule.due, schedule.visited)
    return {
        "pages": len(market.shop),
        "moves": int(market.move.sum()),
        "round_robin_days": round(theirs[0], 3),
        "scheduler_days": round(ours[0], 3),
        "ratio": round(ours[0] / theirs[0], 3),
        "ratio_after_four_weeks": round(ours[1] / theirs[1], 3),
        "cpu_seconds": round(time.process_time() - began, 1),
    }


if __name__ == "__main__":
    print(run())
