"""Metrics of the crawl."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from runtime.metrics import LATENCY_BUCKETS

REQUESTS = Counter("priceradar_crawl_requests_total", "Pages asked for, by how it ended", ["competitor", "outcome"])
FAILURES = Counter("priceradar_extract_failures_total", "Pages that gave no observation", ["competitor", "reason"])
UNCHANGED = Counter(
    "priceradar_crawl_unchanged_total", "Pages whose server said that they are as before", ["competitor"]
)
LAST_GOOD = Gauge(
    "priceradar_last_good_observation_timestamp_seconds", "When a shop last gave a good observation", ["competitor"]
)
IN_FLIGHT = Gauge("priceradar_crawl_in_flight_batches", "Batches sent to Kafka and not acknowledged yet")
SPOOLED = Gauge("priceradar_crawl_spooled_bytes", "Messages on disk that Kafka has not taken yet")
OBSERVATION_SECONDS = Histogram(
    "priceradar_crawl_observation_seconds",
    "From the shop's response to the observation's way to Kafka",
    ["competitor"],
    buckets=LATENCY_BUCKETS,
)
