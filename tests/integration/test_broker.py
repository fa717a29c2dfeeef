"""Our own Kafka: durable, noticed when it dies, gone when we are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from contracts.errors import UnavailableError
from contracts.topics import CATALOG, CHECKPOINTS, DEAD_TOPICS, EVENTS, TOPICS, CrawlRequest
from contracts.topics import CRAWL_REQUESTS as REQUESTS
from runtime.broker import OwnKafka
from runtime.publish import Publisher
from streams.admin import ensure_topics, wrong_topics
from tests.integration.kept import values

pytestmark = pytest.mark.kafka


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def test_what_was_sent_is_there_after_a_restart_and_topics_are_made_once(tmp_path: Path) -> None:
    request = CrawlRequest("shop", "p", "https://example.com/p", "user", 1)
    with OwnKafka(tmp_path) as broker:
        assert len(ensure_topics(broker.bootstrap)) == len(TOPICS) + len(DEAD_TOPICS)
        with Publisher(broker.bootstrap) as publisher:
            for _ in range(100):
                publisher.send(REQUESTS, request.url, request)
    with OwnKafka(tmp_path) as broker:
        assert ensure_topics(broker.bootstrap) == []
        assert wrong_topics(broker.bootstrap) == []
        assert len(values(broker.bootstrap, REQUESTS.name)) == 100


def test_what_was_acknowledged_survives_the_death_of_the_broker(tmp_path: Path) -> None:
    request = CrawlRequest("shop", "p", "https://example.com/p", "user", 1)
    with OwnKafka(tmp_path) as broker:
        ensure_topics(broker.bootstrap)
        with Publisher(broker.bootstrap) as publisher:
            for _ in range(100):
                publisher.send(REQUESTS, request.url, request)
        broker.check()
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)

        def noticed() -> bool:
            try:
                broker.check()
            except UnavailableError as error:
                return "ended with status -9" in str(error) and "\n" not in str(error)
            return False

        wait_until(noticed)
    with OwnKafka(tmp_path) as broker:
        assert len(values(broker.bootstrap, REQUESTS.name)) == 100


def test_topics_are_kept_as_the_contracts_say(kafka: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        for topic, expected in (
            (EVENTS, {"cleanup.policy": "delete", "retention.ms": str(30 * 86_400_000)}),
            (CATALOG, {"cleanup.policy": "compact", "min.compaction.lag.ms": str(45 * 86_400_000)}),
            (CHECKPOINTS, {"cleanup.policy": "compact"}),
        ):
            found = str(admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)]))
            for key, value in expected.items():
                assert key in found
                assert value in found
    finally:
        admin.close()


def test_no_java_is_left_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from runtime.broker import OwnKafka\n"
        f"with OwnKafka(Path({str(tmp_path)!r})) as b: print(b.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        java = int(parent.stdout.readline())
        assert psutil.pid_exists(java)
        parent.kill()
        parent.wait()

    wait_until(lambda: not psutil.pid_exists(java))


def test_it_listens_on_loopback_only(own_kafka: OwnKafka) -> None:
    process = psutil.Process(own_kafka.pid)
    listening = [one for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]

    assert listening
    assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} == {"127.0.0.1"}


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "meta.properties").write_text("version=7\n")

    with pytest.raises(UnavailableError, match="own Kafka ended with status") as caught, OwnKafka(tmp_path):
        pass
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_kafka_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1 does not answer"):
        ensure_topics("127.0.0.1:1")
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1 does not answer"):
        Publisher("127.0.0.1:1")
