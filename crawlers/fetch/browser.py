"""The download handler that knows a browser; imported only where one is wanted."""

from __future__ import annotations

from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawlers.fetch.files import FileDownloads


class BrowserDownloads(FileDownloads, ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """Files and plain pages as ever, the others through Chromium."""
