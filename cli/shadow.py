"""`priceradar shadow`: a second policy beside the live one, on the live stream, without acting."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer


def shadow(
    policy: Annotated[str, typer.Option("--policy", help="The policy to try: a file, or one that ships.")],
    against: Annotated[str, typer.Option("--against", help="The one in force; as configured by default.")] = "",
    seconds: Annotated[float, typer.Option("--seconds", help="End by itself after so long; 0: with Ctrl-C.")] = 0,
    past: Annotated[
        bool, typer.Option("--past", help="Report what Kafka still holds too, not only what comes.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file; priceradar.toml here by default.")] = None,
) -> None:
    """Report events that only one of two policies raises: a JSON line each, at the end a summary. Nothing is written.

    What Kafka still holds of the stream builds up the state of both first.

    Example: priceradar shadow --policy stricter.toml --seconds 3600
    """
    from kafka import KafkaConsumer, TopicPartition

    from backtest.shadow import Shadow
    from contracts.codec import encode
    from contracts.topics import OBSERVATIONS
    from runtime.policies import load_policy
    from runtime.run_files import kafka_settings

    settings = kafka_settings(config)
    both = Shadow(load_policy(against or settings.policy), load_policy(policy))
    ends_at = time.monotonic() + seconds if seconds else float("inf")
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka.split(","), auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        tps = [TopicPartition(OBSERVATIONS.name, number) for number in range(OBSERVATIONS.partitions)]
        consumer.assign(tps)
        consumer.seek_to_beginning(*tps)
        begins = dict.fromkeys(tps, 0) if past else consumer.end_offsets(tps)
        while time.monotonic() < ends_at:
            for tp, records in consumer.poll(timeout_ms=200).items():
                for record in records:
                    counted = record.offset >= begins[tp]
                    for one in both.take(tp.partition, record.offset, record.value, counted):
                        line = {"only": one.only, "alerts": one.alerts, "event": one.event}
                        print(encode(line).decode(), flush=True)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        consumer.close()
    print(encode(both.summary()).decode())
