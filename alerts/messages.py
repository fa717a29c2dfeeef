"""A parcel as people read it: title, lines and buttons, in English or Chinese. Nothing is escaped yet."""

from __future__ import annotations

import msgspec

from alerts.escape import clean, link
from alerts.phrases import in_chinese
from alerts.routing import Parcel
from alerts.text import Language, headline
from contracts.alerts import Alert, Severity

MOST_LINES = 20
LEVEL_WORDS: dict[Severity, str] = {"green": "提示", "yellow": "关注", "red": "紧急"}


class Message(msgspec.Struct, frozen=True):
    """What a card shows. `buttons` are pairs of label and URL; all other texts are hostile until escaped."""

    title: str
    severity: Severity
    lines: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]


def message_of(parcel: Parcel, language: Language, console: str) -> Message:
    """The message of a parcel; `console` is the address at which people reach the console."""
    if len(parcel.alerts) > 1:
        return _digest(parcel, language, console)
    alert = parcel.alerts[0]
    zh = language == "zh"
    level = LEVEL_WORDS[alert.severity] if zh else alert.severity.upper()
    lines = [in_chinese(reason) if zh else reason for reason in alert.reasons]
    if parcel.escalated:
        lines.insert(0, "无人确认，已升级。" if zh else "Escalated: nobody acknowledged it.")
    page = f"{console}/alerts/{alert.alert_id}"
    buttons = [("查看并确认" if zh else "Look and acknowledge", page)]
    if link(alert.url):
        buttons.append(("竞品页面" if zh else "Shop's page", link(alert.url)))
    return Message(f"[{level}] {clean(headline(alert, language))}", alert.severity, tuple(lines), tuple(buttons))


def _digest(parcel: Parcel, language: Language, console: str) -> Message:
    zh = language == "zh"
    alerts = parcel.alerts
    red = sum(alert.severity == "red" for alert in alerts)
    title = f"{len(alerts)} 条告警，其中紧急 {red} 条" if zh else f"{len(alerts)} alerts, {red} of them red"
    lines = [_line(alert, language) for alert in alerts[:MOST_LINES]]
    if len(alerts) > MOST_LINES:
        more = len(alerts) - MOST_LINES
        lines.append(f"另有 {more} 条" if zh else f"and {more} more")
    return Message(
        title, alerts[0].severity, tuple(lines), (("全部告警" if zh else "All alerts", f"{console}/alerts"),)
    )


def _line(alert: Alert, language: Language) -> str:
    level = LEVEL_WORDS[alert.severity] if language == "zh" else alert.severity.upper()
    return f"{level} {clean(headline(alert, language))}"
