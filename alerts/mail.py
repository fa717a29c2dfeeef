"""Mail over SMTP: one message a parcel, with a chart of the price where there is a history."""

from __future__ import annotations

import io
import logging
import smtplib
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from alerts import cards
from alerts.escape import clean
from alerts.messages import message_of
from alerts.routing import Parcel
from alerts.text import Language
from contracts.errors import BadInputError, UnansweredError, UnavailableError
from contracts.money import to_decimal
from contracts.observations import PricePoint
from contracts.times import EPOCH, MILLISECOND

TIMEOUT_SECONDS = 30.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
DOMAIN = "priceradar.invalid"  # of the ids of our messages, which name no host
CHART = "chart"
_drawing = threading.Lock()  # each channel sends in a thread of its own

log = logging.getLogger(__name__)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: `key` makes the message's id, the same for the same letter; `thread` what it belongs to.

    `pictures` are PNGs by the id the HTML knows them by, `files` contents by name.
    """

    key: str
    subject: str
    text: str
    html: str
    thread: str = ""
    pictures: Mapping[str, bytes] = msgspec.field(default_factory=dict)
    files: Mapping[str, bytes] = msgspec.field(default_factory=dict)


class Mail:
    """`smtp://user:password@host:587/?from=radar@us&to=ann@us,ben@us&lang=zh`, or smtps:// for TLS from the start.

    smtp:// goes on with STARTTLS, and refuses to go on without it except on loopback.
    """

    kind = "mail"
    merges = True
    shows_history = True
    repeats = True  # under the same Message-ID

    def __init__(self, name: str, url: str, console: str = "") -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port or (465 if parts.scheme == "smtps" else 587)
        except ValueError as error:
            raise BadInputError(f"channel {name!r} has no usable address: {error}") from error
        given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self.name, self._console, self._host = name, console, parts.hostname or ""
        self._tls = parts.scheme == "smtps"
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._from, self._to = given.get("from", ""), [one for one in given.get("to", "").split(",") if one]
        addresses = [self._from, *self._to]
        if not self._host or not self._to or not all(map(_is_address, addresses)):
            raise BadInputError(f"channel {name!r} must be like smtp://host:587/?from=a@us&to=b@us, was {url[:12]!r}")
        self._language: Language = "zh" if given.get("lang") == "zh" else "en"
        self._has: dict[str, set[str]] = {}  # who took a letter that others refused

    def send(self, parcel: Parcel) -> None:
        """Deliver an alert or a digest."""
        message = message_of(parcel, self._language, self._console)
        chart = draw(parcel.history) if len(parcel.alerts) == 1 else b""
        title, text = clean(message.title), "\n".join(cards.plain(message))
        self.post(
            Letter(
                key=parcel.parcel_id,
                subject=title,
                text=text,
                html=cards.mail(message, CHART if chart else ""),
                thread=parcel.alerts[0].alert_id if len(parcel.alerts) == 1 else "",
                pictures={CHART: chart} if chart else {},
            )
        )

    def post(self, letter: Letter) -> None:
        """Send a letter to everybody who has not got it yet; UnavailableError, UnansweredError."""
        has = self._has.get(letter.key, set())
        to = [one for one in self._to if one not in has]
        server = self._connected()
        try:
            refused = server.send_message(self._written(letter), self._from, to)
        except smtplib.SMTPRecipientsRefused as error:
            raise UnavailableError(f"{self._host} takes no mail for {', '.join(error.recipients)}") from error
        except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
            raise UnansweredError(f"{self._host} did not say whether it took the mail: {error}") from error
        except OSError as error:  # what smtplib raises else is one, too
            raise UnavailableError(f"{self._host} did not take the mail: {error}") from error
        finally:
            with suppress(OSError):
                server.quit()
        self._note(letter.key, set(to) - refused.keys(), refused)

    def _note(self, key: str, took: set[str], refused: Mapping[str, Any]) -> None:
        if not refused:
            self._has.pop(key, None)
            return
        self._has[key] = self._has.get(key, set()) | took
        raise UnavailableError(f"{self._host} takes no mail for {', '.join(refused)}")

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server: smtplib.SMTP | None = None
        try:
            if self._tls:
                server = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
            else:
                server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
            server.ehlo()
            if not self._tls and (server.has_extn("starttls") or self._host not in LOOPBACK):
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
        except OSError as error:
            if server is not None:
                server.close()
            raise UnavailableError(f"{self._host}:{self._port} takes no mail now: {error}") from error
        return server

    def _written(self, letter: Letter) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = letter.subject[:200], self._from, ", ".join(self._to)
        mail["Date"], mail["Message-ID"] = formatdate(), f"<{letter.key}@{DOMAIN}>"
        if letter.thread:
            mail["References"] = f"<{letter.thread}@{DOMAIN}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text)
        mail.add_alternative(letter.html, subtype="html")
        html = cast("EmailMessage", list(mail.iter_parts())[1])
        for name, picture in letter.pictures.items():
            html.add_related(picture, "image", "png", cid=f"<{name}>")
        for name, content in letter.files.items():
            kind = "pdf" if name.endswith(".pdf") else "octet-stream"
            mail.add_attachment(content, "application", kind, filename=name)
        return mail


def _is_address(text: str) -> bool:
    return "@" in text and text.isprintable() and " " not in text


def draw(history: Sequence[PricePoint]) -> bytes:
    """A PNG of a product's prices by time, a step a change; nothing where fewer than two are known."""
    points = [point for point in history if point.price_minor is not None]
    points = [point for point in points if point.currency == points[-1].currency]
    if len(points) < 2:
        return b""
    from matplotlib.dates import date2num  # noqa: PLC0415 half a second that no other channel needs
    from matplotlib.figure import Figure  # noqa: PLC0415

    days = [(EPOCH + point.observed_at * MILLISECOND) for point in points]
    times: list[float] = date2num(days).tolist()  # type: ignore[no-untyped-call]
    prices = [float(to_decimal(point.price_minor or 0, point.currency)) for point in points]
    with _drawing:
        figure = Figure(figsize=(8, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.step(times, prices, where="post", color="#2b6cb0")
        axes.plot(times[-1], prices[-1], "o", color="#c62f2f")
        axes.xaxis_date()
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylabel(points[-1].currency)
        axes.tick_params(labelsize=8)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=144)
    return buffer.getvalue()
