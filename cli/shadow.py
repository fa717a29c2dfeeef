"""`priceradar shadow`: a second policy beside the live one, on the live stream, without acting."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from cli.options import Config


def shadow(
    policy: Annotated[str, typer.Option("--policy", help="The policy to try: a file, one that ships, or a version.")],
    against: Annotated[str, typer.Option("--against", help="Another policy; the one in force by default.")] = "",
    seconds: Annotated[float, typer.Option("--seconds", help="End by itself after so long; 0: with Ctrl-C.")] = 0,
    past: Annotated[
        bool, typer.Option("--past", help="Report what Kafka still holds too, not only what comes.")
    ] = False,
    config: Config = None,
) -> None:
    """Report events that only one of two policies raises: a JSON line each, at the end a summary. Nothing is written.

    What Kafka still holds of the stream builds up the state of both first.

    Example: priceradar shadow --policy stricter.toml --seconds 3600
    """
    from kafka import KafkaConsumer, TopicPartition

    from backtest.shadow import Shadow
    from cli.policies import in_force, named
    from contracts.codec import encode
    from contracts.topics import OBSERVATIONS
    from runtime.reachable import require_kafka
    from runtime.run_files import kafka_settings

    settings = kafka_settings(config)
    both = Shadow(named(against, settings) if against else in_force(settings), named(policy, settings))
    ends_at = time.monotonic() + seconds if seconds else float("inf")
    consumer = KafkaConsumer(
        bootstrap_servers=require_kafka(settings.kafka), auto_offset_reset="earliest", enable_auto_commit=False
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
