"""The weekly brief and the monthly report: read, downloaded, and asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from console.backtest_pages import SANDBOX
from console.desk import NO_NUL, Reader, TheDesk, Writer, need, now_ms
from console.job import environment_of
from console.render import page
from contracts.times import DAY_MS, EPOCH, MILLISECOND
from reports.periods import week_of

router = APIRouter(include_in_schema=False)
WEEKS, MONTHS = 9, 4
MEDIA = {"html": "text/html", "pdf": "application/pdf", "csv": "text/csv"}
Text = Annotated[str, Form(max_length=20, pattern=NO_NUL)]


def periods(now: int, timezone: str) -> list[str]:
    """Weeks and months to choose from, this week and this month among them, the newest first."""
    weeks = [week_of(now - 7 * DAY_MS * back, timezone) for back in range(WEEKS)]
    first = (EPOCH + now * MILLISECOND).astimezone(ZoneInfo(timezone)).replace(day=1)
    months = []
    for _ in range(MONTHS):
        months.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return [*weeks, *months]


@router.get("/briefs")
def briefs(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Briefs that were written, and the form to ask for one."""
    choices = periods(now_ms(), desk.policy.alerting.timezone)
    values: dict[str, Any] = {"rows": desk.briefs.listed(), "running": desk.briefs.job.running()}
    values |= {"failed": desk.briefs.job.failed(), "choices": choices, "chosen": choices[1]}
    return page(request, "briefs.html", person.lang, person=person, section="briefs", **values)


@router.post("/briefs")
def written(person: Writer, desk: TheDesk, period: Text, lang: Text) -> Response:
    """Have a brief written; what was there of that week or month is written anew."""
    need(person, "brief")
    desk.briefs.write(period, lang, environment_of(desk.ledger, desk.options.data), now_ms())
    return RedirectResponse("/briefs", 303)


@router.get("/briefs/{name}.{suffix}")
def shown(_person: Reader, desk: TheDesk, name: str, suffix: str) -> Response:
    """One brief, as a page in which nothing runs, as PDF, or its moves as CSV."""
    path = desk.briefs.file(name, suffix)
    headers = {"Content-Security-Policy": SANDBOX} if suffix == "html" else {}
    return FileResponse(
        path, media_type=MEDIA[suffix], headers=headers, filename=None if suffix == "html" else path.name
    )
