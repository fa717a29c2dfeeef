from __future__ import annotations

import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from console import chart, exports
from console.phrases import LANGUAGES, PHRASES, phrase
from console.security import TRIES, WINDOW_SECONDS, Brake, Pace, Refusals, Sessions, secret_of
from console.sign_in import local
from contracts.observations import PricePoint


def test_a_session_is_read_back_and_a_changed_one_is_not() -> None:
    sessions = Sessions(b"secret")
    cookie = sessions.begin("ann")
    session = sessions.read(cookie)
    assert session is not None
    assert session.name == "ann"
    for wrong in (None, "", cookie[:-1], "x" + cookie, Sessions(b"another").begin("ann"), "é.b.c"):
        assert sessions.read(wrong) is None


def test_a_form_belongs_to_its_session() -> None:
    sessions = Sessions(b"secret")
    one, two = (sessions.read(sessions.begin("ann")) for _ in range(2))
    assert sessions.is_ours(one, sessions.forgery_token(one))
    assert not sessions.is_ours(two, sessions.forgery_token(one))
    assert not sessions.is_ours(one, sessions.forgery_token(None))
    assert not sessions.is_ours(one, "é")


def test_the_brake_holds_for_a_minute() -> None:
    now = [0.0]
    brake = Brake(clock=lambda: now[0])
    for _ in range(TRIES):
        assert brake.wait_seconds("ann", "10.0.0.1") == 0
        brake.failed("ann", "10.0.0.1")
    assert 0 < brake.wait_seconds("ann", "10.0.0.2") <= WINDOW_SECONDS + 1
    assert brake.wait_seconds("bob", "10.0.0.1") > 0
    assert brake.wait_seconds("bob", "10.0.0.2") == 0
    now[0] = WINDOW_SECONDS + 1
    assert brake.wait_seconds("ann", "10.0.0.1") == 0


def test_a_pace_lets_a_burst_through_and_then_so_many_a_second() -> None:
    now = [0.0]
    pace = Pace(2.0, 3, clock=lambda: now[0])
    assert [pace.wait_seconds("ann") for _ in range(4)] == [0, 0, 0, 1]
    assert pace.wait_seconds("ben") == 0
    now[0] = 0.5
    assert [pace.wait_seconds("ann") for _ in range(2)] == [0, 1]
    now[0] = 60.0
    assert [pace.wait_seconds("ann") for _ in range(4)] == [0, 0, 0, 1]


def test_refusals_are_written_down_without_a_flood() -> None:
    now = [0.0]
    refusals = Refusals(most=4, clock=lambda: now[0])
    of_ann = [refusals.worth_writing("ann") for _ in range(25)]
    assert [told for told in of_ann if told] == [(1, 0), (5, 3), (25, 19)]
    assert refusals.worth_writing("ben") == (1, 0)
    assert [refusals.worth_writing(f"name {n}") for n in range(3)] == [None] * 3  # four an hour over all
    now[0] = 3600.0
    assert refusals.worth_writing("ann") == (1, 3)


def test_secrets_for_other_things_are_others() -> None:
    sessions = Sessions(b"secret")
    assert len({sessions.derived("sso"), sessions.derived("x"), sessions.forgery_token(None)}) == 3
    assert sessions.derived("sso") == Sessions(b"secret").derived("sso")


def test_the_secret_stays_and_is_ours_alone(tmp_path: Path) -> None:
    first = secret_of(tmp_path / "data")
    assert first == secret_of(tmp_path / "data")
    path = tmp_path / "data" / "console.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["console.secret"]


def test_after_signing_in_one_stays_here() -> None:
    for away in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""):
        assert local(away) == "/"
    assert local("/alerts?severity=red") == "/alerts?severity=red"


@given(st.text(max_size=40))
def test_no_cell_is_a_formula(text: str) -> None:
    import csv
    import io

    body = exports.table(["name"], [[text]])
    [_, *rows] = list(csv.reader(io.StringIO(body.removeprefix("\ufeff"))))
    cell = rows[0][0] if rows and rows[0] else ""
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_every_phrase_takes_the_same_values_in_both_languages() -> None:
    for key, texts in PHRASES.items():
        assert len(texts) == len(LANGUAGES)
        assert len({text.count("{") for text in texts}) == 1, key
    assert phrase("zh", "slow_down", 3) == "尝试次数过多，请等待 3 秒"
    assert phrase("fr", "alerts") == "Alerts"


@given(
    st.lists(
        st.builds(
            PricePoint,
            competitor=st.text(max_size=5),
            product_id=st.sampled_from(["a", "<b>"]),
            observed_at=st.integers(0, 2 * 10**12),
            price_minor=st.none() | st.integers(1, 10**9),
            currency=st.just("CNY"),
        ),
        max_size=30,
    )
)
def test_a_chart_is_whole_and_escaped_whatever_the_points(points: list[PricePoint]) -> None:
    drawn = str(chart.history(points, 2 * 10**12, 100, "CNY", "<script>"))
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "nan" not in drawn
    assert drawn.count("<svg") == drawn.count("</svg>") == any(p.price_minor is not None for p in points)


def test_long_histories_are_thinned_without_losing_extremes() -> None:
    points = [PricePoint("s", "p", n * 1000, 500 + n % 7, "CNY") for n in range(50_000)]
    points[25_001] = PricePoint("s", "p", 25_001_000, 9, "CNY")
    thin = chart._thin(points)
    assert len(thin) <= chart.MOST_POINTS + 3
    assert min(point.price_minor or 0 for point in thin) == 9
