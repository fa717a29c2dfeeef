"""The console's ASGI app: the pages, the REST API, whether it lives, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest
from starlette.middleware.sessions import SessionMiddleware

from console import (
    alert_pages,
    api,
    approval_api,
    backtest_pages,
    brief_pages,
    decision_pages,
    delegation_pages,
    evidence,
    match_pages,
    office_pages,
    overview_pages,
    policy_pages,
    product_pages,
    proposal_pages,
    sign_in,
    zone,
)
from console.described import describe
from console.desk import Desk, SignInNeededError, language
from console.oidc import COOKIE as SSO_COOKIE
from console.oidc import COOKIE_SECONDS
from console.options import Options
from console.render import FOLDER, page
from contracts.errors import BadInputError, NotAllowedError, NotFoundError, PriceRadarError
from ledger.store import Ledger

PENDING = Gauge("priceradar_approvals_pending", "Proposals that wait for people to sign them")
ANSWERED = Histogram("priceradar_console_response_seconds", "Time until a page or an API answer begins")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OWN_SITE = ("same-origin", "none")
STATUS = {NotFoundError: 404, NotAllowedError: 403, BadInputError: 400}
ROOMS = (
    sign_in,
    overview_pages,
    alert_pages,
    proposal_pages,
    decision_pages,
    delegation_pages,
    product_pages,
    match_pages,
    policy_pages,
    backtest_pages,
    brief_pages,
    office_pages,
    evidence,
    approval_api,
    api,
)
Next = Callable[[Request], Awaitable[Response]]


def create_app(ledger: Ledger, options: Options | None = None) -> FastAPI:
    """The app over an open ledger."""
    options = options or Options()
    app = FastAPI(title="PriceRadar", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.desk = Desk(ledger, options)
    app.router.add_event_handler("shutdown", app.state.desk.trials.job.stop)
    app.router.add_event_handler("shutdown", app.state.desk.briefs.job.stop)
    if options.oidc is not None:
        app.add_middleware(
            SessionMiddleware,
            secret_key=app.state.desk.sessions.derived("sso"),
            session_cookie=SSO_COOKIE,
            max_age=COOKIE_SECONDS,
            https_only=options.is_https,
        )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.middleware("http")(_guarded)
    app.exception_handler(SignInNeededError)(_sign_in)
    app.exception_handler(PriceRadarError)(_failed)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    _watching(app, ledger)
    for room in ROOMS:
        app.include_router(room.router)
    return app


def _watching(app: FastAPI, ledger: Ledger) -> None:
    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, Any]:
        """Alive, and the ledger answers."""
        return {"ok": True, "first_run": not ledger.has_users(), "at": time.time_ns() // 1_000_000}

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        PENDING.set(ledger.proposal_counts().get("pending", 0))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _guarded(request: Request, call_next: Next) -> Response:
    started = time.perf_counter()
    zone.read_by(request.cookies.get(zone.COOKIE, ""))
    if "\x00" in request.url.path or b"%00" in request.scope["query_string"]:
        response: Response = JSONResponse({"detail": "an address has no NUL in it"}, 400)
    elif request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site", "none") not in OWN_SITE:
        # Beside the form's token: browsers say themselves who sent a form, also before anybody signed in.
        response = JSONResponse({"detail": "this form came from another site"}, 403)
    else:
        response = await call_next(request)
    ANSWERED.observe(time.perf_counter() - started)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.url.path.startswith("/static"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _sign_in(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith(("/api/", "/live/")):
        headers = {"WWW-Authenticate": 'Basic realm="PriceRadar"'}
        return JSONResponse({"detail": "wrong name or password"}, 401, headers)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(target if request.method == 'GET' else '/', safe='')}", 303)


async def _failed(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": str(error)}, status)
    return page(request, "error.html", language(request), status, message=str(error))
