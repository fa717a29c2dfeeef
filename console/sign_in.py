"""Signing in and out, the roles of the demo, and the first administrator."""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console.desk import DEMO_PREFIX, NO_NUL, Desk, TheDesk, Writer, address_of, desk_of, language, now_ms, session_of
from console.phrases import phrase
from console.render import page
from console.security import COOKIE, SESSION_SECONDS
from contracts.errors import BadInputError, NotAllowedError, NotFoundError
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
    first = bool(desk.options.setup_code) and not desk.options.demo_login and not desk.ledger.has_users()
    roles = ROLES if desk.options.demo_login else ()
    token = desk.sessions.forgery_token(session_of(request))
    values = {"error": error, "next": after, "roles": roles, "token": token, "oidc": desk.options.oidc}
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
    keys = (f"name {name}", f"address {address_of(request)}")
    lang = language(request)
    if wait := desk.brake.wait_seconds(*keys):
        response = _form(request, phrase(lang, "slow_down", wait), local(next), 429)
        response.headers["Retry-After"] = str(wait)
        return response
    if desk.ledger.sign_in(name, password) is None:
        desk.brake.failed(*keys)
        desk.refused(request, name, "password")
        return _form(request, phrase(lang, "wrong"), local(next), 401)
    return begin(request, desk, name, local(next), "password")


@router.post("/login/demo")
def demo(request: Request, desk: TheDesk, role: Text = "", next: Text = "/", token: Text = "") -> Response:  # noqa: A002
    """Sign in as a role of the demo, without a password."""
    _ours(request, desk, token)
    if not desk.options.demo_login or role not in ROLES:
        raise NotAllowedError("signing in without a password is for the demo")
    return begin(request, desk, DEMO_PREFIX + role, local(next), "demo")


@router.get("/login/sso")
async def elsewhere(request: Request, desk: TheDesk, next: str = "/") -> Response:  # noqa: A002
    """Go to the server that vouches for people."""
    if desk.options.oidc is None:
        raise NotFoundError("people sign in here with a name and password; there is no [oidc] in the settings")
    request.session["next"] = local(next)
    address = desk.options.address.rstrip("/")
    back = f"{address}/login/sso/back" if address else str(request.url_for("back_again"))
    answer: Response = await desk.options.oidc.leave(request, back)
    return answer


@router.get("/login/sso/back")
async def back_again(request: Request, desk: TheDesk) -> Response:
    """Come back from there, and begin a session."""
    if desk.options.oidc is None:
        raise NotFoundError("people sign in here with a name and password; there is no [oidc] in the settings")
    name, role = await desk.options.oidc.come_back(request)
    known = None
    if not name.startswith(DEMO_PREFIX):
        known = await asyncio.to_thread(desk.ledger.came_from_elsewhere, name, role, now_ms())
    if known is None:
        raise NotAllowedError(f"{name[:60]} may not sign in here; an administrator adds people")
    after = local(request.session.pop("next", "/"))
    return await asyncio.to_thread(begin, request, desk, name, after, "sso")


@router.post("/setup")
def first_admin(
    request: Request, desk: TheDesk, name: Text = "", password: Text = "", code: Text = "", token: Text = ""
) -> Response:
    """The first administrator, by the code that the console printed."""
    _ours(request, desk, token)
    if not desk.options.setup_code or desk.options.demo_login or desk.ledger.has_users():
        raise NotAllowedError("there are people already; an administrator adds others")
    if wait := desk.brake.wait_seconds("setup"):
        return _form(request, phrase(language(request), "slow_down", wait), "/", 429)
    if not hmac.compare_digest(desk.options.setup_code.encode(), code.strip().encode()):
        desk.brake.failed("setup")
        desk.refused(request, "setup", "setup")
        return _form(request, phrase(language(request), "wrong"), "/", 401)
    try:
        desk.ledger.add_user(name.strip(), "admin", password, now_ms(), "setup")
    except BadInputError as error:
        return _form(request, str(error), "/", 400)
    return begin(request, desk, name.strip(), "/", "setup")


@router.post("/logout")
def sign_out(request: Request, desk: TheDesk, person: Writer) -> Response:
    """End the session of this browser, and its cookie with it wherever it may be."""
    session = session_of(request)
    if session is not None:
        desk.ledger.end_session(person.name, session.nonce, now_ms())
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def _ours(request: Request, desk: Desk, token: str) -> None:
    if not desk.sessions.is_ours(session_of(request), token):
        raise NotAllowedError("this form is too old or not ours; load the page again")


def begin(request: Request, desk: Desk, name: str, after: str, way: str) -> Response:
    """A session's cookie and the page that follows; `way` is how they signed in."""
    desk.ledger.session_began(name, way, now_ms())
    response = RedirectResponse(after, 303)
    secure = request.url.scheme == "https" or desk.options.is_https
    response.set_cookie(
        COOKIE, desk.sessions.begin(name), max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return response
