"""Where alerts go: a signed webhook, and whatever apprise reaches."""

from __future__ import annotations

import hashlib
import hmac
import urllib.error
import urllib.request
from typing import Protocol

import apprise

from alerts.text import body
from contracts.alerts import Alert
from contracts.codec import encode
from contracts.errors import BadInputError, UnavailableError
from contracts.ids import content_hash
from runtime.settings import Settings

TIMEOUT_SECONDS = 10.0
TYPES = {"green": apprise.NotifyType.INFO, "yellow": apprise.NotifyType.WARNING, "red": apprise.NotifyType.FAILURE}


class Channel(Protocol):
    """A place to tell people; `send` blocks and raises UnavailableError where it was not accepted."""

    name: str
    kind: str

    def send(self, delivery_id: str, alert: Alert) -> None:
        """Deliver one alert; the same delivery may come twice and carries the same id."""


class Webhook:
    """POSTs the alert as JSON.

    Headers: `Idempotency-Key` is the delivery's id; `X-PriceRadar-Signature` is
    `sha256=` and the HMAC-SHA256 of the body under the shared secret.
    """

    name = kind = "webhook"

    def __init__(self, url: str, secret: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadInputError(f"webhook must be an http or https URL, was {url[:40]!r}")
        self._url = url
        self._secret = secret.encode()

    def send(self, delivery_id: str, alert: Alert) -> None:
        """Deliver one alert; any answer but 2xx is a refusal."""
        data = encode(alert)
        headers = {"Content-Type": "application/json", "Idempotency-Key": delivery_id}
        if self._secret:
            digest = hmac.new(self._secret, data, hashlib.sha256).hexdigest()
            headers["X-PriceRadar-Signature"] = f"sha256={digest}"
        request = urllib.request.Request(self._url, data=data, headers=headers, method="POST")  # noqa: S310 checked above
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
                return
        except (OSError, urllib.error.URLError) as error:
            raise UnavailableError(f"the webhook did not accept the alert: {error}") from error


class Apprise:
    """Any service apprise knows, by its URL: mail, Slack, Feishu, DingTalk, WeCom and many more."""

    kind = "apprise"

    def __init__(self, url: str) -> None:
        self._service = apprise.Apprise()
        if not self._service.add(url):
            raise BadInputError(f"apprise does not know this kind of URL, was {url.split(':', 1)[0]!r}")
        # The URL holds secrets: the ledger sees a hash of it.
        self.name = f"apprise:{content_hash(url.encode())[:12]}"

    def send(self, delivery_id: str, alert: Alert) -> None:  # noqa: ARG002 apprise has no place for an id
        """Deliver one alert as plain text."""
        sent = self._service.notify(
            title=alert.headline,
            body=body(alert),
            notify_type=TYPES[alert.severity],
            body_format=apprise.NotifyFormat.TEXT,
        )
        if not sent:
            raise UnavailableError("apprise could not deliver the alert")


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Every channel the settings name, by the name the ledger knows it by; BadInputError."""
    found: list[Channel] = [Apprise(url) for url in settings.alert_urls]
    if settings.webhook:
        found.append(Webhook(settings.webhook, settings.webhook_secret))
    return {channel.name: channel for channel in found}
