"""Signing in and out, the roles of the demo, and the first administrator."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console.desk import DEMO_PREFIX, NO_NUL, Desk, TheDesk, Writer, desk_of, language, now_ms, session_of
from console.phrases import phrase
from console.render import page
from console.security import COOKIE, SESSION_SECONDS
from contracts.errors import BadInputError, NotAllowedError
from ledger.users import ROLES

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]


def local(path: str) -> str:
    """A path of this console; anything else would lead people to a stranger's page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path else "/"


@router.get("/login")
def form(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002 the name in the URL
    """The form, or the first run's."""
    return _form(request, "", local(next), 200)


def _form(request: Request, error: str, after: str, status: int) -> HTMLResponse:
    desk = desk_of(request)
    first = bool(desk.setup_code) and not desk.demo and not desk.ledger.has_users()
    roles = ROLES if desk.demo else ()
    token = desk.sessions.forgery_token(session_of(request))
    values = {"error": error, "next": after, "roles": roles, "token": token}
    return page(request, "setup.html" if first else "login.html", language(request), status, **values)


@router.post("/login")
def sign_in(
    request: Request,
    desk: TheDesk,
    name: Text = "",
    password: Text = "",
    next: Text = "/",  # noqa: A002
    token: Text = "",
) -> Response:
    """Begin a session; after some wrong passwords one has to wait."""
    _ours(request, desk, token)
    keys = (f"name {name}", f"address {request.client.host if request.client else ''}")
    lang = language(request)
    if wait := desk.brake.wait_seconds(*keys):
        response = _form(request, phrase(lang, "slow_down", wait), local(next), 429)
        response.headers["Retry-After"] = str(wait)
        return response
    if desk.ledger.sign_in(name, password) is None:
        desk.brake.failed(*keys)
        return _form(request, phrase(lang, "wrong"), local(next), 401)
    return _begin(request, desk, name, local(next))


@router.post("/login/demo")
def demo(request: Request, desk: TheDesk, role: Text = "", next: Text = "/", token: Text = "") -> Response:  # noqa: A002
    """Sign in as a role of the demo, without a password."""
    _ours(request, desk, token)
    if not desk.demo or role not in ROLES:
        raise NotAllowedError("signing in without a password is for the demo")
    return _begin(request, desk, DEMO_PREFIX + role, local(next))


@router.post("/setup")
def first_admin(
    request: Request, desk: TheDesk, name: Text = "", password: Text = "", code: Text = "", token: Text = ""
) -> Response:
    """The first administrator, by the code that the console printed."""
    _ours(request, desk, token)
    if not desk.setup_code or desk.demo or desk.ledger.has_users():
        raise NotAllowedError("there are people already; an administrator adds others")
    if wait := desk.brake.wait_seconds("setup"):
        return _form(request, phrase(language(request), "slow_down", wait), "/", 429)
    if not hmac.compare_digest(desk.setup_code.encode(), code.strip().encode()):
        desk.brake.failed("setup")
        return _form(request, phrase(language(request), "wrong"), "/", 401)
    try:
        desk.ledger.add_user(name.strip(), "admin", password, now_ms(), "setup")
    except BadInputError as error:
        return _form(request, str(error), "/", 400)
    return _begin(request, desk, name.strip(), "/")


@router.post("/logout")
def sign_out(_person: Writer) -> Response:
    """End the session of this browser."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def _ours(request: Request, desk: Desk, token: str) -> None:
    if not desk.sessions.is_ours(session_of(request), token):
        raise NotAllowedError("this form is too old or not ours; load the page again")


def _begin(request: Request, desk: Desk, name: str, after: str) -> Response:
    response = RedirectResponse(after, 303)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, desk.sessions.begin(name), max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return response
