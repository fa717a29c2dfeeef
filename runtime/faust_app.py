"""The Faust app every worker uses, with the settings its known defects ask for (docs/decisions)."""

from __future__ import annotations

import gc
import logging
from collections.abc import Sequence
from typing import Any

import faust
from faust.types import EventT

from contracts.codec import dead_letter_headers
from contracts.errors import BadInputError
from contracts.topics import DEAD_SUFFIX, PARTITIONS, Topic
from runtime import lz4
from runtime.faust_consumer import SteadyApp
from runtime.liveness import watch
from runtime.metrics import DEAD_LETTERS
from runtime.outlet import Outlet
from runtime.settings import Settings

log = logging.getLogger(__name__)

APP_PREFIX = "priceradar-"


def create_app(name: str, settings: Settings, **overrides: Any) -> faust.App:
    """A Faust app `priceradar-<name>`: raw bytes, explicit acknowledgement, no web server, no tables on HTTP."""
    brokers = ";".join(f"kafka://{server.strip()}" for server in settings.kafka.split(","))
    datadir = settings.data / "faust" / name
    datadir.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "broker": brokers,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "store": "memory://",
        "topic_partitions": PARTITIONS,
        "topic_replication_factor": 1,
        "topic_allow_declare": False,  # topics are made by the topic admin, with their retention
        "topic_disable_leader": True,
        "consumer_auto_offset_reset": "earliest",
        "stream_wait_empty": False,  # else a worker with unacknowledged messages hangs when asked to stop
        "stream_buffer_maxsize": 64,
        "broker_commit_interval": 1.0,
        "broker_session_timeout": 6.0,
        "broker_heartbeat_interval": 2.0,
        "broker_max_poll_records": 100,
        "consumer_max_fetch_size": 8 * 1024 * 1024,
        "producer_linger": 0.005,
        "producer_max_batch_size": 256 * 1024,
        "producer_max_request_size": 2 * 1024 * 1024,
        "producer_compression_type": "lz4",
        "producer_threaded": False,
        "processing_guarantee": "at_least_once",
        "datadir": str(datadir),
        "web_enabled": False,
        "web_tables_enabled": False,
    }
    lz4.quick()
    return SteadyApp(f"{APP_PREFIX}{name}", **{**options, **overrides})


def topics(app: faust.App, *which: Topic) -> Any:
    """A Faust channel over one or more of our topics, values as raw bytes."""
    return app.topic(*[topic.name for topic in which], key_type=bytes, value_type=bytes)


async def send(app: faust.App, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[Any] = ()) -> None:
    """Produce and wait for the acknowledgement of all in-sync replicas."""
    producer = await app.maybe_start_producer()
    await producer.send_and_wait(topic, key, value, None, None, list(headers) or None)


def add_dead_letters(out: Outlet, message: Any, bad: Sequence[tuple[bytes | None, BadInputError]], stage: str) -> None:
    """Add the bad parts of a message to its dead-letter topic with their reasons; None: the message as it was.

    `message` is Faust's or aiokafka's: both name topic, partition, offset, key and value alike.
    """
    for part, error in bad:
        headers = dead_letter_headers(error, stage, message.topic, message.partition, message.offset)
        value = message.value if part is None else part
        out.add(message.topic + DEAD_SUFFIX, message.key or b"", value or b"", headers)
        DEAD_LETTERS.labels(message.topic, error.code).inc()
    if bad:
        where = f"{message.topic}[{message.partition}]@{message.offset}"
        log.warning("%d dead letters from %s, the first: %s", len(bad), where, bad[0][1])


async def to_dead_letters(app: faust.App, event: EventT[Any], error: BadInputError, stage: str) -> None:
    """Send a message that cannot be used to its dead-letter topic and wait for the acknowledgement."""
    out = Outlet(app)
    await out.start()
    add_dead_letters(out, event.message, [(None, error)], stage)
    await out.settle()


def run_app(app: faust.App, settings: Settings) -> None:
    """Run a worker until it is asked to stop; an infrastructure error ends the process with status 1."""
    # Batches of rows come and go at once: the collector's default steps cost a fifth of the time.
    gc.set_threshold(50_000, 50, 100)
    gc.freeze()
    watch(app, app.conf.id.removeprefix(APP_PREFIX))
    # Logging is ours already: Faust would replace every handler.
    worker = faust.Worker(app, loglevel=settings.log_level, redirect_stdouts=False, quiet=True, override_logging=False)
    worker.execute_from_commandline()
