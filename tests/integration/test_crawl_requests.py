"""What is asked for comes to a crawl that runs; what Kafka does not take keeps its order on disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from contracts.topics import CRAWL_REQUESTS, CrawlRequest
from crawlers.messaging.requests import Requests
from crawlers.messaging.spool import Parcel, Spool
from runtime.publish import Publisher

pytestmark = pytest.mark.kafka


def test_what_is_asked_for_comes_to_a_crawl_that_runs(kafka: str) -> None:
    requests = Requests(kafka)
    wanted = CrawlRequest("shop", "1", "https://shop.example/1", "confirmation", 1)
    try:
        with Publisher(kafka) as publisher:
            publisher.send_bytes(CRAWL_REQUESTS.name, b"x", b"not json", [])
            publisher.send(CRAWL_REQUESTS, wanted.url, wanted)
        found: list[CrawlRequest] = []
        end = time.monotonic() + 30
        while not found and time.monotonic() < end:
            found = requests.take()
        assert found == [wanted]
    finally:
        requests.close()


def test_a_spool_keeps_its_order_over_a_restart_and_says_when_it_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=100)
    for number in range(3):
        spool.add(Parcel("topic", number, b"x" * 30))
    assert spool.full
    taken = spool.take()
    assert taken is not None
    spool.delete(taken[0])
    second = spool.take()
    assert second is not None
    spool.put_back(second[0])
    again = Spool(tmp_path)
    order = []
    while (parcel := again.take()) is not None:
        order.append(parcel[1].partition)
    assert order == [1, 2]
