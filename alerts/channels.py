"""Where alerts go: a signed webhook, cards with buttons in chats, mail, and whatever apprise reaches."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import parse_qs, quote

import apprise
import msgspec

from alerts import cards
from alerts.mail import Mail
from alerts.messages import Message, message_of
from alerts.routing import Parcel
from alerts.text import Language
from contracts.alerts import Severity
from contracts.codec import encode
from contracts.errors import BadInputError, UnavailableError
from contracts.ids import content_hash
from runtime.settings import Settings
from runtime.webhook import SignedHook, is_web, post

TYPES: dict[Severity, Any] = {
    "green": apprise.NotifyType.INFO,
    "yellow": apprise.NotifyType.WARNING,
    "red": apprise.NotifyType.FAILURE,
}
MAIL = ("smtp://", "smtps://")
CARDS: dict[str, Callable[[Message], dict[str, Any]]] = {
    "feishu": cards.feishu,
    "dingtalk": cards.dingtalk,
    "wecom": cards.wecom,
    "slack": cards.slack,
}


class Channel(Protocol):
    """A place to tell people.

    `send` blocks; it raises UnavailableError where a parcel was not accepted, UnansweredError
    where nobody said whether it was. The same parcel may come twice and carries the same id.
    `merges`: people read here, so many alerts at once come as one message. `shows_history`: a
    single alert's parcel should hold the prices of its product. `repeats`: what may have arrived is
    sent again, else it is told at most once.
    """

    name: str
    kind: str
    merges: bool
    shows_history: bool
    repeats: bool

    def send(self, parcel: Parcel) -> None:
        """Deliver a parcel."""


class Webhook:
    """POSTs the alert as JSON; see `runtime.webhook.SignedHook`. The message's id is the parcel's."""

    name = kind = "webhook"
    merges = False
    shows_history = False
    repeats = True  # the receiver knows the id

    def __init__(self, url: str, secret: str) -> None:
        self._hook = SignedHook(url, secret, "alert")

    def send(self, parcel: Parcel) -> None:
        """Deliver one alert; any answer but 2xx is a refusal."""
        self._hook.send(encode(parcel.alerts[0]), parcel.parcel_id)


class Chat:
    """A bot's hook of Feishu, DingTalk, WeCom or Slack: `feishu+https://...#secret=S&lang=zh&repeat=never`.

    What stands behind the # is ours and is not sent: the bot's signing secret, the language, and
    whether a card that may have arrived is sent again with a mark (`repeat=mark`) or `never`. No
    such hook takes an id by which it could tell that a card came before.
    """

    merges = True
    shows_history = False

    def __init__(self, name: str, url: str, console: str) -> None:
        self.kind, _, rest = url.partition("+")
        self._url, _, ours = rest.partition("#")
        if self.kind not in CARDS or not is_web(self._url):
            raise BadInputError(f"channel {name!r} must be like feishu+https://..., was {url[:20]!r}")
        options = {key: values[-1] for key, values in parse_qs(ours).items()}
        self.name, self._console = name, console
        self._secret = options.get("secret", "")
        self.repeats = _repeats(name, options)
        self._language: Language = "en" if options.get("lang") == "en" else "zh"
        if self.kind == "slack" and "lang" not in options:
            self._language = "en"

    def send(self, parcel: Parcel) -> None:
        """Deliver a card; refused where the service says no in its answer's body."""
        card = CARDS[self.kind](message_of(parcel, self._language, self._console))
        url, signed = self._signed(card, int(time.time()))
        answer = post(url, msgspec.json.encode(signed), {"Idempotency-Key": parcel.parcel_id}, "alert")
        if self.kind == "slack":
            return
        try:
            said = msgspec.json.decode(answer or b"{}", type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise UnavailableError(f"{self.kind} answered what is no JSON object: {answer[:60]!r}") from error
        code = said.get("code", said.get("errcode", said.get("StatusCode", 0)))
        if code:
            raise UnavailableError(f"{self.kind} refused the card: {code} {said.get('msg') or said.get('errmsg')}")

    def _signed(self, card: dict[str, Any], now: int) -> tuple[str, dict[str, Any]]:
        if self._secret and self.kind == "feishu":
            sign = hmac.new(f"{now}\n{self._secret}".encode(), b"", hashlib.sha256).digest()
            return self._url, {"timestamp": str(now), "sign": base64.b64encode(sign).decode(), **card}
        if self._secret and self.kind == "dingtalk":
            text = f"{now * 1000}\n{self._secret}".encode()
            sign = hmac.new(self._secret.encode(), text, hashlib.sha256).digest()
            return f"{self._url}&timestamp={now * 1000}&sign={quote(base64.b64encode(sign), safe='')}", card
        return self._url, card


class Apprise:
    """Any service apprise knows, by its URL, plain text; `#lang=zh&repeat=never` at its end is ours (see Chat).

    Mail gets HTML with links, without a chart; smtp:// (`alerts.mail.Mail`) has one.
    """

    merges = True
    shows_history = False

    def __init__(self, url: str, name: str = "", console: str = "") -> None:
        self._service = apprise.Apprise()
        url, options = _ours(url)
        self._language: Language = "zh" if options.get("lang") == "zh" else "en"
        self.repeats = _repeats(name or "apprise", options)
        if not self._service.add(url):
            raise BadInputError(f"apprise does not know this kind of URL, was {url.split(':', 1)[0]!r}")
        # The URL holds secrets: the ledger sees a hash of it.
        self.name = name or f"apprise:{content_hash(url.encode())[:12]}"
        self._mail = url.startswith("mailto")
        self.kind = "mail" if self._mail else "apprise"
        self._console = console

    def send(self, parcel: Parcel) -> None:
        """Deliver a message."""
        message = message_of(parcel, self._language, self._console)
        title, text = cards.plain(message)
        sent = self._service.notify(
            title=title,
            body=cards.mail(message) if self._mail else text,
            notify_type=TYPES[message.severity],
            body_format=apprise.NotifyFormat.HTML if self._mail else apprise.NotifyFormat.TEXT,
        )
        if not sent:
            raise UnavailableError("apprise could not deliver the alert")


def _ours(url: str) -> tuple[str, dict[str, str]]:
    """An apprise URL without what we put behind its last #, and that; other services have a # of their own."""
    rest, _, behind = url.rpartition("#")
    options = {key: values[-1] for key, values in parse_qs(behind).items()}
    return (rest, options) if rest and options and options.keys() <= {"lang", "repeat"} else (url, {})


def _repeats(name: str, options: dict[str, str]) -> bool:
    choice = options.get("repeat", "mark")
    if choice not in ("mark", "never"):
        raise BadInputError(f"channel {name!r}: repeat must be mark or never, was {choice[:20]!r}")
    return choice == "mark"


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Every channel the settings name, by the name the ledger knows it by; BadInputError."""
    console = settings.console_url or f"http://{settings.console_host}:{settings.console_port}"
    found: list[Channel] = [Apprise(url, console=console) for url in settings.alert_urls]
    found += [_channel(name, url, console) for name, url in settings.channels.items()]
    if settings.webhook:
        found.append(Webhook(settings.webhook, settings.webhook_secret))
    return {channel.name: channel for channel in found}


def mail_of(settings: Settings, name: str) -> Mail:
    """The channel of that name, which must be one for mail over SMTP; BadInputError."""
    url = settings.channels.get(name, "")
    if not url.startswith(MAIL):
        named = ", ".join(one for one, known in settings.channels.items() if known.startswith(MAIL)) or "none"
        raise BadInputError(f"channel {name[:60]!r} is no smtp:// channel of the settings; those are: {named}")
    return Mail(name, url)


def _channel(name: str, url: str, console: str) -> Channel:
    if url.partition("+")[0] in CARDS:
        return Chat(name, url, console)
    if url.startswith(MAIL):
        return Mail(name, url, console)
    return Apprise(url, name, console)
