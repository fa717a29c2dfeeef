"""Sessions, forgery tokens and the brake on guessing passwords. Nothing here knows the ledger."""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
from itsdangerous import BadSignature, TimestampSigner

COOKIE = "priceradar_session"
SESSION_SECONDS = 12 * 3600
TRIES = 5
WINDOW_SECONDS = 60.0
REMEMBERED = 10_000  # names and addresses the brake keeps apart
HOUR_SECONDS = 3600.0
REFUSALS_AN_HOUR = 200  # rows of the audit chain


class Session(msgspec.Struct, frozen=True):
    """Who signed in and when (epoch ms), and the secret of this one session that forgery tokens are made of."""

    name: str
    nonce: str
    begun: int


class Sessions:
    """Cookies that name a person, signed: the ledger keeps a list only of those ended before their time."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._signer = TimestampSigner(secret, salt="priceradar.session")

    def begin(self, name: str) -> str:
        """Value of the cookie of a new session."""
        session = Session(name, secrets.token_hex(16), time.time_ns() // 1_000_000)
        return self._signer.sign(msgspec.json.encode(session).hex()).decode()

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None where it is missing, changed or too old."""
        try:
            signed = self._signer.unsign(cookie or "", max_age=SESSION_SECONDS)
            return msgspec.json.decode(bytes.fromhex(signed.decode()), type=Session)
        except (BadSignature, ValueError, msgspec.MsgspecError):
            return None

    def derived(self, purpose: str) -> str:
        """A secret for something else, from which that of the sessions cannot be told."""
        return hmac.new(self._secret, f"secret {purpose}".encode(), sha256).hexdigest()

    def forgery_token(self, session: Session | None) -> str:
        """What every form of this session carries, so that no other site can send it."""
        nonce = session.nonce if session is not None else "nobody"
        return hmac.new(self._secret, f"form {nonce}".encode(), sha256).hexdigest()

    def is_ours(self, session: Session | None, token: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.forgery_token(session).encode(), token.encode())


class Brake:
    """At most `TRIES` wrong passwords a minute, by name and by address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, *keys: str) -> int:
        """Seconds until one may try again; 0 where one may now."""
        with self._lock:
            return max((self._wait(key) for key in keys), default=0)

    def failed(self, *keys: str) -> None:
        """Note a wrong password."""
        with self._lock:
            for key in keys:
                self._failures.setdefault(key, []).append(self._clock())
                self._failures.move_to_end(key)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def _wait(self, key: str) -> int:
        now = self._clock()
        recent = [at for at in self._failures.get(key, ()) if now - at < WINDOW_SECONDS]
        if key in self._failures:
            self._failures[key] = recent
        return 0 if len(recent) < TRIES else int(recent[-TRIES] + WINDOW_SECONDS - now) + 1


class Refusals:
    """Which refused sign-ins are written down, so that whoever guesses cannot flood the audit chain.

    Of a name the first within an hour, then the 5th, the 25th and so on; over all at most `most`
    an hour. What was left out is told with the next one that is written.
    """

    def __init__(self, most: int = REFUSALS_AN_HOUR, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._of: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._written: list[float] = []
        self._unsaid = 0
        self._lock = threading.Lock()

    def worth_writing(self, name: str) -> tuple[int, int] | None:
        """How often this name was refused within the hour, and how many refusals were left out; None: leave it out."""
        with self._lock:
            now = self._clock()
            since, times = self._of.pop(name, (now, 0))
            since, times = (now, 1) if now - since >= HOUR_SECONDS else (since, times + 1)
            self._of[name] = (since, times)
            while len(self._of) > REMEMBERED:
                self._of.popitem(last=False)
            self._written = [at for at in self._written if now - at < HOUR_SECONDS]
            if not _power_of_five(times) or len(self._written) >= self._most:
                self._unsaid += 1
                return None
            self._written.append(now)
            unsaid, self._unsaid = self._unsaid, 0
            return times, unsaid


def _power_of_five(number: int) -> bool:
    while number % 5 == 0:
        number //= 5
    return number == 1


class Pace:
    """At most `burst` acts at once and then `rate` a second, by person."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, key: str) -> int:
        """0 where this act may go on, and then it is counted; else whole seconds until one may."""
        with self._lock:
            now = self._clock()
            left, at = self._left.get(key, (float(self._burst), now))
            left = min(self._burst, left + (now - at) * self._rate)
            allowed = left >= 1
            self._left[key] = (left - allowed, now)
            self._left.move_to_end(key)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
            return 0 if allowed else int((1 - left) / self._rate) + 1


def secret_of(data: Path) -> bytes:
    """The secret of this installation; made at the first call, so that sessions outlive a restart."""
    path = data / "console.secret"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        data.mkdir(parents=True, exist_ok=True)
    partial = data / f".console.secret.{os.getpid()}"
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    try:
        path.hardlink_to(partial)  # the first console wins; the others read what it wrote
    except FileExistsError:
        pass
    finally:
        partial.unlink()
    return path.read_bytes()
