"""`priceradar worker`: one worker of a cluster."""

from __future__ import annotations

import gc
import importlib
from enum import StrEnum
from typing import Annotated

import typer

from cli.options import Config


class WorkerName(StrEnum):
    """The workers there are."""

    streams = "streams"
    pricing = "pricing"
    alerts = "alerts"
    recorder = "recorder"


MODULES = {
    WorkerName.streams: "streams.worker",
    WorkerName.pricing: "pricing.worker",
    WorkerName.alerts: "alerts.worker",
    WorkerName.recorder: "streams.recorder",
}


def worker(
    name: Annotated[WorkerName, typer.Argument(help="Which worker.")],
    config: Config = None,
) -> None:
    """Run one worker until it is asked to stop; start more of the same name to share its work.

    Example: PRICERADAR_KAFKA=kafka-1:9092,kafka-2:9092 priceradar worker streams
    """
    gc.disable()  # what is imported stays: looking through it again and again takes a third of a second
    from cli.policies import end_when_another_is_in_force, in_force
    from runtime.faust_app import run_app
    from runtime.logs import configure_logging
    from runtime.metrics import serve_metrics
    from runtime.run_files import announce, kafka_settings
    from streams.admin import ensure_topics

    settings = kafka_settings(config)
    configure_logging(settings.log_level)
    policy = in_force(settings)
    ensure_topics(settings.kafka)
    port = serve_metrics(settings.metrics_port, settings.metrics_host)
    end_when_another_is_in_force(settings, policy.version)
    app = importlib.import_module(MODULES[name]).build(settings, policy)
    # Only now: the first build on a machine compiles the rules, and nobody should take it for ready meanwhile.
    announce(settings.data, name.value, f"http://{settings.metrics_host}:{port}/metrics")
    gc.freeze()
    gc.enable()
    run_app(app, settings)
