"""Templates, and how amounts, times and changes are written on a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.escape import link
from alerts.phrases import in_chinese
from alerts.text import headline
from console.acts import act_name, told
from console.phrases import phrase
from console.zone import local, zone_name
from contracts.money import format_minor
from contracts.times import to_iso
from ledger.models import AuditRow
from pricing.phrases import GUARDS, REASON_TEXTS, STOPPED_TEXTS

FOLDER = Path(__file__).parent
LOCALES = {"en": "en", "zh": "zh_CN"}
SECTIONS = (
    "overview",
    "alerts",
    "proposals",
    "products",
    "matches",
    "briefs",
    "policies",
    "backtests",
    "audit",
    "people",
)


def money(amount: int | None, currency: str, lang: str = "en") -> str:
    """An amount as people write it, a dash where there is none."""
    return "–" if amount is None or not currency else format_minor(amount, currency, LOCALES[lang])


def percent(bp: int | None) -> str:
    """Basis points as per cent with a sign."""
    return "–" if bp is None else f"{bp / 100:+.1f} %"


def moment(ms: int | None) -> str:
    """A time on the reader's clock, to the second."""
    return "–" if not ms else f"{local(ms):%Y-%m-%d %H:%M:%S}"


def minute(ms: int | None) -> str:
    """A time on the reader's clock, to the minute."""
    return moment(ms)[:16]


def span(ms: int, lang: str = "en") -> str:
    """A stretch of time in its largest unit."""
    for size, en, zh in ((86_400_000, "d", "天"), (3_600_000, "h", "小时"), (60_000, "min", "分钟")):
        if ms >= size:
            return f"{ms // size} {en if lang == 'en' else zh}"
    return f"{max(ms, 0) // 1000} {'s' if lang == 'en' else '秒'}"


def clock(ms: int, now: int) -> str:
    """A time as briefly as it is clear: the hour today, else the day, too."""
    return moment(ms)[11:] if moment(ms)[:10] == moment(now)[:10] else moment(ms)[5:16]


def count(number: object) -> str:
    """A number with its thousands apart, a dash for none."""
    return f"{number:,}" if isinstance(number, int | float) else "–"


def share(bp: int | None) -> str:
    """Basis points as a share in per cent."""
    return "–" if bp is None else f"{bp / 100:.1f} %"


def guard(name: str, lang: str) -> str:
    """A guard in the reader's language."""
    return GUARDS[lang].get(name) or name.replace("_", " ")


def objection(name: str, lang: str) -> str:
    """Why a proposal was held back or stopped, in the reader's language."""
    return REASON_TEXTS[lang].get(name) or STOPPED_TEXTS[lang].get(name) or name.replace("_", " ")


SUBJECTS = {
    "alert": ("acknowledge", "assign", "snooze", "false_positive"),
    "proposal": ("approve", "reject", "decide", "withhold", "expire", "escalate", "undo"),
    "decision": ("hold",),
}


def act_link(act: AuditRow) -> str:
    """The page of what an act was about, where it has one."""
    found = next((kind for kind, actions in SUBJECTS.items() if act.action in actions), None)
    if found is not None:
        return f"/{found}s/{quote(act.subject, safe='')}"
    if act.action in ("delegate", "revoke_delegation"):
        return "/delegations"
    return f"/policies?{query(version=act.subject)}" if act.action.endswith("_policy") else ""


def yes_no(text: str, say: Callable[..., str]) -> str:
    """A setting as people read it: true and false in words."""
    return say({"true": "yes", "false": "no"}[text]) if text in ("true", "false") else text


def query(**values: object) -> str:
    """A query string of the values that are set."""
    return urlencode({name: value for name, value in values.items() if value not in (None, "")})


def reason(text: str, lang: str) -> str:
    """A reason of an alert in the reader's language."""
    return in_chinese(text) if lang == "zh" else text


ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(
    money=money,
    percent=percent,
    share=share,
    count=count,
    moment=moment,
    minute=minute,
    clock=clock,
    iso=to_iso,
    span=span,
    link=link,
    reason=reason,
    headline=headline,
    guard=guard,
    objection=objection,
    act_link=act_link,
    yes_no=yes_no,
    act_name=act_name,
    told=told,
)
ENVIRONMENT.globals.update(query=query, zone_name=zone_name)


def fragment(name: str, lang: str, **values: Any) -> str:
    """A template that is part of a page."""

    def say(key: str, *slots: object) -> str:
        return phrase(lang, key, *slots)

    return ENVIRONMENT.get_template(name).render(t=say, lang=lang, **values)


def page(request: Request, name: str, lang: str, code: int = 200, **values: Any) -> HTMLResponse:
    """A whole page; its language is kept for the next one."""
    known: dict[str, Any] = {"person": None, "section": "", "sections": SECTIONS, "now": time.time_ns() // 1_000_000}
    if values.get("person") is not None:
        known["badges"] = request.app.state.desk.badges()
    theme = request.cookies.get("theme", "")
    params = dict(request.query_params)
    params["lang"] = "en" if lang == "zh" else "zh"
    known |= {"theme": theme if theme in ("dark", "light") else "", "other_language": "?" + urlencode(params)}
    response = HTMLResponse(fragment(name, lang, **{**known, **values}), code)
    response.set_cookie("lang", lang, max_age=365 * 86_400, samesite="lax", httponly=True)
    return response
