"""What a brief counts, against a week small enough to count by hand, and how it is shown."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.phrases import PROMOTIONS
from contracts.errors import BadInputError
from contracts.events import MassMove
from contracts.observations import PricePoint
from contracts.proposals import Decision
from contracts.times import DAY_MS, HOUR_MS, to_iso
from demo import samples as demo
from ledger.period import Judged
from reports.beside import Position
from reports.brief import Brief, brief_of
from reports.page import in_short, page, render
from reports.periods import month, week, week_of
from reports.plots import plots, png, svg
from reports.sources import Facts
from reports.table import moves_csv
from reports.words import STATUS, WORDS
from tests.unit.reports.samples import HOSTILE, MONDAY, events, move, proposal, sales

WEEK = week("2026-W47")
ITEMS = {item.sku: item for item in demo.catalogue(MONDAY)}
DECISION = Decision(
    decision_id="d1", sku="OWN-001", price_minor=127_302, previous_minor=129_900, currency="CNY",
    decided_at=MONDAY + 2 * DAY_MS + HOUR_MS, proposal_id="proposal_0_2.0", approved_by=("mei",),
)  # fmt: skip


def facts(**fields: object) -> Facts:
    known: dict[str, object] = {
        "period": WEEK, "events": [], "items": ITEMS, "prices_before": [], "prices_now": [], "proposals": [],
        "decisions": [], "decisions_after": [], "sales": [], "alerts": [], "alerts_before": [], "recorded": True,
    }  # fmt: skip
    return Facts(**{**known, **fields})  # type: ignore[arg-type]


def full() -> Brief:
    found = sorted({event.event_id: event for event in events()}.values(), key=lambda event: event.observed_at)
    return brief_of(
        facts(
            events=found,
            proposals=[(proposal(0, 2.0), "published")],
            decisions=[DECISION],
            sales=sales(),
            prices_now=[point("jd", "OWN-001", 120_000)],
        )
    )


def point(shop: str, sku: str, price: int, **more: object) -> PricePoint:
    return PricePoint(shop, sku, MONDAY, price, sku=sku, **{"currency": "CNY", **more})  # type: ignore[arg-type]


def test_a_product_is_told_from_its_first_price_to_its_last() -> None:
    brief = brief_of(facts(events=[move("jd", 0, 1, 10_000, 9_000), move("jd", 0, 2, 9_000, 8_000)]))

    (cut,) = brief.cuts
    assert (cut.from_minor, cut.to_minor, cut.change_bp, cut.moves) == (10_000, 8_000, -2000, 2)
    assert (brief.shops[0].cuts, brief.shops[0].products, brief.shops[0].median_cut_bp) == (2, 1, -2000)
    assert [(down, up) for _, down, up in brief.by_day] == [(0, 0), (1, 0), (1, 0), (0, 0), (0, 0), (0, 0), (0, 0)]


def test_a_campaign_seen_in_several_partitions_is_one() -> None:
    def mass(number: int, moved: int) -> MassMove:
        return MassMove(
            event_id=f"m{number}",
            competitor="jd",
            product_id="",
            observed_at=MONDAY + number,
            verdict="campaign",
            reason="x",
            products_moved=moved,
            products_seen=50,
            median_change_bp=-900,
        )

    assert [one.products_moved for one in brief_of(facts(events=[mass(1, 30), mass(2, 44)])).campaigns] == [44]


def test_our_position_compares_with_the_cheapest_that_can_deliver_in_our_currency() -> None:
    brief = brief_of(
        facts(
            prices_now=[
                point("jd", "OWN-001", 129_900),
                point("tianmao", "OWN-001", 100_000, availability="OutOfStock"),
                point("jd", "OWN-002", 30_000),
                point("jd", "OWN-003", 99_900),
                point("jd", "OWN-004", 1, currency="EUR"),
                point("jd", "OWN-005", 1, price_type="used"),
            ]
        )
    )

    assert brief.position_now == Position(cheaper=1, even=1, dearer=1)
    assert [(item.sku, found.price_minor) for item, found in brief.dearest] == [("OWN-002", 30_000)]
    assert brief.position_before.compared == 0


def test_our_price_at_either_end_follows_from_the_decisions() -> None:
    later = Decision(
        decision_id="d2", sku="OWN-001", price_minor=1, previous_minor=127_302, currency="CNY",
        decided_at=WEEK.end + 5, proposal_id="p",
    )  # fmt: skip
    theirs = [point("jd", "OWN-001", 127_302)]

    brief = brief_of(facts(decisions=[DECISION], decisions_after=[later], prices_now=theirs, prices_before=theirs))

    assert brief.position_now == Position(0, 1, 0)
    assert brief.position_before == Position(0, 0, 1)


def test_what_a_cut_brought_is_units_and_profit_beside_the_days_before() -> None:
    act = full().acts[0]

    assert act.answered_ms == HOUR_MS + 40_000
    assert act.units_before is not None
    assert act.units_after is not None
    assert act.units_after > act.units_before
    item = ITEMS["OWN-001"]
    assert item.cost_minor is not None
    spent = item.cost_minor + item.fees_minor
    expected = (127_302 - spent) * act.units_after - (129_900 - spent) * act.units_before
    assert act.profit_minor_a_day == round(expected)
    assert brief_of(facts(decisions=[DECISION])).acts[0].units_after is None


def test_alerts_are_judged_by_people() -> None:
    found = [
        Judged("price", "red", "jd", MONDAY, MONDAY + 60_000, None),
        Judged("price", "yellow", "jd", MONDAY, MONDAY + 180_000, "no"),
        Judged("price", "yellow", "jd", MONDAY, None, None),
    ]
    before = [Judged("price", "red", "jd", MONDAY, MONDAY + 1, None) for _ in range(3)]

    brief = brief_of(facts(alerts=found, alerts_before=[*before, found[1]]))
    watch = brief.watch

    assert (watch.opened, watch.red, watch.acknowledged, watch.answer_ms) == (3, 1, 2, 120_000)
    assert (watch.precision, watch.precision_before, watch.wrong) == (0.5, 0.75, (("no", 1),))
    assert "50 % were right (75 % in the period before); called wrong: 1." in page(brief, "en", {})
    assert "已判定告警的准确率 50%（上期 75%），误报 1 条。" in page(brief, "zh", {})


@pytest.mark.parametrize(
    ("text", "zone", "start", "days"),
    [
        ("2026-W47", "UTC", "2026-11-16T00:00:00.000Z", 7),
        ("2026-W47", "Asia/Shanghai", "2026-11-15T16:00:00.000Z", 7),
        ("2026-W01", "UTC", "2025-12-29T00:00:00.000Z", 7),
        ("2026-W44", "Europe/Berlin", "2026-10-25T23:00:00.000Z", 7),
    ],
)
def test_a_week_goes_from_local_monday_to_monday(text: str, zone: str, start: str, days: int) -> None:
    found = week(text, zone)

    assert (to_iso(found.start), len(found.days) - 1, found.monthly) == (start, days, False)
    assert week_of(found.start, zone) == text
    assert week_of(found.end - 1, zone) == text


def test_a_month_knows_its_days_and_the_clock_that_changes() -> None:
    found = month("2026-10", "Europe/Berlin")

    assert (len(found.days) - 1, found.monthly) == (31, True)
    assert found.end - found.start == 31 * DAY_MS + HOUR_MS


@pytest.mark.parametrize("text", ["2026-W54", "2026-47", "W47", "2026-W00", "", "2026-W4x"])
def test_a_week_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="a week is written 2026-W47"):
        week(text)


@pytest.mark.parametrize("text", ["2026-13", "2026-W47", "11-2026"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="a month is written 2026-11"):
        month(text)


class Markup(HTMLParser):
    """Names of elements and every attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src") and str(value)[:1] != "#"}
        assert not any(name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_tells_all_and_lets_no_shop_speak_html(language: str) -> None:
    text = render(full(), language)  # type: ignore[arg-type]

    markup = Markup()
    markup.feed(text)
    assert not markup.elements & {"script", "iframe", "object", "embed", "form"}
    assert all(found.startswith("https://shop.example/") for found in markup.links)
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "竞品动态简报" in text if language == "zh" else "Competitor brief" in text
    assert text.count("<svg") == 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_week_is_a_page_too(language: str) -> None:
    brief = brief_of(facts(items={}, recorded=False))

    assert "priceradar worker recorder" in render(brief, language, "data/recordings")  # type: ignore[arg-type]
    assert len(in_short(brief, language)) == 2  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_a_title_says_the_page_has_the_same_elements(name: str, shop: str) -> None:
    def elements(title: str, who: str) -> set[str]:
        markup = Markup()
        brief = brief_of(facts(events=[move(who or "x", 0, 1, 10_000, 8_000, name=title)]))
        markup.feed(page(brief, "en", {}))
        return markup.elements

    assert elements(name, shop) == elements("Kettle", "jd")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80))
def test_no_cell_of_the_table_is_a_formula(name: str) -> None:
    text = moves_csv(brief_of(facts(events=[move("=jd()", 0, 1, 10_000, 8_000, name=name)])))

    (_, row) = csv.reader(io.StringIO(text))
    assert not any(cell[:1] in tuple("=+@\t\r") for cell in row)
    assert row[0] == "'=jd()"


def test_plots_are_the_same_each_time_and_draw_any_letters() -> None:
    brief = brief_of(facts(events=[move("jd", 0, 1, 10_000, 8_000, name=f"{HOSTILE} $\\frac{{$ 𓀀")]))
    first, second = (svg(plots(brief, "zh")["cuts"]) for _ in range(2))

    assert first == second
    assert png(plots(brief, "zh")["cuts"]).startswith(b"\x89PNG")


def test_every_word_has_the_same_slots_in_both_languages() -> None:
    for name, (english, chinese) in {**WORDS, **PROMOTIONS, **STATUS}.items():
        slots = [{slot for slot in "0123456" if f"{{{slot}}}" in text} for text in (english, chinese)]
        assert slots[0] == slots[1], name


def test_the_template_is_there() -> None:
    assert (Path(__file__).parents[3] / "reports" / "templates" / "brief.html.j2").is_file()
