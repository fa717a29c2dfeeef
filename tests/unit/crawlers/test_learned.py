"""What a crawl has learned outlives the process; a broken file costs only what was learned."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import BadInputError
from contracts.times import DAY_MS, HOUR_MS
from crawlers.pages.watchlist import Row
from crawlers.scheduling import learned
from crawlers.scheduling.autosave import Autosave, autosave_of
from crawlers.scheduling.frontier import Frontier

START = 1_700_000_000_000
ROUND_S = 7 * 86400.0
END = START + 40 * DAY_MS


def rows(number: int, shop: str = "shop") -> list[Row]:
    return [
        Row(competitor=shop, url=f"https://{shop}.example/p/{place}", name=f"Brand{place % 9}")
        for place in range(number)
    ]


@cache
def crawled(number: int) -> Frontier:
    """A crawl of forty days in which every seventh page changes its price each week."""
    frontier = Frontier(rows(number), ROUND_S, START)
    for now in range(START, END, 2 * HOUR_MS):
        week = (now - START) // (7 * DAY_MS)
        for row, _ in frontier.next(now):
            moving = int(row.url.rsplit("/", 1)[1]) % 7 == 0
            frontier.ended(row, True, 1000 + 200 * (week % 2) * moving)
    frontier.learn(END)
    return frontier


def test_a_crawl_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    pages = rows(60)
    before, autosave = crawled(60), Autosave(tmp_path / "deep" / "list.npz")
    autosave.save(before)
    after = Frontier(pages, ROUND_S, END)
    assert autosave.restore(after, END) == 60
    now = END + 2 * DAY_MS
    assert after.schedule.due(now, 20).tolist() == before.schedule.due(now, 20).tolist()
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["list.npz"]


def test_a_changed_watchlist_keeps_what_it_has_in_common(tmp_path: Path) -> None:
    path = tmp_path / "list.npz"
    Autosave(path).save(crawled(60))
    pages = [*rows(5, "another"), *rows(80)[40:]]
    frontier = Frontier(pages, ROUND_S, END)
    assert Autosave(path).restore(frontier, END) == 20
    due = frontier.schedule.due(END + HOUR_MS, 25).tolist()
    assert set(due) == {*range(5), *range(25, 45)}  # what was never seen comes first


@pytest.mark.parametrize("cut", [0, 1, 100, 3000, -1])
def test_a_torn_file_is_one_line_and_a_fresh_start(tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "list.npz"
    autosave = Autosave(path)
    autosave.save(crawled(30))
    path.write_bytes(path.read_bytes()[:cut])
    frontier = Frontier(rows(30), ROUND_S, END)
    assert autosave.restore(frontier, END) == 0
    assert (line := caplog.messages[0]).count("\n") == 0
    assert str(path) in line
    assert "anew" in line
    autosave.save(frontier)
    assert learned.read(path) is not None


def test_every_flipped_byte_is_found_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "list.npz"
    Autosave(path).save(crawled(10))
    whole = path.read_bytes()
    for place in range(0, len(whole), 997):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        frontier = Frontier(rows(10), ROUND_S, END)
        try:
            state = learned.read(path)
        except BadInputError:
            continue
        assert state is not None
        frontier.restore(state, END)
        assert len(frontier.schedule.due(END + 9 * DAY_MS, 10)) == 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", np.array(9)),
        ("page_last", np.full(10, 1.5)),
        ("page_direction", np.full(10, 7, dtype=np.int8)),
        ("clock_moves", np.full((1, 2, 180), np.nan)),
        ("clock_exposure", np.full((1, 2, 180), -1.0)),
        ("lines", np.array([10**6])),
        ("shops", np.array([b"one", b"two"])),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, name: str, value: np.ndarray) -> None:
    path = tmp_path / "list.npz"
    learned.write(path, {**crawled(10).state(), name: value})
    with pytest.raises(BadInputError, match=r"list\.npz"):
        learned.read(path)


def test_a_clock_that_went_back_begins_anew(tmp_path: Path) -> None:
    autosave = Autosave(tmp_path / "list.npz")
    autosave.save(crawled(10))
    assert autosave.restore(Frontier(rows(10), ROUND_S, START), START) == 0


def test_nothing_is_written_before_it_is_due_and_a_full_disk_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frontier = crawled(10)
    late, due = Autosave(tmp_path / "late.npz"), Autosave(tmp_path / "due.npz", 0.0)
    asyncio.run(late.save_if_due(frontier))
    asyncio.run(due.save_if_due(frontier))
    assert [path.name for path in tmp_path.iterdir()] == ["due.npz"]
    (tmp_path / "file").write_text("")
    Autosave(tmp_path / "file" / "list.npz").save(frontier)
    assert "cannot be written" in caplog.text


def test_each_watchlist_has_a_file_of_its_own(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "list.csv", tmp_path / "two" / "list.csv"
    autosave_of(tmp_path, one).save(crawled(5))
    assert autosave_of(tmp_path, two).restore(Frontier(rows(5), ROUND_S, END), END) == 0
    assert autosave_of(tmp_path, one).restore(Frontier(rows(5), ROUND_S, END), END) == 5
