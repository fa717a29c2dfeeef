"""POST to an address of the web: accepted, refused, or nobody said. Signed where there is a secret."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from contracts.errors import BadInputError, UnansweredError, UnavailableError

TIMEOUT_SECONDS = 30.0
LONGEST_ANSWER = 65_536


class SignedHook:
    """A webhook that gets JSON.

    Headers: `Idempotency-Key` is the message's id, the same at every try; `X-PriceRadar-Signature`
    is `sha256=` and the HMAC-SHA256 of the body under the shared secret.
    """

    def __init__(self, url: str, secret: str, what: str, seconds: float = TIMEOUT_SECONDS) -> None:
        if not is_web(url):
            raise BadInputError(f"webhook must be an http or https URL, was {url[:40]!r}")
        self._url, self._secret, self._what, self._seconds = url, secret.encode(), what, seconds

    def send(self, data: bytes, message_id: str) -> None:
        """Deliver a message; any answer but 2xx is a refusal. UnavailableError, UnansweredError."""
        headers = {"Idempotency-Key": message_id}
        if self._secret:
            headers["X-PriceRadar-Signature"] = f"sha256={hmac.new(self._secret, data, hashlib.sha256).hexdigest()}"
        post(self._url, data, headers, self._what, self._seconds)


def is_web(url: str) -> bool:
    """Whether it is an http or https address that names a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """Elsewhere the message would be asked for, not sent, and would count as accepted."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def post(url: str, data: bytes, headers: dict[str, str], what: str, seconds: float = TIMEOUT_SECONDS) -> bytes:
    """The body of the answer; UnavailableError where it was refused, UnansweredError where nobody said."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method="POST")  # noqa: S310 callers check it
    where = url.split("/")[2].rpartition("@")[2]
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            body: bytes = answer.read(LONGEST_ANSWER)
            return body
    except urllib.error.HTTPError as error:
        error.close()
        raise UnavailableError(f"{where} did not accept the {what}: status {error.code}") from error
    except urllib.error.URLError as error:  # before anything was asked
        raise UnavailableError(f"{where} did not accept the {what}: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise UnansweredError(f"{where} neither accepted nor refused the {what}: {error!r}") from error
