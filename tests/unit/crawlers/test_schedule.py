"""The recrawl schedule: what moves is fetched oftener, what was asked for goes first, nobody starves."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.times import DAY_MS, HOUR_MS
from contracts.topics import CrawlRequest
from crawlers.pages.watchlist import Row
from crawlers.scheduling.frontier import PENDING_PER_SHOP, Frontier
from crawlers.scheduling.schedule import Bounds, Schedule

START = 1_700_000_000_000


def visits(schedule: Schedule, movers: set[int], pages: int, days: int, budget: int) -> np.ndarray:
    """How often each page was fetched when the movers change at every visit."""
    counts = np.zeros(pages, dtype=np.int64)
    for hour in range(0, days * 24, 6):
        now = START + hour * HOUR_MS
        slots = schedule.due(now, budget)
        counts[slots] += 1
        moving = np.isin(slots, list(movers))
        schedule.visited(slots, now, np.where(moving, 1000 + 200 * (counts[slots] % 2), 1000))
    return counts


def test_every_page_is_seen_once_before_any_is_seen_twice() -> None:
    counts = visits(Schedule([0] * 40, START), set(), 40, 1, 10)
    assert counts.tolist() == [1] * 40


def test_pages_that_move_are_fetched_oftener_and_no_page_starves() -> None:
    schedule = Schedule([0] * 50 + [1] * 50, START, bounds=Bounds(longest_ms=20 * DAY_MS))
    counts = visits(schedule, {3, 60}, 100, 60, 4)
    others = np.delete(counts, [3, 60])
    assert min(counts[3], counts[60]) > 3 * others.mean()
    assert others.min() >= 2


def test_importance_buys_visits() -> None:
    importance = np.ones(20)
    importance[7] = 100.0
    counts = visits(Schedule([0] * 20, START, importance), set(), 20, 30, 2)
    assert counts[7] > 2 * np.delete(counts, 7).max()


def test_a_shop_whose_prices_change_now_is_looked_at_again() -> None:
    schedule = Schedule([0] * 50 + [1] * 50, START)
    for day in range(10):
        schedule.visited(np.arange(100), START + day * DAY_MS, np.full(100, 1000))
    now = START + 10 * DAY_MS
    seen = np.concatenate([np.arange(10), np.arange(50, 60)])
    schedule.visited(seen, now, np.where(seen < 50, 1200, 1000))
    due = schedule.due(now + HOUR_MS, 40)
    assert (due < 50).all()


def test_when_one_page_of_a_line_has_moved_the_others_are_due() -> None:
    brand = np.repeat(np.arange(20), 5).astype(np.uint64)
    schedule = Schedule([0] * 100, START, brand=brand)
    for day in range(5):
        schedule.visited(np.arange(100), START + day * DAY_MS, np.full(100, 1000))
    now = START + 6 * DAY_MS
    schedule.visited(np.array([30, 61]), now, np.array([700, 1000]))
    assert set(schedule.due(now + HOUR_MS, 4).tolist()) == {31, 32, 33, 34}


def test_one_page_of_a_line_stands_watch_for_the_others() -> None:
    brand = np.repeat(np.arange(10), 5).astype(np.uint64)
    schedule = Schedule([0] * 50, START, brand=brand)
    schedule.visited(np.arange(50), START, np.full(50, 1000))
    lines = []
    for hour in range(6, 30 * 24, 6):
        now = START + hour * HOUR_MS
        slots = schedule.due(now, 2)
        schedule.visited(slots, now, np.full(len(slots), 1000))
        lines.append(slots // 5)
    spread = [len(set(np.concatenate(lines[at : at + 5]).tolist())) for at in range(60, len(lines) - 5, 5)]
    assert min(spread) >= 9  # ten visits go to nearly as many lines, never to all pages of one


def test_pages_are_looked_at_when_their_campaigns_end_and_begin() -> None:
    schedule, price = Schedule([0] * 60, START), np.full(60, 1000)
    for day in range(60):  # each day three prices fall, and come back a week later
        price[:] = 1000
        for past in range(7):
            price[(3 * (day - past) + np.arange(3)) % 60] = 700 if day >= past else 1000
        slots = np.arange(60)
        schedule.visited(slots, START + day * DAY_MS, price)
    ending, beginning = (3 * 53 + np.arange(3)) % 60, (3 * 60 + np.arange(3)) % 60  # each falls every 20 days
    due = schedule.due(START + 60 * DAY_MS, 6)
    assert set(due.tolist()) == {*ending.tolist(), *beginning.tolist()}


def test_a_long_crawl_keeps_no_more_than_a_short_one() -> None:
    schedule = Schedule([0] * 10, START)
    for day in range(0, 4000, 10):
        schedule.visited(np.arange(10), START + day * DAY_MS, np.full(10, 1000 + day % 3 * 200))
    clock = schedule.intensity
    assert clock.moves.shape == Schedule([0] * 10, START).intensity.moves.shape
    assert len(schedule.due(START + 4001 * DAY_MS, 10)) == 10
    assert np.isfinite(clock.age_moves).all()
    assert schedule.expected.max() < 100


def test_prices_that_are_not_shown_are_no_moves() -> None:
    schedule = Schedule([0], START)
    for day, price in enumerate([1000, 0, 1000, 1040]):
        schedule.visited(np.array([0]), START + day * DAY_MS, np.array([price]))
    assert schedule.moves[0] == 0
    assert schedule.price[0] == 1040


def test_a_page_that_fails_waits_twice_as_long_each_time() -> None:
    schedule = Schedule([0], START, bounds=Bounds(patience_ms=1000))
    only = np.array([0])
    schedule.failed(only, START)
    assert not len(schedule.due(START + 999, 1))
    assert len(schedule.due(START + 1000, 1))
    schedule.failed(only, START + 1000)
    assert not len(schedule.due(START + 2999, 1))
    schedule.visited(only, START + 3000, np.array([1000]))
    assert len(schedule.due(START + 4000, 1))


def test_the_budget_is_never_exceeded_and_only_allowed_pages_are_due() -> None:
    schedule = Schedule([0, 0, 1, 1], START)
    allowed = np.array([True, False, True, False])
    assert schedule.due(START, 9, allowed).tolist() == [0, 2]
    assert schedule.due(START, 0).tolist() == []
    assert Schedule([], START).due(START, 5).tolist() == []


def rows(number: int, shop: str = "shop") -> list[Row]:
    return [Row(competitor=shop, url=f"https://{shop}.example/p/{place}") for place in range(number)]


def request(row: Row) -> CrawlRequest:
    return CrawlRequest(row.competitor, row.product, row.url, "confirmation", START)


def test_what_was_asked_for_goes_first_even_without_a_budget() -> None:
    pages = rows(100)
    frontier = Frontier(pages, 1000.0, START)
    frontier.press([request(pages[70]), request(rows(1, "stranger")[0]), request(pages[70])])
    assert frontier.next(START) == [(pages[70], True)]
    frontier.press([request(pages[70])])
    assert frontier.next(START) == []  # it is under way


def test_on_average_each_page_is_fetched_once_a_round() -> None:
    pages = rows(50) + rows(50, "other")
    frontier, count = Frontier(pages, 100.0, START), 0
    for second in range(1, 401):
        now = START + second * 1000
        for row, _ in frontier.next(now):
            count += 1
            frontier.ended(row, True, 1000)
    assert count == pytest.approx(400, abs=3)


def test_a_shop_that_does_not_answer_holds_only_itself_up() -> None:
    slow, quick = rows(200, "slow"), rows(200, "quick")
    frontier = Frontier([*slow, *quick], 10.0, START)
    open_at_slow, done = 0, 0
    for second in range(1, 21):
        for row, _ in frontier.next(START + second * 1000):
            if row.competitor == "slow":
                open_at_slow += 1
            else:
                done += 1
                frontier.ended(row, True, 1000)
    assert open_at_slow == PENDING_PER_SHOP
    assert done > 200


def test_a_shop_is_never_asked_more_than_its_budget_a_minute() -> None:
    frontier, asked = Frontier(rows(500), 10.0, START, shop_per_minute=30.0), 0
    for second in range(1, 121):
        for row, _ in frontier.next(START + second * 1000):
            asked += 1
            frontier.ended(row, True, 1000)
    assert 50 <= asked <= 66
