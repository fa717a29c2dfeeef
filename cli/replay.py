"""`priceradar replay`: a recording back into Kafka."""

from __future__ import annotations

import math
import time
from typing import Annotated

import typer

from cli.options import Config, Currency, RecordingPath, SkipCorrupt, check_currency


def replay(
    recording: RecordingPath,
    speed: Annotated[str, typer.Option("--speed", help="Times as fast as it happened, or max.")] = "max",
    currency: Currency = "XXX",
    skip_corrupt: SkipCorrupt = False,
    config: Config = None,
) -> None:
    """Send a recording's observations and facts to Kafka in the order they happened; the workers do the rest.

    Their times stay what they were: replay into an installation of its own (PRICERADAR_DATA=elsewhere),
    for one that has seen later observations counts these as late and changes nothing.

    Example: priceradar replay data/imports/prices --speed 3600
    """
    from backtest.progress import shown
    from backtest.recording import Recording
    from backtest.replaying import messages_of
    from runtime.publish import Publisher
    from runtime.run_files import kafka_settings
    from streams.admin import ensure_topics

    factor = _factor(speed)
    check_currency(currency)
    settings = kafka_settings(config)
    ensure_topics(settings.kafka)
    source = Recording(recording, currency, skip_corrupt)
    sent = rows = 0
    first: int | None = None
    with shown("replay", source) as progress, Publisher(settings.kafka) as publisher:
        began = time.monotonic()
        for message in messages_of(source):
            first = message.at if first is None else first
            _wait_until(began + (message.at - first) / 1000 / factor)
            publisher.send_bytes(message.topic, message.key, message.value, [], message.partition)
            sent, rows = sent + 1, rows + message.rows
            progress(message.rows)
    print(f"{rows:,} observations in {sent:,} messages sent to {settings.kafka}")


def _factor(speed: str) -> float:
    from contracts.errors import BadInputError

    if speed == "max":
        return math.inf
    try:
        factor = float(speed)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise BadInputError(f"--speed must be a number above zero, or max, was {speed!r}")
    return factor


def _wait_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)
