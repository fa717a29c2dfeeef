"""Sends what a ledger owes to the channels of its settings, as a process that tests may kill."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from alerts import routing, worker
from alerts.channels import channels_of
from contracts.policy import DEFAULT
from ledger.store import Ledger
from runtime.faust_app import create_app
from runtime.settings import Settings


async def send_always(settings: Settings) -> None:
    """A loop for each channel, with short pauses instead of those of real life."""
    worker.LEASE_MS, routing.FIRST_RETRY_MS, routing.LONGEST_RETRY_MS = 600, 50, 200
    channels = channels_of(settings)
    sender = worker.AlertsWorker(
        create_app(worker.STAGE, settings), DEFAULT, Ledger.open(settings.ledger_url), channels
    )

    async def one(channel: worker.Channel) -> None:
        while True:
            if not await sender.deliver(channel):
                await asyncio.sleep(0.02)

    await asyncio.gather(*map(one, channels.values()))


if __name__ == "__main__":
    folder, hook, team = sys.argv[1:]
    asyncio.run(send_always(Settings(kafka="127.0.0.1:9", data=Path(folder), webhook=hook, channels={"team": team})))
