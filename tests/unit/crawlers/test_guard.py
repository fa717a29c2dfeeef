"""Addresses that may not be fetched, other products, and how long a shop asks us to wait."""

from __future__ import annotations

import pytest
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from twisted.internet.error import DNSLookupError

from contracts.errors import OtherProductError
from crawlers.fetch.addresses import AddressGuard, _only_public, is_public
from crawlers.fetch.backoff import BREAK_AFTER, BREAK_SECONDS, LONGEST_WAIT, Backoff, PostponedError, retry_after
from crawlers.pages.identity import same_product
from crawlers.pages.watchlist import Row
from crawlers.storage.pages import UNKNOWN, Identity


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "0.0.0.0",
        "::ffff:127.0.0.1",
        "100.64.0.1",
        "100.100.100.200",  # a cloud's own services
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "fe80::1%eth0",
        "2001:db8::1",
    ],
)
def test_private_addresses_are_refused(address: str) -> None:
    assert not is_public(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(IgnoreRequest):
        AddressGuard(allow_private=False).process_request(Request(f"http://{host}/p"))
    AddressGuard(allow_private=True).process_request(Request(f"http://{host}/p"))
    with pytest.raises(DNSLookupError):
        _only_public("127.0.0.1", "rebind.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://127.0.0.1./",
        "http://①②⑦.0.0.1/",
        "http://127。0。0。1/",
        "http://[::ffff:7f00:1]/",
        "http://[::1%25eth0]/",
        "http://public.example@127.0.0.1/",
        "http://public.example:80@127.0.0.1:8080/",
        "http://127.0.0.1:80\\@public.example/",
        "http:///127.0.0.1/",
        "ftp://shop.example/",
        "gopher://127.0.0.1:6379/_",
    ],
)
def test_addresses_in_disguise_are_refused(url: str) -> None:
    with pytest.raises(IgnoreRequest):
        AddressGuard(allow_private=False).process_request(Request(url))


@pytest.mark.parametrize("url", ["http://user:secret@shop.example/", "http://user@shop.example/"])
def test_an_address_with_a_user_is_refused_everywhere(url: str) -> None:
    with pytest.raises(IgnoreRequest, match="no user"):
        AddressGuard(allow_private=True).process_request(Request(url))


def test_public_addresses_and_names_pass() -> None:
    assert is_public("93.184.216.34")
    assert is_public("2001:4860:4860::8888")
    assert is_public("64:ff9b::808:808")  # where there is only IPv6, shops are reached so
    AddressGuard(allow_private=False).process_request(Request("http://134744072/"))  # 8.8.8.8
    AddressGuard(allow_private=False).process_request(Request("https://1.shop.example/p"))
    AddressGuard(allow_private=False).process_request(Request("https://shop.example/p"))
    with pytest.raises(IgnoreRequest):
        AddressGuard(allow_private=True).process_request(Request("file:///etc/passwd"))


@pytest.mark.parametrize(
    ("answered", "same"),
    [
        ("https://shop.example/en/product/4711-chair", True),
        ("https://www.shop.example/product/4711", True),
        ("https://shop.example/", False),
        ("https://shop.example/product/9999", False),
        ("https://shop.example/search?q=chair", False),
    ],
)
def test_a_redirect_to_another_product_is_noticed(answered: str, same: bool) -> None:
    row = Row(competitor="shop", url="https://shop.example/product/4711")
    if same:
        same_product(row, answered, Identity(), UNKNOWN)
    else:
        with pytest.raises(OtherProductError):
            same_product(row, answered, Identity(), UNKNOWN)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("", 5), ("soon", 5), ("99999", LONGEST_WAIT), ("Thu, 01 Jan 1970 00:01:00 GMT", 50), ("-1", 5)],
)
def test_retry_after_in_seconds_or_as_a_date(header: str, seconds: float) -> None:
    assert retry_after(header, now=10.0) == seconds


async def test_a_circuit_is_tried_by_one_request_and_closes_or_opens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("crawlers.fetch.backoff.time.monotonic", lambda: clock[0])
    backoff, request = Backoff(), Request("https://shop.example/p", meta={"competitor": "a"})
    for _ in range(BREAK_AFTER):
        await backoff.process_request(request)
        backoff.process_response(request, Response(request.url, status=500))
    for passed, status in ((BREAK_SECONDS, 500), (BREAK_SECONDS, 200)):
        with pytest.raises(IgnoreRequest, match="circuit open"):
            await backoff.process_request(request)
        clock[0] += passed + 1.0
        await backoff.process_request(request)
        with pytest.raises(IgnoreRequest, match="circuit open"):
            await backoff.process_request(request)  # one is on its way
        backoff.process_response(request, Response(request.url, status=status))
    await backoff.process_request(request)
    await backoff.process_request(request)


async def test_a_long_wait_puts_a_request_off_and_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    backoff, request = Backoff(), Request("https://shop.example/p", meta={"competitor": "a"})
    answer = Response(request.url, status=503, headers={"Retry-After": "100"})
    asked_again = backoff.process_response(request, answer)
    assert isinstance(asked_again, Request)
    assert backoff.process_response(asked_again, answer) is answer  # asked again once only
    with pytest.raises(PostponedError) as put_off:
        await backoff.process_request(request)
    assert 99 < put_off.value.seconds <= 100
    await backoff.process_request(Request("https://other.example/p", meta={"competitor": "b"}))
