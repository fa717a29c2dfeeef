"""The webhook against a real HTTP server."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from alerts.channels import Apprise, Webhook, channels_of
from alerts.routing import Parcel
from contracts.alerts import Alert
from contracts.codec import decode
from contracts.errors import BadInputError, UnavailableError
from runtime.settings import Settings

Received = list[tuple[dict[str, str], bytes]]
ALERT = Alert(
    alert_id="alert_1",
    revision=1,
    status="opened",
    kind="price",
    severity="red",
    competitor="shop",
    product_id="p1",
    opened_at=1,
    observed_at=1,
    event_id="e1",
    headline="shop cut <script>Kettle</script> by 20.0%",
)

PARCEL = Parcel("delivery_1", "webhook", (), (ALERT,))


@pytest.fixture
def server() -> Iterator[tuple[str, Received]]:
    received: Received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(({name.lower(): value for name, value in self.headers.items()}, data))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", received
    http.shutdown()
    thread.join()
    http.server_close()


def test_the_webhook_sends_signed_json_with_an_idempotency_key(server: tuple[str, Received]) -> None:
    url, received = server

    Webhook(url, "secret").send(PARCEL)

    ((headers, data),) = received
    assert decode(data, Alert) == ALERT
    assert headers["idempotency-key"] == "delivery_1"
    expected = hmac.new(b"secret", data, hashlib.sha256).hexdigest()
    assert headers["x-priceradar-signature"] == f"sha256={expected}"


def test_a_refusal_or_silence_is_unavailable(server: tuple[str, Received]) -> None:
    url, _ = server

    with pytest.raises(UnavailableError, match="did not accept"):
        Webhook(f"{url}/broken", "").send(PARCEL)
    with pytest.raises(UnavailableError, match="did not accept"):
        Webhook("http://127.0.0.1:9", "").send(PARCEL)


def test_channels_come_from_the_settings_and_their_names_hide_secrets() -> None:
    settings = Settings(
        kafka="x:1", alert_urls=("json://user:hunter2@127.0.0.1:9/x",), webhook="http://127.0.0.1:9/hook"
    )

    names = channels_of(settings)

    assert len(names) == 2
    assert "webhook" in names
    assert not any("hunter2" in name for name in names)


def test_a_url_nobody_knows_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="apprise does not know"):
        Apprise("nonsense://x")
    with pytest.raises(BadInputError, match="http or https"):
        Webhook("file:///etc/passwd", "")
