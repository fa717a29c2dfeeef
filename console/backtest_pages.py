"""Backtests that ended or run, and their reports."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from console.desk import Reader, TheDesk
from console.render import page

router = APIRouter(include_in_schema=False)
# A report is a file of its own with its style inside; it may run nothing here.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@router.get("/backtests")
def backtests(request: Request, person: Reader, desk: TheDesk) -> HTMLResponse:
    """Backtests kept in `<data>/backtests/<name>`, the newest first."""
    trials = desk.trials
    values = {"rows": trials.results(), "running": trials.job.running(), "failed": trials.job.failed()}
    return page(
        request, "backtests.html", person.lang, person=person, section="backtests", folder=trials.folder, **values
    )


@router.get("/backtests/{name}/report.html")
def report(_person: Reader, desk: TheDesk, name: str) -> Response:
    """The report of one backtest."""
    return FileResponse(desk.trials.report(name), headers={"Content-Security-Policy": SANDBOX})
