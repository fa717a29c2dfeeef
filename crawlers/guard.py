"""No request to private, loopback or other local addresses unless allowed: literal ones and resolved ones."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

ALLOW = "PRICERADAR_ALLOW_PRIVATE"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    return mapped.is_global and not mapped.is_multicast


class AddressGuard:
    """Downloader middleware: refuses other schemes and literal addresses that are not public."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AddressGuard:
        return cls(crawler.settings.getbool(ALLOW))

    def process_request(self, request: Request) -> None:
        """IgnoreRequest for an address that is not allowed; redirects come through here again."""
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https"):
            raise IgnoreRequest(f"only http and https are fetched, was {parts.scheme}")
        if self._allow_private:
            return
        try:
            public = is_public(parts.hostname or "")
        except ValueError:
            return  # a name: the resolver checks what it stands for
        if not public:
            raise IgnoreRequest(f"private address {parts.hostname}")


class GuardedResolver(CachingThreadedResolver):
    """Resolver whose answer is checked before the connection uses that same answer."""

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float, allow_private: bool = False) -> None:
        super().__init__(reactor, cache_size, timeout)
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        settings = crawler.settings
        size = settings.getint("DNSCACHE_SIZE") if settings.getbool("DNSCACHE_ENABLED") else 0
        return cls(reactor, size, settings.getfloat("DNS_TIMEOUT"), settings.getbool(ALLOW))

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802 Twisted's name
        """The address of a name; DNSLookupError where it is not public."""
        found = super().getHostByName(name, timeout)
        return found if self._allow_private else found.addCallback(_only_public, name)


def _only_public(address: str, name: str) -> str:
    if not is_public(address):
        raise DNSLookupError(f"{name} stands for the private address {address}")
    return address
