"""A message as each service wants it. Everything that a shop may have written is escaped here."""

from __future__ import annotations

from typing import Any

from alerts.escape import for_chat, for_html
from alerts.messages import Message
from contracts.alerts import Severity

COLOURS: dict[Severity, str] = {"green": "green", "yellow": "orange", "red": "red"}
HEX: dict[Severity, str] = {"green": "#2f855a", "yellow": "#b7791f", "red": "#c62f2f"}


def feishu(message: Message) -> dict[str, Any]:
    """An interactive card of a Feishu bot."""
    actions = [
        {"tag": "button", "text": {"tag": "plain_text", "content": label}, "url": url, "type": kind}
        for (label, url), kind in zip(message.buttons, ("primary", "default"), strict=False)
    ]
    text = "\n".join(map(for_chat, message.lines))
    elements: list[dict[str, Any]] = [{"tag": "div", "text": {"tag": "lark_md", "content": text}}] if text else []
    return {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {
                "template": COLOURS[message.severity],
                "title": {"tag": "plain_text", "content": for_chat(message.title)},
            },
            "elements": [*elements, {"tag": "action", "actions": actions}],
        },
    }


def dingtalk(message: Message) -> dict[str, Any]:
    """An action card of a DingTalk robot."""
    body = "\n\n".join([f"### {for_chat(message.title)}", *(f"- {for_chat(line)}" for line in message.lines)])
    buttons = [{"title": label, "actionURL": url} for label, url in message.buttons]
    card = {"title": for_chat(message.title), "text": body, "btnOrientation": "1", "btns": buttons}
    return {"msgtype": "actionCard", "actionCard": card}


def wecom(message: Message) -> dict[str, Any]:
    """A card of a WeCom robot, its plain texts escaped all the same; what it cannot hold becomes Markdown."""
    if not message.figure or len(message.lines) > 6:
        return _wecom_markdown(message)
    named = [{"keyname": str(number), "value": for_chat(line)} for number, line in enumerate(message.lines, 1)]
    jumps = [{"type": 1, "title": label, "url": url} for label, url in message.buttons]
    card = {
        "card_type": "text_notice",
        "source": {"desc": "PriceRadar", "desc_color": 2 if message.severity == "red" else 0},
        "main_title": {"title": message.level},
        "emphasis_content": {"title": message.figure, "desc": for_chat(message.prices)},
        "sub_title_text": for_chat(message.title),
        "horizontal_content_list": named,
        "jump_list": jumps,
        "card_action": {"type": 1, "url": message.buttons[0][1]},
    }
    return {"msgtype": "template_card", "template_card": card}


def _wecom_markdown(message: Message) -> dict[str, Any]:
    colour = "warning" if message.severity == "red" else "info"
    links = "　".join(f"[{label}]({url})" for label, url in message.buttons)
    lines = [f'<font color="{colour}">**{for_chat(message.title)}**</font>']
    lines += [f"> {for_chat(line)}" for line in message.lines]
    text = "\n".join(lines)
    while len(f"{text}\n{links}".encode()) > 4_000:  # the service cuts at 4,096 bytes, and the links come last
        text = text.rpartition("\n")[0] or for_chat(message.title)[:200]
    return {"msgtype": "markdown", "markdown": {"content": f"{text}\n{links}"}}


def slack(message: Message) -> dict[str, Any]:
    """Blocks of a Slack hook."""
    text = "\n".join([f"*{for_chat(message.title)}*", *(f"• {for_chat(line)}" for line in message.lines)])
    buttons = [
        {"type": "button", "text": {"type": "plain_text", "text": label}, "url": url} for label, url in message.buttons
    ]
    blocks = [
        # Verbatim: Slack makes no link or mention of what merely looks like one.
        {"type": "section", "text": {"type": "mrkdwn", "text": text[:2_900], "verbatim": True}},
        {"type": "actions", "elements": buttons},
    ]
    return {"text": for_chat(message.title), "attachments": [{"color": HEX[message.severity], "blocks": blocks}]}


def mail(message: Message, chart: str = "") -> str:
    """The HTML body of a mail, without pictures from elsewhere; `chart` is the id of one that comes with it."""
    lines = "".join(f"<li>{for_html(line)}</li>" for line in message.lines)
    style = "display:inline-block;padding:8px 14px;margin-right:8px;border-radius:4px;background:#1b1f24;color:#ffffff"
    buttons = "".join(
        f'<a style="{style}" href="{for_html(url)}">{for_html(label)}</a>' for label, url in message.buttons
    )
    head = f'<h2 style="border-left:6px solid {HEX[message.severity]};padding-left:10px">{for_html(message.title)}</h2>'
    prices = f"<p><b>{for_html(message.figure)}</b> {for_html(message.prices)}</p>" if message.prices else ""
    picture = f'<p><img src="cid:{for_html(chart)}" width="640" alt="{for_html(message.prices)}"></p>' if chart else ""
    return f'<div style="font-family:sans-serif">{head}{prices}<ul>{lines}</ul>{picture}<p>{buttons}</p></div>'


def plain(message: Message) -> tuple[str, str]:
    """Title and text for services of which we know nothing: some read Markdown or mentions in them."""
    links = [f"{label}: {url}" for label, url in message.buttons]
    return for_chat(message.title), "\n".join([*map(for_chat, message.lines), *links])
