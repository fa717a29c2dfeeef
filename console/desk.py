"""What every page has at hand, and who asks for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Thread
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Form, HTTPException, Request

from console.briefs import Briefs
from console.live import Live
from console.options import Options
from console.security import COOKIE, Brake, Pace, Refusals, Session, Sessions
from console.trials import Trials
from contracts.approvals import Signer
from contracts.errors import BadInputError, NotAllowedError, PriceRadarError
from contracts.policy import Policy
from ledger import board, policies
from ledger.occasion import Occasion
from ledger.store import Ledger
from ledger.users import ROLES

log = logging.getLogger(__name__)
DEMO_PREFIX = "demo-"
LONGEST_NAME = 100
REQUESTS_A_SECOND, REQUESTS_AT_ONCE = 20.0, 200  # of one person: forms sent and what programs ask
POLICY_SECONDS, BADGE_SECONDS = 1.0, 3.0
NO_NUL = r"^[^\x00]*$"  # PostgreSQL has no such letter

# What a role may do; signing is decided by the ledger itself.
MAY: dict[str, tuple[str, ...]] = {
    "care": ("pricing", "marketing_director", "finance_director", "general_manager", "admin"),
    "match": ("analyst", "pricing", "admin"),
    "audit": tuple(role for role in ROLES if role != "viewer"),
    "people": ("admin",),
    "draft": tuple(role for role in ROLES if role != "viewer"),
    "brief": tuple(role for role in ROLES if role != "viewer"),
    "activate": ("marketing_director", "general_manager", "admin"),
}


class SignInNeededError(Exception):
    """Raised where nobody signed in; pages lead to the form, the API answers 401."""


class Person(msgspec.Struct, frozen=True):
    """Who asks, in which language, and the token their forms carry."""

    name: str
    role: str
    lang: str
    token: str

    def may(self, act: str) -> bool:
        """Whether this person's role allows an act."""
        return self.role in MAY[act]


class Desk:
    """The open ledger, the sessions and the settings of one console."""

    def __init__(self, ledger: Ledger, options: Options) -> None:
        self.ledger, self.options = ledger, options
        self.trials, self.briefs = Trials(options.data), Briefs(options.data)
        self.policies = {one.version: one for one in (options.policy, *options.policies)}
        self.sessions, self.brake, self.live = Sessions(options.secret), Brake(), Live(ledger)
        self._refusals = Refusals()
        self.pace = Pace(REQUESTS_A_SECOND, REQUESTS_AT_ONCE)
        self._kept: dict[str, tuple[float, Any]] = {}
        self._making: set[str] = set()

    def kept(self, name: str, seconds: float, make: Callable[[], Any]) -> Any:
        """A value that may be so old: what all pages share and what takes long to find."""
        known = self._kept.get(name)
        if known is None or time.monotonic() - known[0] > seconds:
            known = self._kept[name] = (time.monotonic(), make())
        return known[1]

    def kept_beside(self, name: str, seconds: float, make: Callable[[], Any]) -> Any:
        """As `kept`, for what takes long: only the first waits for it, later ones get the old value meanwhile."""
        known = self._kept.get(name)
        if known is None:
            return self.kept(name, seconds, make)
        if time.monotonic() - known[0] > seconds and name not in self._making:
            self._making.add(name)
            Thread(target=self._make, args=(name, make), daemon=True, name=f"console-{name}").start()
        return known[1]

    def _make(self, name: str, make: Callable[[], Any]) -> None:
        try:
            self._kept[name] = (time.monotonic(), make())
        except PriceRadarError as error:  # the ledger does not answer: the old value stays, and is tried again
            log.warning("%s could not be found anew: %s", name, error)
        finally:
            self._making.discard(name)

    def forget(self, name: str) -> None:
        """Find a kept value anew the next time: it was changed here."""
        self._kept.pop(name, None)

    @property
    def policy(self) -> Policy:
        """The policy in force: what people put into force here, unless the settings name another."""
        if self.options.fixed_policy:
            return self.options.policy
        active: Policy | None = self.kept("policy", POLICY_SECONDS, self._active)
        return active or self.options.policy

    def _active(self) -> Policy | None:
        with self.ledger.reading() as connection:
            return policies.active(connection)

    def occasion(self, person: Person) -> Occasion:
        """This person about to sign or to undo now, under the policy in force."""
        return Occasion(Signer(person.name, person.role), now_ms(), self.policy)

    def badges(self) -> dict[str, int]:
        """What waits for somebody, by section."""
        found: dict[str, int] = self.kept("badges", BADGE_SECONDS, self._badges)
        return found

    def _badges(self) -> dict[str, int]:
        with self.ledger.reading() as connection:
            review = board.matches_to_review(connection)
        pending = self.ledger.proposal_counts().get("pending", 0)
        return {"alerts": self.ledger.open_alert_counts().get("red", 0), "proposals": pending, "matches": review}

    def role_in(self, session: Session) -> str | None:
        """The role of who signed in, None where the session ended; in the demo `demo-<role>` is somebody, too."""
        role = session.name.removeprefix(DEMO_PREFIX)
        if self.options.demo_login and session.name.startswith(DEMO_PREFIX) and role in ROLES:
            return role
        return self.ledger.role_in_session(session.name, session.nonce, session.begun)

    def refused(self, request: Request, name: str, way: str) -> None:
        """Write down that somebody could not sign in under this name; `way` is how they tried."""
        name = name.replace("\x00", "").strip()[:LONGEST_NAME]
        log.warning("refused to sign in %r by %s from %s", name, way, address_of(request))
        if (told := self._refusals.worth_writing(name)) is not None:
            self.ledger.sign_in_refused(name, way, address_of(request), *told, now_ms())

    def somebody(self, name: str) -> str:
        """The name of a person who may sign in, or "" for nobody; BadInputError for any other."""
        name = name.strip()
        is_role = self.options.demo_login and name.startswith(DEMO_PREFIX) and name.removeprefix(DEMO_PREFIX) in ROLES
        if name and not is_role and self.ledger.role_of(name) is None:
            raise BadInputError(f"nobody who may sign in is named {name[:40]!r}; choose one of the list")
        return name

    def hold_pace(self, name: str) -> None:
        """HTTPException 429 where this person, or their program, asks too often."""
        if wait := self.pace.wait_seconds(name):
            raise HTTPException(429, f"too many requests, wait {wait} s", {"Retry-After": str(wait)})


