"""Every channel against a real server on loopback: webhook, the four chats, mail, and apprise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from alerts.channels import Apprise, Channel, Chat, Webhook, channels_of
from alerts.mail import Letter, Mail
from alerts.routing import Parcel
from contracts.alerts import Alert
from contracts.codec import decode
from contracts.errors import BadInputError, UnansweredError, UnavailableError
from contracts.observations import PricePoint
from contracts.times import DAY_MS
from runtime.settings import Settings
from tests.integration.inbox import Inbox, served
from tests.integration.receiver import Receiver, receiver
from tests.samples import NOW, alert

CONSOLE = "https://radar.example"
ALERT = alert(
    observed_at=NOW,
    event_id="e1",
    headline="shop cut <script>Kettle</script> by 20.0%",
    reasons=("moved -20.0 %", "our margin is 8.0 %"),
    name="<script>Kettle</script>",
    url="https://shop.example/p1",
    from_minor=10_000,
    to_minor=8_000,
    currency="CNY",
    change_bp=-2000,
)
PARCEL = Parcel("delivery_1", "webhook", (), (ALERT,))
CHATS = ["feishu", "dingtalk", "wecom", "slack"]


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def chat(kind: str, server: Receiver, fragment: str = "") -> Chat:
    return Chat("team", f"{kind}+{server.url}/hook?token=t{fragment}", CONSOLE)


def test_the_webhook_sends_signed_json_with_an_idempotency_key(server: Receiver) -> None:
    Webhook(server.url, "secret").send(PARCEL)

    (got,) = server.got
    assert decode(got.body, Alert) == ALERT
    assert got.headers["idempotency-key"] == "delivery_1"
    expected = hmac.new(b"secret", got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-priceradar-signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_refusal_is_told_from_silence(server: Receiver, status: int) -> None:
    server.status = status
    with pytest.raises(UnavailableError, match=f"did not accept the alert: status {status}") as caught:
        Webhook(server.url, "").send(PARCEL)
    assert not isinstance(caught.value, UnansweredError)
    with pytest.raises(UnavailableError, match="did not accept") as caught:
        Webhook("http://127.0.0.1:9", "").send(PARCEL)
    assert not isinstance(caught.value, UnansweredError)


def test_a_redirect_is_no_acceptance_and_is_not_followed(server: Receiver) -> None:
    server.status, server.location = 302, f"{server.url}/elsewhere"
    with pytest.raises(UnavailableError, match="status 302"):
        Webhook(server.url, "").send(PARCEL)
    assert [got.path for got in server.got] == [""] or [got.path for got in server.got] == ["/"]


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"], ids=["hangs up", "speaks no HTTP"])
def test_who_hangs_up_may_have_taken_it(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        with pytest.raises(UnansweredError, match="neither accepted nor refused"):
            Webhook(f"http://127.0.0.1:{listener.getsockname()[1]}", "").send(PARCEL)
        thread.join()


@pytest.mark.parametrize("kind", CHATS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_card_has_the_words_and_buttons_in_the_language_of_its_channel(
    server: Receiver, kind: str, language: str
) -> None:
    chat(kind, server, f"#lang={language}").send(PARCEL)

    (got,) = server.got
    shown = got.body.decode()
    assert got.path == "/hook?token=t"
    assert got.headers["idempotency-key"] == "delivery_1"
    assert f"{CONSOLE}/alerts/alert_1" in shown
    assert "https://shop.example/p1" in shown
    assert {"en": "Look and acknowledge", "zh": "查看并确认"}[language] in shown
    assert {"en": "our margin is 8.0 %", "zh": "我方毛利率 8.0%"}[language] in shown
    assert "<script>" not in shown


@pytest.mark.parametrize("kind", CHATS)
@pytest.mark.parametrize(("language", "words"), [("en", "Perhaps a repeat"), ("zh", "可能重复")])
def test_a_card_says_where_it_may_be_the_second(server: Receiver, kind: str, language: str, words: str) -> None:
    doubtful = msgspec.structs.replace(PARCEL, doubtful=True)
    digest = msgspec.structs.replace(doubtful, alerts=(ALERT, ALERT))
    for parcel in (PARCEL, doubtful, digest):
        chat(kind, server, f"#lang={language}").send(parcel)
    assert [words in json.dumps(got.json, ensure_ascii=False) for got in server.got] == [False, True, True]


def test_whether_a_channel_repeats_is_said_behind_its_address(server: Receiver) -> None:
    assert chat("slack", server).repeats
    assert not chat("slack", server, "#repeat=never&lang=zh").repeats
    assert not Apprise("json://127.0.0.1:9/#lang=zh&repeat=never", "a").repeats
    assert Apprise("json://127.0.0.1:9/#lang=zh", "a").repeats
    with pytest.raises(BadInputError, match="repeat must be mark or never, was 'once'"):
        chat("slack", server, "#repeat=once")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("feishu", b'{"code": 9499, "msg": "Bad Request"}'),
        ("dingtalk", b'{"errcode": 310000, "errmsg": "sign not match"}'),
        ("wecom", b'{"errcode": 45009, "errmsg": "api freq out of limit"}'),
        ("feishu", b"<html>no</html>"),
        ("wecom", b"[]"),
    ],
)
def test_a_service_that_says_no_with_status_200_has_refused(server: Receiver, kind: str, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(UnavailableError, match=f"{kind} (refused|answered)"):
        chat(kind, server).send(PARCEL)


def test_dingtalk_and_feishu_are_signed_as_their_services_say(server: Receiver) -> None:
    chat("dingtalk", server, "#secret=SEC1").send(PARCEL)
    chat("feishu", server, "#secret=SEC2").send(PARCEL)

    ding, lark = server.got
    query = {key: values[0] for key, values in parse_qs(urlsplit(ding.path).query).items()}
    expected = hmac.new(b"SEC1", f"{query['timestamp']}\nSEC1".encode(), hashlib.sha256).digest()
    assert base64.b64decode(query["sign"]) == expected
    assert len(query["timestamp"]) == 13
    assert query["token"] == "t"
    key = f"{lark.json['timestamp']}\nSEC2".encode()
    assert base64.b64decode(lark.json["sign"]) == hmac.new(key, b"", hashlib.sha256).digest()
    assert not any("SEC" in got.path or b"SEC" in got.body for got in server.got)


def test_apprise_gets_text_in_which_nothing_is_markup(server: Receiver) -> None:
    hostile = msgspec.structs.replace(ALERT, headline="@everyone **cut** [x](https://evil.example)")
    Apprise(f"json://{urlsplit(server.url).netloc}/x", "other", CONSOLE).send(Parcel("d", "other", (), (hostile,)))
    Apprise(f"json://{urlsplit(server.url).netloc}/x#lang=zh", "other", CONSOLE).send(PARCEL)

    english, chinese = (got.json for got in server.got)
    assert not re.search(r"[@*\[\]]|://evil", english["title"])
    assert f"{CONSOLE}/alerts/alert_1" in english["message"]
    assert "降价" in chinese["title"]


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, str]]:
    with served() as found:
        yield found


def test_a_mail_has_html_text_and_a_chart_and_threads_by_alert(inbox: tuple[Inbox, str]) -> None:
    handler, url = inbox
    points = tuple(PricePoint("shop", "p1", NOW - n * DAY_MS, 10_000 - 100 * n, "CNY") for n in range(9, -1, -1))

    Mail("mail", f"{url}&lang=zh", CONSOLE).send(msgspec.structs.replace(PARCEL, history=points))

    (mail,) = handler.mails
    assert handler.to == [["ann@us.example", "ben@us.example"]]
    assert mail["Message-ID"] == "<delivery_1@priceradar.invalid>"
    assert mail["References"] == "<alert_1@priceradar.invalid>"
    assert "[紧急]" in mail["Subject"]
    html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None
    assert text is not None
    assert "<script>" not in html.get_content()
    assert f'href="{CONSOLE}/alerts/alert_1"' in html.get_content()
    assert f"{CONSOLE}/alerts/alert_1" in text.get_content()
    assert 'src="cid:chart"' in html.get_content()
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<chart>"
    assert picture.get_content().startswith(b"\x89PNG")


def test_a_mail_to_several_is_not_sent_twice_to_who_has_it(inbox: tuple[Inbox, str]) -> None:
    handler, url = inbox
    mail = Mail("mail", url, CONSOLE)
    handler.refuses = {"ben@us.example": "450 try later"}
    with pytest.raises(UnavailableError, match=r"takes no mail for ben@us\.example"):
        mail.send(PARCEL)
    with pytest.raises(UnavailableError, match=r"takes no mail for ben@us\.example"):
        mail.send(PARCEL)
    handler.refuses = {}
    mail.send(PARCEL)

    assert handler.to == [["ann@us.example"], ["ben@us.example"]]
    assert [str(one["To"]) for one in handler.mails] == ["ann@us.example, ben@us.example"] * 2


def test_a_letter_carries_pictures_and_files(inbox: tuple[Inbox, str]) -> None:
    handler, url = inbox
    letter = Letter(
        key="brief", subject="Brief\r\nBcc: x@evil.example", text="t", html="<p>h</p>", files={"b.pdf": b"%PDF"}
    )
    with pytest.raises(ValueError, match="may not contain linefeed"):
        Mail("mail", url).post(letter)
    Mail("mail", url).post(msgspec.structs.replace(letter, subject="Brief"))

    (attached,) = handler.mails[0].iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("b.pdf", "application/pdf")


def test_a_mail_server_that_is_not_there_or_is_none(server: Receiver) -> None:
    with pytest.raises(UnavailableError, match="takes no mail now"):
        Mail("mail", "smtp://127.0.0.1:9/?from=a@x&to=b@y").send(PARCEL)
    with pytest.raises(UnavailableError, match="takes no mail now"):
        Mail("mail", f"smtps://{urlsplit(server.url).netloc}/?from=a@x&to=b@y").send(PARCEL)


def test_channels_come_from_the_settings_and_their_names_hide_secrets() -> None:
    settings = Settings(
        kafka="x:1",
        alert_urls=("json://user:hunter2@127.0.0.1:9/x",),
        webhook="http://127.0.0.1:9/hook",
        channels={"team": "feishu+https://127.0.0.1/hook", "post": "smtp://127.0.0.1/?from=a@x&to=b@y"},
    )

    found: dict[str, Channel] = channels_of(settings)

    assert {name.partition(":")[0]: channel.kind for name, channel in found.items()} == {
        "apprise": "apprise",
        "team": "feishu",
        "post": "mail",
        "webhook": "webhook",
    }
    assert not any("hunter2" in name for name in found)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Apprise("nonsense://x"), "apprise does not know"),
        (lambda: Webhook("file:///etc/passwd", ""), "http or https"),
        (lambda: Webhook("https://", ""), "http or https"),
        (lambda: Chat("team", "feishu+ftp://x", ""), r"must be like feishu\+https"),
        (lambda: Chat("team", "feishu+https://[::1#secret=S", ""), r"must be like feishu\+https"),
        (lambda: Mail("post", "smtp://host/?from=a@x"), "must be like smtp://"),
        (lambda: Mail("post", "smtp://host/?from=a@x&to=b c@y"), "must be like smtp://"),
        (lambda: Mail("post", "smtp://host:99999/?from=a@x&to=b@y"), "no usable address"),
    ],
)
def test_a_url_nobody_knows_is_bad_input(make: Any, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        make()
