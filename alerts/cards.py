"""A message as each service wants it. Everything that a shop may have written is escaped here."""

from __future__ import annotations

from typing import Any

from alerts.escape import clean, for_chat, for_html
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
                "title": {"tag": "plain_text", "content": clean(message.title)},
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
    """Markdown of a WeCom robot, whose own cards hold too little text; links stand for buttons."""
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
        {"type": "section", "text": {"type": "mrkdwn", "text": text[:2_900]}},
        {"type": "actions", "elements": buttons},
    ]
    return {"text": for_chat(message.title), "attachments": [{"color": HEX[message.severity], "blocks": blocks}]}


def mail(message: Message) -> str:
    """The HTML body of a mail, without pictures from elsewhere."""
    lines = "".join(f"<li>{for_html(line)}</li>" for line in message.lines)
    style = "display:inline-block;padding:8px 14px;margin-right:8px;border-radius:4px;background:#1b1f24;color:#ffffff"
    buttons = "".join(
        f'<a style="{style}" href="{for_html(url)}">{for_html(label)}</a>' for label, url in message.buttons
    )
    head = f'<h2 style="border-left:6px solid {HEX[message.severity]};padding-left:10px">{for_html(message.title)}</h2>'
    return f'<div style="font-family:sans-serif">{head}<ul>{lines}</ul><p>{buttons}</p></div>'


def plain(message: Message) -> str:
    """Lines of text for services that know nothing else."""
    return "\n".join([*map(clean, message.lines), *(f"{label}: {url}" for label, url in message.buttons)])
