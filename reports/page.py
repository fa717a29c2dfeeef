"""A brief as one HTML page without scripts or links to anything it needs. What a shop said is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from alerts.escape import clean, link
from alerts.phrases import PROMOTIONS, in_chinese
from contracts.money import format_minor
from pricing.phrases import REASON_TEXTS
from reports.brief import Brief
from reports.plots import plots, png, svg
from reports.words import STATUS, Language, duration, named, word

MOST = 20  # rows of a table
PLOTS = ("days", "cuts", "index", "brought")


def render(brief: Brief, language: Language, recordings: str = "") -> str:
    """The page, with its plots in it as SVG."""
    return page(brief, language, {name: svg(figure) for name, figure in plots(brief, language).items()}, recordings)


def mail(brief: Brief, language: Language, recordings: str = "") -> tuple[str, dict[str, bytes]]:
    """The page for mail programs, which show no SVG, and its plots as PNG by the id the page knows them by."""
    drawn = {name: png(figure) for name, figure in plots(brief, language).items()}
    pictures = {name: f'<img src="cid:{name}" width="720" alt="">' for name in drawn}
    return page(brief, language, pictures, recordings), drawn


def title_of(brief: Brief, language: Language) -> str:
    """What it is called, with its week or month."""
    return f"{word('title_month' if brief.period.monthly else 'title_week', language)} {brief.period.name}"


def page(brief: Brief, language: Language, pictures: Mapping[str, str], recordings: str = "") -> str:
    """The page with pictures as given: markup by name of plot."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters.update(clean=clean, link=link)
    w: Callable[..., str] = partial(_word, language)
    text = environment.get_template("brief.html.j2").render(
        b=brief,
        lang="zh-CN" if language == "zh" else "en",
        title=w("title_month" if brief.period.monthly else "title_week"),
        w=w,
        most=MOST,
        plots={name: Markup(pictures.get(name, "")) for name in PLOTS},  # noqa: S704 our own drawings
        recordings=recordings,
        short=in_short(brief, language),
        figures=_figures(brief, language),
        alerts_line=_alerts(brief, language),
        money=partial(_money, language),
        when=lambda at: f"{brief.period.local(at):%m-%d %H:%M}",
        day=lambda at: f"{brief.period.local(at):%Y-%m-%d}",
        reason=lambda reason: in_chinese(reason) if language == "zh" else reason,
        promotion=lambda kind: named(PROMOTIONS, kind, language),
        status=lambda name: named(STATUS, name, language),
        guard=lambda name: REASON_TEXTS[language].get(name, name.replace("_", " ")),
        duration=lambda ms: duration(ms, language),
    )
    return text + "\n"


def in_short(brief: Brief, language: Language) -> list[str]:
    """The sentences at the top: what somebody who reads nothing else should know."""
    lines = [_moved(brief, language), *_most(brief, language), *_campaigns(brief, language)]
    listed = sum(shop.listed for shop in brief.shops)
    novel = sum(promotion.novel for promotion in brief.promotions)
    if listed or brief.promotions:
        lines.append(word("short_new", language, len(brief.promotions), novel, listed))
    now, before = brief.position_now, brief.position_before
    if now.compared:
        began = word("short_position_before", language, before.cheaper, before.even, before.dearer)
        numbers = (now.compared, now.cheaper, now.even, now.dearer)
        lines.append(word("short_position", language, *numbers, began if before.compared else ""))
    return [*lines, *_brought(brief, language)]


def _moved(brief: Brief, language: Language) -> str:
    cuts, rises = sum(shop.cuts for shop in brief.shops), sum(shop.rises for shop in brief.shops)
    if not cuts + rises:
        return word("short_still", language)
    shops = sum(shop.cuts + shop.rises > 0 for shop in brief.shops)
    return word("short_moved", language, shops, f"{cuts + rises:,}", f"{cuts:,}", f"{rises:,}")


def _most(brief: Brief, language: Language) -> list[str]:
    first = brief.shops[0] if len(brief.shops) > 1 else None
    if first is None or first.median_cut_bp is None:
        return []
    return [word("short_most", language, clean(first.name), first.products, f"{-first.median_cut_bp / 100:.1f}")]


def _campaigns(brief: Brief, language: Language) -> list[str]:
    return [
        word(
            "short_campaign",
            language,
            clean(one.competitor),
            one.products_moved,
            one.products_seen,
            f"{brief.period.local(one.observed_at):%m-%d}",
            f"{one.median_change_bp / 100:+.1f}",
        )
        for one in brief.campaigns[:3]
        if one.verdict == "campaign"
    ]


def _brought(brief: Brief, language: Language) -> list[str]:
    lines = [word("short_acts", language, len(brief.acts))]
    known = [act for act in brief.acts if act.units_before is not None and act.units_after is not None]
    currencies = {act.decision.currency for act in known if act.profit_minor_a_day is not None}
    if known and len(currencies) == 1:
        profit = sum(act.profit_minor_a_day or 0 for act in known)
        before, after = (
            f"{sum(units or 0.0 for units in side):,.1f}"
            for side in ([act.units_before for act in known], [act.units_after for act in known])
        )
        amount = format_minor(profit, currencies.pop(), language)
        lines.append(word("short_brought", language, len(known), len(brief.acts), before, after, amount))
    return lines


def _figures(brief: Brief, language: Language) -> list[tuple[str, str]]:
    counts = {
        "cuts": sum(shop.cuts for shop in brief.shops),
        "rises": sum(shop.rises for shop in brief.shops),
        "promotions": len(brief.promotions),
        "listed": sum(shop.listed for shop in brief.shops),
        "alerts": brief.watch.opened,
        "changed": len(brief.acts),
    }
    return [(f"{number:,}", word(name, language)) for name, number in counts.items()]


def _alerts(brief: Brief, language: Language) -> str:
    watch = brief.watch
    answered = duration(watch.answer_ms, language) if watch.answer_ms is not None else "-"
    line = word("alerts_line", language, watch.opened, watch.red, watch.before, watch.acknowledged, answered)
    apart = "" if language == "zh" else " "
    if watch.precision is None:
        return f"{line}{apart}{word('precision_unknown', language)}"
    known = watch.precision_before
    before = "" if known is None else word("precision_before", language, f"{known * 100:.0f}")
    figures = (f"{watch.precision * 100:.0f}", watch.false_positives, before)
    return f"{line}{apart}{word('precision_line', language, *figures)}"


def _word(language: Language, name: str, *values: object) -> str:
    return word(name, language, *values)


def _money(language: Language, minor: int | None, currency: str) -> str:
    return "" if minor is None else format_minor(minor, currency, language)
