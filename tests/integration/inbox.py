"""A local SMTP server that keeps the mail it gets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Inbox:
    """Takes mail; `refuses` holds what is answered for those it does not take any for."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.refuses: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 aiosmtpd calls by name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        found: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(found)
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def served() -> Iterator[tuple[Inbox, str]]:
    """An inbox and the address of a channel to it."""
    handler = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, f"smtp://127.0.0.1:{port}/?from=radar@us.example&to=ann@us.example,ben@us.example"
    finally:
        controller.stop()
