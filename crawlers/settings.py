"""Scrapy settings of PriceRadar: polite by default, bounded everywhere, honest about who asks."""

from __future__ import annotations

from typing import Any

from runtime.settings import Settings

MAX_RESPONSE = 12 * 1024 * 1024


def scrapy_settings(settings: Settings, allow_private: bool = False) -> dict[str, Any]:
    """Settings for one crawl. With `allow_private` (the demo) loopback shops are asked without delay."""
    return {
        "BOT_NAME": "priceradar",
        "USER_AGENT": settings.user_agent,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_PARSER": "scrapy.robotstxt.ProtegoRobotParser",
        "DOWNLOAD_DELAY": 0.0 if allow_private else 1.0,
        "DOWNLOAD_DELAY_JITTER": 0.0,
        "CONCURRENT_REQUESTS": 256,  # most wait in the queues of their shops: one slow shop must not hold up the others
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8 if allow_private else 2,
        "DOWNLOAD_TIMEOUT": 30,
        "DOWNLOAD_MAXSIZE": MAX_RESPONSE,
        "DOWNLOAD_WARNSIZE": MAX_RESPONSE // 2,
        "REDIRECT_MAX_TIMES": 5,
        "RETRY_TIMES": 1,
        "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408],
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), "crawlers.fetch.files.FileDownloads"),
        "TWISTED_DNS_RESOLVER": "crawlers.fetch.addresses.GuardedResolver",
        "PRICERADAR_ALLOW_PRIVATE": allow_private,
        "LOG_LEVEL": "WARNING",
        "LOGSTATS_INTERVAL": 0.0,
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.fetch.addresses.AddressGuard": 50,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "crawlers.fetch.robots.CrawlDelay": 100,
            "crawlers.fetch.robots.RobotsAnswers": 540,  # between the crawl and retries: the last answer counts
            "crawlers.fetch.backoff.Backoff": 560,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        },
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.depth.DepthMiddleware": None},
        "ITEM_PIPELINES": {"crawlers.messaging.pipeline.KafkaPipeline": 100},
    }
