"""A parcel as people read it: title, lines and buttons, in English or Chinese. Nothing is escaped yet."""

from __future__ import annotations

import msgspec

from alerts.escape import clean, link
from alerts.phrases import in_chinese
from alerts.routing import Parcel
from alerts.text import Language, headline
from contracts.alerts import Alert, Severity
from contracts.money import format_minor

MOST_LINES = 20
LEVEL_WORDS: dict[Severity, str] = {"green": "提示", "yellow": "关注", "red": "紧急"}


class Message(msgspec.Struct, frozen=True):
    """What a card shows. `buttons` are pairs of label and URL; all other texts are hostile until escaped.

    `level` is the severity in words, `figure` the change where it is about one ("-20.0 %"),
    `prices` what it was and is.
    """

    title: str
    severity: Severity
    lines: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]
    level: str = ""
    figure: str = ""
    prices: str = ""


def message_of(parcel: Parcel, language: Language, console: str) -> Message:
    """The message of a parcel; `console` is the address at which people reach the console."""
    if len(parcel.alerts) > 1:
        return _digest(parcel, language, console)
    alert = parcel.alerts[0]
    zh = language == "zh"
    level = level_of(alert, language)
    lines = [in_chinese(reason) if zh else reason for reason in alert.reasons]
    if parcel.escalated:
        lines.insert(0, "无人确认，已升级。" if zh else "Escalated: nobody acknowledged it.")
    lines = [*_doubt(parcel, language), *lines]
    page = f"{console}/alerts/{alert.alert_id}"
    buttons = [("查看并确认" if zh else "Look and acknowledge", page)]
    if link(alert.url):
        buttons.append(("竞品页面" if zh else "Shop's page", link(alert.url)))
    return Message(
        title=f"[{level}] {clean(headline(alert, language))}",
        severity=alert.severity,
        lines=tuple(lines),
        buttons=tuple(buttons),
        level=level,
        figure=f"{alert.change_bp / 100:+.1f} %" if alert.change_bp else "",
        prices=_prices(alert, language),
    )


def _doubt(parcel: Parcel, language: Language) -> list[str]:
    """What tells a reader that a message may be the second of its kind."""
    if not parcel.doubtful:
        return []
    return ["可能重复：此前是否送达未知。" if language == "zh" else "Perhaps a repeat: nobody said whether it arrived."]


def level_of(alert: Alert, language: Language) -> str:
    """The severity of an alert in words."""
    return LEVEL_WORDS[alert.severity] if language == "zh" else alert.severity.upper()


def _prices(alert: Alert, language: Language) -> str:
    if alert.from_minor is None or alert.to_minor is None:
        return ""
    return " → ".join(format_minor(minor, alert.currency, language) for minor in (alert.from_minor, alert.to_minor))


def _digest(parcel: Parcel, language: Language, console: str) -> Message:
    zh = language == "zh"
    alerts = parcel.alerts
    red = sum(alert.severity == "red" for alert in alerts)
    title = f"{len(alerts)} 条告警，其中紧急 {red} 条" if zh else f"{len(alerts)} alerts, {red} of them red"
    if parcel.escalated:
        title = (
            f"{len(alerts)} 条告警无人确认，已升级" if zh else f"Escalated: nobody acknowledged {len(alerts)} alerts"
        )
    lines = [f"{level_of(alert, language)} {clean(headline(alert, language))}" for alert in alerts[:MOST_LINES]]
    if len(alerts) > MOST_LINES:
        more = len(alerts) - MOST_LINES
        lines.append(f"另有 {more} 条" if zh else f"and {more} more")
    lines = [*_doubt(parcel, language), *lines]
    buttons = (("全部告警" if zh else "All alerts", f"{console}/alerts"),)
    return Message(title, alerts[0].severity, tuple(lines), buttons, level_of(alerts[0], language))
