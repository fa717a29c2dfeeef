"""No request to private, loopback or other local addresses unless allowed: literal ones and resolved ones."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
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


# Beyond what `ipaddress` knows, in every version of Python: relays, what carriers and clouds keep to themselves.
_CLOSED = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20", "2001:db8::/32")))
_OPEN_V6 = IPv6Network("2000::/3")  # everything else of IPv6 is special
# Networks whose last 32 bits are an address of IPv4: mapped, translated (NAT64), compatible, translated statelessly.
_HOLD_V4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where it carries one of IPv4; ValueError."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        held = _held(found)
        if held is not None:
            return is_public(str(held))
        if found not in _OPEN_V6:
            return False
    closed = any(found in network for network in _CLOSED if network.version == found.version)
    return found.is_global and not found.is_multicast and not closed


def _held(found: IPv6Address) -> IPv4Address | None:
    """The address of IPv4 that packets to this one end at."""
    if any(found in network for network in _HOLD_V4):
        return IPv4Address(int(found) & 0xFFFFFFFF)
    if found.teredo is not None:
        return found.teredo[1]
    return found.sixtofour


def literal(host: str) -> str | None:
    """The IP address that a host name stands for by itself, also written as 2130706433, 0x7f.1 or 0177.0.0.1."""
    plain = host.rstrip(".").partition("%")[0]
    try:
        return str(ip_address(plain))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(plain)) if plain[:1].isdigit() and " " not in plain else None
    except OSError:
        return None


def look_up(name: str) -> str:
    """The address that a name stands for now; OSError."""
    return socket.gethostbyname(name)


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
        if not parts.hostname or "@" in parts.netloc or "\\" in parts.netloc:
            raise IgnoreRequest(f"an address must name its host and no user, was {request.url[:100]}")
        if self._allow_private:
            return
        address = literal(parts.hostname)  # of a name the resolver checks what it stands for
        if address is not None and not is_public(address):
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
