"""Pages that are made by JavaScript: read through Chromium where a shop's page object says so, never otherwise.

The package behind it is an extra: nothing here imports it before it is switched on.
"""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from typing import Any

from contracts.errors import BadInputError
from crawlers.extract.overrides import Shop, Shops
from runtime.settings import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PAGES_AT_ONCE = 4
NAVIGATION_MS, WAIT_MS = 30_000, 15_000
NOT_LOADED = frozenset({"image", "media", "font"})


def wanted(shops: Shops) -> bool:
    """Whether any shop's pages need a browser."""
    return any(shop.javascript for shop in shops.shops)


def scrapy_settings(settings: Settings, proxy: str) -> dict[str, Any]:
    """What Scrapy needs to be told; BadInputError where the package or a browser is missing."""
    try:
        importlib.import_module("scrapy_playwright")
    except ImportError as error:
        raise BadInputError(
            "pages made by JavaScript need the extra 'javascript'; pip install 'priceradar[javascript]', or take "
            "javascript = true out of the file of `shops`"
        ) from error
    return {
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), "crawlers.fetch.browser.BrowserDownloads"),
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": str(_browser(settings.browser)),
            "chromium_sandbox": settings.browser_sandbox and os.geteuid() != 0,
            "proxy": {"server": proxy},
            "args": ["--disable-quic", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp"],
        },
        "PLAYWRIGHT_CONTEXTS": {
            "default": {
                "user_agent": settings.user_agent,
                "service_workers": "block",
                "accept_downloads": False,
            }
        },
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": PAGES_AT_ONCE,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": NAVIGATION_MS,
        "PLAYWRIGHT_ABORT_REQUEST": not_needed,
    }


def meta(shop: Shop | None) -> dict[str, Any]:
    """What a request's meta says where its page is made by JavaScript; empty otherwise."""
    if shop is None or not shop.javascript:
        return {}
    methods = []
    if shop.wait_for:
        page = importlib.import_module("scrapy_playwright.page")
        methods.append(page.PageMethod("wait_for_selector", shop.wait_for, timeout=WAIT_MS, state="attached"))
    return {"playwright": True, "playwright_page_methods": methods}


def not_needed(request: Any) -> bool:
    """Whether the browser may do without: pictures, films and fonts say no price."""
    return request.resource_type in NOT_LOADED


def _browser(path: Path | None) -> Path:
    if path is not None:
        if not path.is_file():
            raise BadInputError(f"the setting browser must name Chromium's program, was {str(path)!r}")
        return path
    found = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if found is None:
        raise BadInputError("pages made by JavaScript need Chromium; install it, or name its program as `browser`")
    return Path(found)
