"""When a worker counts as stuck."""

from __future__ import annotations

from runtime.liveness import Progress


def test_without_input_a_worker_may_rest_for_ever() -> None:
    progress = Progress(60)

    assert not any(progress.stuck(now, 0, "same") for now in range(0, 10_000, 5))


def test_with_input_waiting_and_nothing_done_it_is_stuck_after_its_time() -> None:
    progress = Progress(60)

    assert [progress.stuck(now, 7, "same") for now in (0, 30, 60, 61)] == [False, False, False, True]


def test_every_progress_begins_the_time_anew() -> None:
    progress = Progress(60)

    assert not any(progress.stuck(now, 7, now // 50) for now in range(0, 10_000, 5))


def test_a_kafka_that_does_not_answer_counts_as_input_waiting() -> None:
    progress = Progress(60)

    assert [progress.stuck(now, None, "same") for now in (0, 61)] == [False, True]


def test_a_rest_does_not_count_towards_being_stuck() -> None:
    progress = Progress(60)

    assert [progress.stuck(now, lag, "same") for now, lag in ((0, 7), (50, 0), (70, 7), (111, 7))] == [
        False,
        False,
        False,
        True,
    ]