def address_of(request: Request) -> str:
    """The address a request came from."""
    return request.client.host if request.client else ""


def desk_of(request: Request) -> Desk:
    """The desk of the app that serves this request."""
    desk: Desk = request.app.state.desk
    return desk


def language(request: Request) -> str:
    """`?lang=` or the cookie, else what the browser asks for first."""
    asked = request.query_params.get("lang") or request.cookies.get("lang") or ""
    if asked not in ("en", "zh"):
        asked = request.headers.get("accept-language", "en")[:2]
    return "zh" if asked == "zh" else "en"


def session_of(request: Request) -> Session | None:
    """The session of the cookie."""
    return desk_of(request).sessions.read(request.cookies.get(COOKIE))


def person_of(request: Request) -> Person:
    """Who signed in; their role is looked up each time, so that a change counts at once."""
    desk, session = desk_of(request), session_of(request)
    role = desk.role_in(session) if session is not None else None
    if session is None or role is None:
        raise SignInNeededError
    return Person(session.name, role, language(request), desk.sessions.forgery_token(session))


def writer_of(request: Request, token: Annotated[str, Form()] = "") -> Person:
    """Who sent a form of ours; NotAllowedError where another site made it."""
    person = person_of(request)
    if not desk_of(request).sessions.is_ours(session_of(request), token):
        raise NotAllowedError("this form is too old or not ours; load the page again")
    desk_of(request).hold_pace(person.name)
    return person


def need(person: Person, act: str) -> None:
    """NotAllowedError where the role does not allow it."""
    if not person.may(act):
        raise NotAllowedError(f"{act} needs one of {', '.join(MAY[act])}, was {person.role}")


def now_ms() -> int:
    """The clock: when people act."""
    return time.time_ns() // 1_000_000


Reader = Annotated[Person, Depends(person_of)]
Writer = Annotated[Person, Depends(writer_of)]
TheDesk = Annotated[Any, Depends(desk_of)]
