"""Cards carry links for people and nothing a shop could have slipped in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import cards
from alerts.messages import MOST_LINES, message_of
from alerts.routing import Parcel
from contracts.alerts import Alert, Delivery

CONSOLE = "https://radar.example"
HOSTILE = ["<!channel>", "[x](https://evil.example)", "<at id=all></at>", "*b*", '<font color="x">']
SERVICES = [cards.feishu, cards.dingtalk, cards.wecom, cards.slack]


def parcel(*names: str, **fields: Any) -> Parcel:
    alerts = [
        Alert(
            alert_id=f"alert_{n}", revision=1, status="opened", kind="price", severity="red", competitor=name,
            product_id="p", opened_at=1, observed_at=1, event_id="e", headline=f"{name} cut {name}", name=name,
            url="https://shop.example/p", from_minor=10_000, to_minor=8_000, currency="CNY", change_bp=-2000,
            reasons=("moved -20.0 %", name), **fields,
        )
        for n, name in enumerate(names)
    ]  # fmt: skip
    owed = tuple(
        Delivery(delivery_id=f"d{n}", alert_id=a.alert_id, revision=1, channel="c", due_at=1)
        for n, a in enumerate(alerts)
    )
    return Parcel("d0", "c", owed, tuple(alerts))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("language", ["en", "zh"])
@given(name=st.text(max_size=120) | st.sampled_from(HOSTILE))
def test_no_markup_of_a_title_reaches_a_chat(service: Callable[..., dict[str, Any]], language: Any, name: str) -> None:
    with_name, without = (message_of(parcel(n), language, CONSOLE) for n in (name, "Kettle"))
    marks = re.compile(r"[*_~`\[\]<>|\\@!]")

    def marked_up(message: Any) -> str:
        shown = json.dumps({**service(message), "title": ""}, ensure_ascii=False)
        # The header of a Feishu card is plain text by the service's own promise.
        return re.sub(r'"tag": "plain_text", "content": "(?:[^"\\]|\\.)*"', "", shown)

    def count(message: Any) -> int:
        return len(marks.findall(marked_up(message).replace("\\n", "").replace('\\"', "")))

    assert count(with_name) == count(without)
    assert "://evil.example" not in marked_up(with_name)


@given(st.text(max_size=120))
def test_a_mail_has_the_same_elements_whatever_a_title_says(name: str) -> None:
    tags = re.findall(r"<\w+", cards.mail(message_of(parcel(name), "en", CONSOLE)))

    assert tags == re.findall(r"<\w+", cards.mail(message_of(parcel("Kettle"), "en", CONSOLE)))


@pytest.mark.parametrize("service", SERVICES)
def test_every_card_links_to_the_alert_and_the_shop(service: Callable[..., dict[str, Any]]) -> None:
    shown = json.dumps(service(message_of(parcel("Kettle"), "zh", CONSOLE)), ensure_ascii=False)

    assert f"{CONSOLE}/alerts/alert_0" in shown
    assert "https://shop.example/p" in shown
    assert "降价 20.0%" in shown


def test_many_alerts_are_one_message_of_bounded_length() -> None:
    message = message_of(parcel(*[f"Kettle {n} {'长' * 70}" for n in range(300)]), "en", CONSOLE)

    assert message.title == "300 alerts, 300 of them red"
    assert len(message.lines) == MOST_LINES + 1
    assert len(cards.wecom(message)["markdown"]["content"].encode()) <= 4_096
    assert CONSOLE in cards.wecom(message)["markdown"]["content"]


@given(st.text(max_size=120) | st.sampled_from([*HOSTILE, "@everyone", "javascript:alert(1)//", "=1+1"]))
def test_plain_text_has_no_markup_for_services_that_read_some(name: str) -> None:
    title, text = cards.plain(message_of(parcel(name), "en", CONSOLE))

    *lines, acknowledge, page = text.split("\n")
    assert not re.search(r"[*_~`\[\]<>|\\@!#&]|://", "\n".join([title, *lines]))
    assert acknowledge == f"Look and acknowledge: {CONSOLE}/alerts/alert_0"
    assert page == "Shop's page: https://shop.example/p"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_digest_of_escalations_says_so(language: Any) -> None:
    escalated = parcel("Kettle", "Pan")
    owed = tuple(msgspec.structs.replace(d, delivery_id=f"escalation_{d.delivery_id}") for d in escalated.deliveries)
    message = message_of(msgspec.structs.replace(escalated, deliveries=owed), language, CONSOLE)

    assert (
        message.title == {"en": "Escalated: nobody acknowledged 2 alerts", "zh": "2 条告警无人确认，已升级"}[language]
    )


def test_a_chinese_card_has_no_english_reason_of_ours_in_it() -> None:
    from alerts.phrases import PHRASES, in_chinese, say

    for name, (english, _) in PHRASES.items():
        told = in_chinese(say(name, *["7"] * english.count("{")))
        assert re.search(r"[\u4e00-\u9fff]", told), name
        assert not re.search(r"[A-Za-z]{3}", told), name


def test_a_card_of_wecom_shows_figure_and_prices_and_many_reasons_as_text() -> None:
    one = parcel("Kettle")
    card = cards.wecom(message_of(one, "zh", CONSOLE))["template_card"]
    assert card["emphasis_content"] == {"title": "-20.0 %", "desc": "¥100.00 → ¥80.00"}
    assert card["card_action"]["url"] == f"{CONSOLE}/alerts/alert_0"
    long = msgspec.structs.replace(one.alerts[0], reasons=tuple(f"reason {n}" for n in range(9)))
    many = cards.wecom(message_of(msgspec.structs.replace(one, alerts=(long,)), "zh", CONSOLE))
    assert "reason 8" in many["markdown"]["content"]
